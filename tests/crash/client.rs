//! Clients with keys, who note every answer that they are given.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use order_service::sandbox::{Kinds, sample};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// What a client was told: a status, and the body's parts that must never change.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    status: u16,
    id: Option<Uuid>,
    error: Option<String>,
    total: Option<i64>,
}

pub struct Clients {
    next: AtomicUsize,
    /// How many answers were given.
    answered: watch::Sender<usize>,
    /// By key: everything that its client was told.
    told: Mutex<HashMap<String, Vec<Told>>>,
}

fn cart(number: usize) -> Value {
    let line = |product: Uuid, quantity: usize| json!({"productId": product, "quantity": quantity});
    let user = if number % 7 == 3 { sample::RAVI } else { sample::MEENA };
    let items = match number % 5 {
        0 => vec![line(sample::TEA, 1)],
        1 => vec![line(sample::TEA, 1), line(sample::TEA, 2)],
        2 => vec![line(sample::STICKER, 1), line(sample::CUP, 1)],
        3 => vec![line(sample::STICKER, 2)],
        _ => vec![line(sample::TEA, 1), line(sample::CUP, 1), line(sample::STICKER, 1)],
    };
    json!({"userId": user, "items": items})
}

impl Clients {
    pub fn new() -> Self {
        Self { next: AtomicUsize::new(0), answered: watch::Sender::new(0), told: Mutex::default() }
    }

    /// Returns once so many more answers were given.
    pub async fn answered(&self, more: usize) {
        let mut answered = self.answered.subscribe();
        let wanted = *answered.borrow() + more;
        answered.wait_for(|answered| *answered >= wanted).await.expect("we hold the sender");
    }

    /// So many clients, each with one checkout after the other until the service is gone.
    pub fn storm(self: &Arc<Self>, address: SocketAddr, clients: usize) -> JoinHandle<()> {
        let each = (0..clients).map(|_| {
            let this = self.clone();
            tokio::spawn(async move { this.shop(address).await })
        });
        let each: Vec<_> = each.collect();
        tokio::spawn(async move {
            for client in each {
                client.await.expect("a client");
            }
        })
    }

    async fn shop(&self, address: SocketAddr) {
        // A service that was put to sleep says nothing: its clients go.
        let http = reqwest::Client::builder().timeout(Duration::from_secs(4)).build();
        let http = http.expect("a client");
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let key = format!("key-{number}");
            self.told.lock().expect("unpoisoned").entry(key.clone()).or_default();
            let Some(told) = ask(&http, address, number, &key, "wait=2").await else { return };
            let stopping = told.status == 503 && told.id.is_none();
            self.note(&key, told);
            if stopping {
                return;
            }
        }
    }

    fn note(&self, key: &str, told: Told) {
        let mut all = self.told.lock().expect("unpoisoned");
        all.entry(key.to_owned()).or_default().push(told);
        self.answered.send_modify(|answered| *answered += 1);
    }

    /// Every client asks again with its key until it is answered, and no two answers disagree.
    /// Among neighbours that repeat, a checkout may be stuck: its answer stays 202.
    pub async fn everybody_gets_one_answer(self: &Arc<Self>, address: SocketAddr, kinds: Kinds) {
        let keys: Vec<String> = self.told.lock().expect("unpoisoned").keys().cloned().collect();
        assert!(keys.len() > 20, "there was a storm");
        let http = reqwest::Client::new();
        let asked = keys.iter().map(|key| {
            let (this, http) = (self.clone(), http.clone());
            let key = key.clone();
            tokio::spawn(async move { this.settle(&http, address, &key, kinds).await })
        });
        let asked: Vec<_> = asked.collect();
        for one in asked {
            one.await.expect("an answer that agrees with those before");
        }
    }

    async fn settle(&self, http: &reqwest::Client, address: SocketAddr, key: &str, kinds: Kinds) {
        let number: usize = key.trim_start_matches("key-").parse().expect("our keys");
        let last = loop {
            let told = ask(http, address, number, key, "wait=60").await.expect("it runs");
            let shed = matches!(told.status, 429 | 503);
            let pending = told.status == 202 && kinds == Kinds::default();
            if !shed && !pending {
                break told;
            }
        };
        let all = self.told.lock().expect("unpoisoned");
        for earlier in &all[key] {
            let nothing_said = matches!(earlier.status, 429 | 503) && earlier.id.is_none();
            assert!(
                nothing_said || earlier.id == last.id,
                "{key}: {earlier:?}, then {last:?}: another saga"
            );
            let undecided = matches!(earlier.status, 202 | 429 | 503);
            assert!(undecided || *earlier == last, "{key}: {earlier:?}, then {last:?}");
        }
    }
}

/// One request; `None` where no answer came.
async fn ask(
    http: &reqwest::Client,
    address: SocketAddr,
    number: usize,
    key: &str,
    prefer: &str,
) -> Option<Told> {
    let request = http
        .post(format!("http://{address}/api/orders/create"))
        .header("Idempotency-Key", key)
        .header("Prefer", prefer)
        .json(&cart(number));
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.ok()?;
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    assert_ne!(status, 500, "{body}");
    Some(Told {
        status,
        id: text("id").map(|id| id.parse().expect("a UUID")),
        error: text("error"),
        total: body["totalAmount"].as_i64(),
    })
}

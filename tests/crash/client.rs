//! Clients with keys that go to another replica when theirs dies, turns them away or does not answer,
//! and that remember every answer they get.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use order_service::clock::Clock;
use order_service::sandbox::{Idempotency, sample};
use order_service::store::{Found, Store};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::answer::{Tally, Told};

/// How long clients wait for an answer, as a sleeping replica gives none. It is a little longer than a
/// replica looks for its database before it answers that it is gone (3 s).
const PATIENCE: Duration = Duration::from_millis(3500);
/// Some clients hang up much sooner.
const HURRY: Duration = Duration::from_millis(100);
/// The pause of a client that every replica turned away, so that it does not just use up the processor.
const BREATH: Duration = Duration::from_millis(50);
/// How many clients ask at once about their checkouts after a storm.
const CURIOUS: usize = 24;

pub struct Clients {
    http: reqwest::Client,
    clock: Clock,
    next: AtomicUsize,
    tally: watch::Sender<Tally>,
    /// Every answer that a client got, by key.
    told: Mutex<HashMap<String, Vec<Told>>>,
}

/// Clients that check out again and again until they are told to stop.
pub struct Storm {
    open: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Storm {
    /// Every client finishes its request, and stops.
    pub async fn over(self) {
        self.open.store(false, Ordering::Relaxed);
        for client in self.clients {
            client.await.expect("a client");
        }
    }
}

fn cart(number: usize) -> Value {
    let line = |product: Uuid, quantity: usize| json!({"productId": product, "quantity": quantity});
    let user = if number % 17 == 3 { sample::RAVI } else { sample::MEENA };
    let items = match number % 6 {
        0 => vec![line(sample::TEA, 1)],
        1 => vec![line(sample::TEA, 1), line(sample::TEA, 2)],
        2 => vec![line(sample::STICKER, 1), line(sample::CUP, 1)],
        3 => vec![line(sample::STICKER, 2)],
        4 => vec![line(sample::TEA, 1), line(sample::CUP, 1), line(sample::STICKER, 1)],
        // There are ten of these, and sometimes another checkout reserves them first.
        _ => vec![line(sample::TEA, 1), line(sample::KETTLE, 1)],
    };
    json!({"userId": user, "items": items})
}

impl Clients {
    pub fn new() -> Arc<Self> {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Arc::new(Self {
            http,
            clock: Clock::system(),
            next: AtomicUsize::new(0),
            tally: watch::Sender::default(),
            told: Mutex::default(),
        })
    }

    /// The number of answers so far.
    pub fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    /// The number of checkouts that were asked for.
    pub fn checkouts(&self) -> usize {
        self.told.lock().expect("unpoisoned").len()
    }

    /// Returns once this many more answers were given.
    pub async fn answered(&self, more: usize) {
        self.told_more(more, Tally::answers).await;
    }

    /// Returns once this many more clients were not turned away.
    pub async fn served(&self, more: usize) {
        self.told_more(more, |tally| tally.answers() - tally.of(429) - tally.of(503)).await;
    }

    /// Returns once this many more answers had this status.
    pub async fn answered_with(&self, status: u16, more: usize) {
        self.told_more(more, |tally| tally.of(status)).await;
    }

    async fn told_more(&self, more: usize, count: impl Fn(&Tally) -> usize) {
        let mut tally = self.tally.subscribe();
        let wanted = count(&tally.borrow()) + more;
        tally.wait_for(|tally| count(tally) >= wanted).await.expect("we hold the sender");
    }

    /// Starts this many clients, spread over these replicas, each making one checkout after the other.
    pub fn storm(self: &Arc<Self>, doors: &[SocketAddr], clients: usize) -> Storm {
        let open = Arc::new(AtomicBool::new(true));
        let shop = |_| {
            let (this, open, doors) = (self.clone(), open.clone(), doors.to_owned());
            tokio::spawn(async move {
                while open.load(Ordering::Relaxed) {
                    this.check_out(&doors, &open).await;
                }
            })
        };
        let clients = (0..clients).map(shop).collect();
        Storm { open, clients }
    }

    /// One checkout: repeated under one key until there is an answer.
    async fn check_out(&self, doors: &[SocketAddr], open: &AtomicBool) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let prefer = if number % 13 == 6 { "respond-async" } else { "wait=1" };
        let mut patience = if number % 11 == 5 { HURRY } else { PATIENCE };
        for turn in 0.. {
            let door = doors[(number + turn) % doors.len()];
            // Some clients' networks duplicate the request.
            let twin = (number % 5 == 2).then(|| doors[(number + turn + 1) % doors.len()]);
            let (told, _twins) = tokio::join!(self.ask(door, number, prefer, patience), async {
                match twin {
                    Some(door) => self.ask(door, number, prefer, patience).await,
                    None => None,
                }
            });
            if told.is_some_and(|told| !told.is_shed()) || !open.load(Ordering::Relaxed) {
                return;
            }
            patience = PATIENCE;
            if (turn + 1) % doors.len() == 0 {
                self.clock.sleep(BREATH).await;
            }
        }
    }

    /// This many clients at once, with one request each.
    pub async fn rush(self: &Arc<Self>, door: SocketAddr, clients: usize, prefer: &'static str) {
        let first = self.next.fetch_add(clients, Ordering::Relaxed);
        let ask = |number| {
            let this = self.clone();
            let patience = Duration::from_mins(1);
            tokio::spawn(async move { this.ask(door, number, prefer, patience).await })
        };
        let asked: Vec<_> = (first..first + clients).map(ask).collect();
        for asked in asked {
            asked.await.expect("a client").expect("an answer");
        }
    }

    /// One request, whose answer is remembered; `None` if none came.
    async fn ask(
        &self,
        door: SocketAddr,
        number: usize,
        prefer: &str,
        patience: Duration,
    ) -> Option<Told> {
        let key = format!("key-{number}");
        self.told.lock().expect("unpoisoned").entry(key.clone()).or_default();
        let request = self
            .http
            .post(format!("http://{door}/api/orders/create"))
            .header("Idempotency-Key", &key)
            .header("Prefer", prefer)
            .timeout(patience)
            .json(&cart(number));
        let told = match request.send().await {
            Ok(response) => Told::of(response).await,
            Err(_nobody_there) => None,
        };
        if let Some(told) = &told {
            self.told.lock().expect("unpoisoned").entry(key).or_default().push(told.clone());
        }
        self.tally.send_modify(|tally| tally.count(told.as_ref()));
        told
    }

    /// Every client asks again with its key until it is answered, and no two answers disagree. At neighbours
    /// that repeat, a checkout may be stuck, and its answer then stays 202.
    pub async fn everybody_gets_one_answer(&self, doors: &[SocketAddr], kinds: Idempotency) {
        let numbers = 0..self.next.load(Ordering::Relaxed);
        let asked = futures::stream::iter(numbers).map(async |number| {
            let key = format!("key-{number}");
            let last = self.settled(doors, number, kinds).await;
            for earlier in &self.told.lock().expect("unpoisoned")[&key] {
                earlier.agrees_with(&last, &key);
            }
        });
        asked.buffer_unordered(CURIOUS).collect::<()>().await;
    }

    async fn settled(&self, doors: &[SocketAddr], number: usize, kinds: Idempotency) -> Told {
        for turn in 0.. {
            let door = doors[(number + turn) % doors.len()];
            let told = self.ask(door, number, "wait=60", Duration::from_mins(2)).await;
            let told = told.expect("it runs");
            let pending = told.status == 202 && kinds == Idempotency::default();
            if !told.is_shed() && !pending {
                return told;
            }
            self.clock.sleep(BREATH).await;
        }
        unreachable!("turns don't end")
    }

    /// The id of some checkout that a client was told of.
    pub fn some_id(&self, which: usize) -> Option<Uuid> {
        let told = self.told.lock().expect("unpoisoned");
        let key = format!("key-{}", which.checked_rem(told.len())?);
        told.get(&key)?.last()?.id
    }

    /// The keys and carts of this many checkouts that begin in another way than by HTTP.
    pub fn elsewhere(&self, checkouts: usize) -> Vec<(String, Value)> {
        let first = self.next.fetch_add(checkouts, Ordering::Relaxed);
        let mut told = self.told.lock().expect("unpoisoned");
        let keyed = (first..first + checkouts).map(|number| {
            let key = format!("key-{number}");
            told.entry(key.clone()).or_default();
            (key, cart(number))
        });
        keyed.collect()
    }

    /// The last answer to a key.
    pub fn last_told(&self, key: &str) -> Option<Told> {
        self.told.lock().expect("unpoisoned").get(key)?.last().cloned()
    }

    /// An order that stands.
    pub async fn ordered(&self, door: SocketAddr) -> Uuid {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let told = self.ask(door, number, "wait=60", Duration::from_mins(1)).await;
            if let Some(told) = told.filter(|told| told.status == 201) {
                return told.id.expect("an order's id");
            }
        }
    }

    /// A checkout that has just been accepted.
    pub async fn begun(&self, door: SocketAddr) -> Uuid {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let told = self.ask(door, number, "respond-async", Duration::from_mins(1)).await;
            if let Some(told) = told.filter(|told| told.status == 202) {
                return told.id.expect("a checkout's id");
            }
        }
    }

    /// Each client's answer is what the books say; there is one saga for each key, and no other. An id that
    /// was only said to be possible is either that saga's or nobody's.
    pub async fn were_told_what_is_in(&self, store: &Store, sagas: &[Found]) {
        let told = self.told.lock().expect("unpoisoned").clone();
        let checkouts = sagas.iter().filter(|saga| saga.order_id.0 == saga.id.0);
        let mut by_id: HashMap<Uuid, &Found> = checkouts.map(|saga| (saga.id.0, saga)).collect();
        for (key, all) in &told {
            let last = all.last().unwrap_or_else(|| panic!("{key} was never answered"));
            let id = last.id.expect("an answer about a checkout names it");
            let saga = by_id.remove(&id).unwrap_or_else(|| panic!("{key}: {last:?} is not there"));
            last.is_true_of(saga);
            for maybe in all.iter().filter_map(|told| told.id).filter(|told| *told != id) {
                let found = store.find(order_service::saga::SagaId(maybe)).await;
                assert!(found.expect("the books").is_none(), "{key} has two sagas: {id}, {maybe}");
            }
        }
        assert!(by_id.is_empty(), "sagas that nobody was told of: {by_id:?}");
    }
}

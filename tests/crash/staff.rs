//! Those who cancel and ship what clients have ordered, and remember what they were told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use order_service::sandbox::Idempotency;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::client::Clients;

/// How long an answer is waited for, as a sleeping replica gives none.
const PATIENCE: Duration = Duration::from_millis(3500);

/// Those who cancel and ship, and all that they were told.
pub struct Staff {
    http: reqwest::Client,
    clients: Arc<Clients>,
    pub told: Mutex<BTreeMap<Uuid, Told>>,
}

/// What the staff was told of one order.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub cancels: Vec<(u16, Value)>,
    pub shipments: Vec<(u16, Value)>,
}

impl Told {
    pub fn was_cancelled(&self) -> bool {
        self.cancels.iter().any(|(status, _)| matches!(status, 200 | 202))
    }

    pub fn was_shipped(&self) -> bool {
        self.shipments.iter().any(|(status, _)| matches!(status, 200 | 201))
    }

    /// Whether every answer is still true, given the last one to a cancel.
    pub fn agrees_with(&self, id: Uuid, last: &(u16, Value)) {
        let said = || format!("{id}: {self:?}, then {last:?}");
        assert!(!(self.was_cancelled() && self.was_shipped()), "both: {}", said());
        if self.was_shipped() {
            assert_eq!((last.0, &last.1["orderStatus"]), (409, &json!("Shipped")), "{}", said());
        }
        for (status, body) in &self.cancels {
            match status {
                200 => assert_eq!((200, body), (last.0, &last.1), "{}", said()),
                202 => assert!(matches!(last.0, 200 | 202), "{}", said()),
                409 => assert_eq!((last.0, &last.1["orderStatus"]), (409, &body["orderStatus"])),
                // Nothing was changed, or nobody knows the id of a checkout that was turned away.
                404 | 503 => {}
                other => panic!("nobody is to be told {other}: {}", said()),
            }
        }
    }
}

impl Staff {
    pub fn new(clients: &Arc<Clients>) -> Arc<Self> {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Arc::new(Self { http, clients: clients.clone(), told: Mutex::default() })
    }

    /// Cancels an order; `None` if no answer came.
    pub async fn cancel(&self, door: SocketAddr, id: Uuid, wait: u64) -> Option<(u16, Value)> {
        let url = format!("http://{door}/api/orders/{id}/cancel");
        let request = self.http.post(url).header("prefer", format!("wait={wait}"));
        let answer = Self::answer(request.timeout(PATIENCE + Duration::from_secs(wait))).await?;
        self.note(id, |told| told.cancels.push(answer.clone()));
        Some(answer)
    }

    /// Ships what is left of an order under this number.
    pub async fn ship(&self, door: SocketAddr, id: Uuid, number: usize) -> Option<(u16, Value)> {
        let url = format!("http://{door}/api/orders/{id}/shipments");
        let parcel = json!({"carrier": "post", "trackingNumber": format!("P{number}")});
        let request = self.http.post(url).bearer_auth("t").json(&parcel);
        let answer = Self::answer(request.timeout(PATIENCE)).await?;
        self.note(id, |told| told.shipments.push(answer.clone()));
        Some(answer)
    }

    async fn answer(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
        let response = request.send().await.ok()?;
        Some((response.status().as_u16(), response.json().await.ok()?))
    }

    fn note(&self, id: Uuid, note: impl FnOnce(&mut Told)) {
        note(self.told.lock().expect("unpoisoned").entry(id).or_default());
    }

    /// Cancels and ships what the clients have ordered, until it is told to stop.
    pub fn at_work(
        self: &Arc<Self>,
        doors: &[SocketAddr],
        open: &Arc<AtomicBool>,
    ) -> JoinHandle<()> {
        let (this, doors, open) = (self.clone(), doors.to_owned(), open.clone());
        tokio::spawn(async move {
            for turn in 0.. {
                if !open.load(Ordering::Relaxed) {
                    return;
                }
                let door = doors[turn % doors.len()];
                let other = doors[(turn + 1) % doors.len()];
                let Some(id) = this.clients.some_id(turn) else {
                    tokio::task::yield_now().await;
                    continue;
                };
                // Half of them are cancelled and shipped at the same moment, at two replicas.
                match turn % 4 {
                    0 => drop(this.cancel(door, id, 1).await),
                    1 => drop(this.ship(door, id, 1).await),
                    _ => drop(tokio::join!(this.cancel(door, id, 1), this.ship(other, id, turn))),
                }
            }
        })
    }

    /// Everybody who asked for something of an order asks for its cancel again, until it is answered, and
    /// no answer has turned. At neighbours that repeat, a refund may be in doubt for ever.
    pub async fn nobody_was_told_wrong(&self, doors: &[SocketAddr], kinds: Idempotency) {
        let all = self.told.lock().expect("unpoisoned").clone();
        let asked = futures::stream::iter(all).map(async |(id, told)| {
            if !told.was_cancelled() && !told.was_shipped() {
                return;
            }
            for turn in 0.. {
                let door = doors[turn % doors.len()];
                let last = self.cancel(door, id, 30).await.expect("it runs");
                let pending = last.0 == 202 && kinds == Idempotency::default();
                if last.0 != 503 && !pending {
                    told.agrees_with(id, &last);
                    return;
                }
            }
        });
        asked.buffer_unordered(24).collect::<()>().await;
    }
}

//! Orders that are cancelled and shipped while replicas are killed and put to sleep: of a cancel and a
//! shipment one wins, on any replica, and what was answered holds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use order_service::sandbox::Idempotency;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::client::Clients;
use super::world::{Books, World, either, setting};

/// How long an answer is waited for, as a sleeping replica gives none.
const PATIENCE: Duration = Duration::from_millis(3500);

/// Those who cancel and ship, and all that they were told.
struct Staff {
    http: reqwest::Client,
    clients: Arc<Clients>,
    told: Mutex<BTreeMap<Uuid, Told>>,
}

/// What the staff was told of one order.
#[derive(Clone, Debug, Default)]
struct Told {
    cancels: Vec<(u16, Value)>,
    shipments: Vec<(u16, Value)>,
}

impl Told {
    fn was_cancelled(&self) -> bool {
        self.cancels.iter().any(|(status, _)| matches!(status, 200 | 202))
    }

    fn was_shipped(&self) -> bool {
        self.shipments.iter().any(|(status, _)| matches!(status, 200 | 201))
    }

    /// Whether every answer is still true, given the last one to a cancel.
    fn agrees_with(&self, id: Uuid, last: &(u16, Value)) {
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
    fn new(clients: &Arc<Clients>) -> Arc<Self> {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Arc::new(Self { http, clients: clients.clone(), told: Mutex::default() })
    }

    /// Cancels an order; `None` if no answer came.
    async fn cancel(&self, door: SocketAddr, id: Uuid, wait: u64) -> Option<(u16, Value)> {
        let url = format!("http://{door}/api/orders/{id}/cancel");
        let request = self.http.post(url).header("prefer", format!("wait={wait}"));
        let answer = Self::answer(request.timeout(PATIENCE + Duration::from_secs(wait))).await?;
        self.note(id, |told| told.cancels.push(answer.clone()));
        Some(answer)
    }

    /// Ships what is left of an order under this number.
    async fn ship(&self, door: SocketAddr, id: Uuid, number: usize) -> Option<(u16, Value)> {
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
    fn at_work(self: &Arc<Self>, doors: &[SocketAddr], open: &Arc<AtomicBool>) -> JoinHandle<()> {
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
    async fn nobody_was_told_wrong(&self, doors: &[SocketAddr], kinds: Idempotency) {
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

async fn while_replicas_die(kinds: Idempotency) {
    let mut world = World::start("cancelled and shipped", Books::Postgres, kinds, 3).await;
    world.sandbox.make_flaky().await;
    let (staff, open) = (Staff::new(&world.clients), Arc::new(AtomicBool::new(true)));
    let storm = world.storm();
    let at_work: Vec<_> = (0..4).map(|_| staff.at_work(&world.doors(), &open)).collect();
    for round in 0..setting("CRASH_ROUNDS", 3) {
        world.served(10, 40).await;
        let victim = world.dice.between(0, 2);
        if round % 2 == 0 {
            world.kill(victim);
        } else {
            world.stop(victim);
            world.until_declared_dead(victim).await;
        }
        world.served(5, 20).await;
        world.comes_back(victim);
    }
    storm.over().await;
    open.store(false, Ordering::Relaxed);
    for worker in at_work {
        worker.await.expect("a worker");
    }
    world.mend().await;
    let kinds = world.kinds;
    staff.nobody_was_told_wrong(&world.doors(), kinds).await;
    let told = staff.told.lock().expect("unpoisoned").clone();
    assert!(told.values().any(Told::was_cancelled) && told.values().any(Told::was_shipped));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_and_shipments_hold_whoever_dies() {
    while_replicas_die(Idempotency::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_and_shipments_among_neighbours_that_repeat_hold_whoever_dies() {
    while_replicas_die(Idempotency::REPEATING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_cancels_and_a_hundred_shipments_one_kind_wins() {
    let world = World::start("ship or cancel", Books::Postgres, either(14), 2).await;
    let (staff, doors) = (Staff::new(&world.clients), world.doors());
    for round in 0..setting("CRASH_ROUNDS", 4) {
        let id = world.clients.ordered(doors[0]).await;
        let first = usize::try_from(round % 2).expect("0 or 1");
        let race = (0..200).map(|number| {
            let (staff, door) = (staff.clone(), doors[number / 2 % 2]);
            async move {
                if number % 2 == first {
                    staff.cancel(door, id, 30).await
                } else {
                    staff.ship(door, id, number).await
                }
            }
        });
        join_all(race).await;
        let told = staff.told.lock().expect("unpoisoned")[&id].clone();
        assert_eq!((told.cancels.len(), told.shipments.len()), (100, 100), "all are answered");
        let parcels = told.shipments.iter().filter(|(status, _)| *status == 201).count();
        let cancels = told.cancels.iter().filter(|(status, _)| *status == 200).count();
        assert!(matches!((cancels, parcels), (100, 0) | (0, 1)), "{cancels}, {parcels}: {told:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_cancels_race_the_end_of_a_checkout() {
    let mut world = World::start("cancels race", Books::Postgres, either(15), 2).await;
    world.sandbox.inject(json!({"call": "*", "fault": "slow", "millis": 20, "chance": 0.5})).await;
    let (staff, doors) = (Staff::new(&world.clients), world.doors());
    for round in 0..setting("CRASH_ROUNDS", 6) {
        let id = world.clients.begun(doors[0]).await;
        // Each round strikes a little later in the life of the checkout.
        let pause = Duration::from_millis(15 * round);
        world.clock.sleep(pause).await;
        let race = (0..200).map(|number| staff.cancel(doors[number % 2], id, 30));
        join_all(race).await;
        let told = staff.told.lock().expect("unpoisoned")[&id].clone();
        assert_eq!(told.cancels.len(), 200, "all are answered");
        let last = staff.cancel(doors[1], id, 30).await.expect("it runs");
        assert!(matches!(last.0, 200 | 409), "{last:?}");
        told.agrees_with(id, &last);
    }
    world.finish().await;
}

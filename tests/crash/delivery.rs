//! Events on their way out, to a broker, to endpoints and by mail, while replicas are killed and sleep and
//! the broker freezes and dies: each arrives, in order within its order, and nobody holds up another
//! (promises 60 to 62).

use std::collections::{BTreeMap, BTreeSet};
use std::iter::repeat_n;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lapin::ExchangeKind;
use order_service::sandbox::Idempotency;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::feed::Reader;
use super::post_office::PostOffice;
use super::process::free_address;
use super::rabbit::{Queues, Rabbit};
use super::receiver::{Receiver, Reply};
use super::replica::Orders;
use super::staff::Staff;
use super::world::{Books, World};

/// The exchange, and the queue that gets everything.
const EXCHANGE: &str = "told-to-all";
/// Mails that one process sends at once: so many may be repeated after it has died.
const MAILS_AT_ONCE: usize = 4;
/// Events that customers get a mail about, whatever they were told before.
const MAILED: [&str; 3] = ["order.confirmed", "order.cancelled", "order.shipped"];
/// Soon, then every four seconds for longer than this test takes.
const SCHEDULE: &str =
    "1s,2s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s,4s";

/// An event as a receiver got it: its id and its body.
type Told = (String, Value);

/// Adds an endpoint; returns its secret.
async fn add(door: SocketAddr, webhook: Value) -> String {
    let url = format!("http://{door}/api/operator/webhooks");
    let request = reqwest::Client::new().post(url).bearer_auth("t").json(&webhook);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().await.expect("JSON");
    body["secret"].as_str().expect("a secret").to_owned()
}

/// What an endpoint was sent, oldest first.
fn told_at(receiver: &Receiver, path: &str) -> Vec<Told> {
    let seen = receiver.seen(path).into_iter();
    seen.map(|seen| (seen.header("webhook-id").to_owned(), seen.event())).collect()
}

/// Whether all of these came.
fn has_all(told: &[Told], events: &[Value]) -> bool {
    let ids: BTreeSet<&str> = told.iter().map(|(id, _)| id.as_str()).collect();
    events.iter().all(|event| event["id"].as_str().is_some_and(|id| ids.contains(id)))
}

/// Each event came, none that is none, always as the feed has it; whoever leaves out repeats has those of an
/// order in the order of their versions.
fn came_in_order(to: &str, told: &[Told], events: &[Value]) {
    let real: BTreeMap<&str, &Value> =
        events.iter().map(|event| (event["id"].as_str().expect("an id"), event)).collect();
    let (mut sighted, mut versions) = (BTreeSet::new(), BTreeMap::<&str, i64>::new());
    for (id, event) in told {
        assert_eq!(Some(&event), real.get(id.as_str()), "{to}: no event, or another one");
        if sighted.insert(id) {
            let version = versions.entry(event["subject"].as_str().expect("an id")).or_default();
            *version += 1;
            assert_eq!(event["data"]["version"], *version, "{to}: out of order: {event}");
        }
    }
    assert_eq!(sighted.len(), events.len(), "{to}: some are missing");
}

/// Each customer has a mail about each event that is mailed; with this many crashes, few twice.
fn mailed_once(office: &PostOffice, events: &[Value], crashes: usize) {
    let kinds: BTreeMap<String, &str> = events
        .iter()
        .map(|event| (event["id"].as_str(), event["type"].as_str()))
        .map(|(id, kind)| (format!("<{}@localhost>", id.expect("an id")), kind.expect("a type")))
        .collect();
    let mut counts = BTreeMap::<String, usize>::new();
    for mail in office.mails() {
        *counts.entry(mail["id"].as_str().expect("an id").to_owned()).or_default() += 1;
    }
    for (id, count) in &counts {
        let kind = kinds.get(id).unwrap_or_else(|| panic!("a mail about nothing: {id}"));
        assert!(MAILED.contains(kind) || *kind == "order.rejected", "a mail about {kind}");
        assert!(*count <= 1 + crashes, "{count} mails about one {kind}");
    }
    for (id, kind) in kinds.iter().filter(|(_, kind)| MAILED.contains(kind)) {
        assert!(counts.contains_key(id), "no mail about {kind} {id}");
    }
    let repeats = counts.values().sum::<usize>() - counts.len();
    assert!(repeats <= crashes * MAILS_AT_ONCE, "{repeats} mails twice after {crashes} crashes");
}

/// How often the leads of all cursors went from one process to another, at least.
async fn leads_changed(world: &World) -> i64 {
    let books = Database::connect(&world.orders().url).await.expect("the books");
    let sql = "SELECT min(fence) - 1 FROM event_cursor";
    let row = books.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    let changes = row.expect(sql).expect("a row").try_get_by_index(0).expect("a number");
    books.close().await.expect("closing");
    changes
}

/// Everything that waits in the queue, with the repeats, up to the last of these events.
async fn told_to_queue(queues: &Queues, events: &[Value]) -> Vec<Told> {
    let mut inbox = queues.read(EXCHANGE).await;
    let mut told = Vec::new();
    while !has_all(&told, events) {
        let message = inbox.next().await;
        let id = message.properties.message_id().as_ref().expect("an id").to_string();
        told.push((id, serde_json::from_slice(&message.data).expect("JSON")));
    }
    told
}

/// Adds four endpoints: one that is well, one that answers with an error or not at all, one that has moved,
/// and one where nobody listens. Returns the secret of the first.
async fn add_endpoints(door: SocketAddr, receiver: &Receiver) -> String {
    let hook = |path: &str| json!({"url": receiver.url(path), "types": ["*"], "ordered": true});
    let secret = add(door, hook("/well")).await;
    let ill = [Reply::Never, Reply::Status(500), Reply::Status(500)];
    receiver.answers("/ill", repeat_n(ill, 10_000).flatten());
    add(door, json!({"url": receiver.url("/ill"), "types": ["*"]})).await;
    receiver.answers("/moved", [Reply::With(302, "location", receiver.url("/elsewhere"))]);
    add(door, json!({"url": receiver.url("/moved"), "types": ["order.cancelled"]})).await;
    let nowhere = format!("http://{}", free_address());
    add(door, json!({"url": nowhere, "types": ["order.shipped"]})).await;
    secret
}

/// Kills and stops each replica in turn, so that whoever tells the events is struck, too, and has the broker
/// freeze and die. Returns how many replicas were struck.
async fn strike(world: &mut World, rabbit: &mut Rabbit) -> usize {
    world.served(3, 10).await;
    world.kill(0);
    world.served(3, 10).await;
    world.comes_back(0);
    world.stop(1);
    world.until_declared_dead(1).await;
    world.served(3, 10).await;
    world.comes_back(1);
    world.served(3, 10).await;
    // A broker that freezes, and a replica that dies meanwhile.
    world.note("broker freezes");
    block_in_place(|| rabbit.pause());
    world.served(3, 10).await;
    world.kill(1);
    world.comes_back(1);
    let is_failing = async || world.sink("broker").await["state"] == "failing";
    world.until("it is noticed that the broker is frozen", is_failing).await;
    // That is no reason not to be ready.
    world.until_all_are_ready().await;
    world.served(3, 10).await;
    block_in_place(|| rabbit.resume());
    // A broker that dies.
    let is_running = async || world.sink("broker").await["state"] == "running";
    world.until("events are told again", is_running).await;
    world.note("broker kills");
    block_in_place(|| rabbit.stop());
    world.until_all_are_ready().await;
    world.served(3, 10).await;
    world.kill(0);
    world.comes_back(0);
    block_in_place(|| rabbit.start());
    4
}

/// Returns once everybody was told all of these: the endpoint that is well while the others are still ill.
async fn until_all_is_told(world: &World, receiver: &Receiver, events: &[Value]) {
    let arrived = async || has_all(&told_at(receiver, "/well"), events);
    world.until("the endpoint that is well has everything", arrived).await;
    receiver.answers("/ill", [Reply::Status(200)]);
    let arrived = async || has_all(&told_at(receiver, "/ill"), events);
    world.until("the endpoint that was ill has everything", arrived).await;
    let dealt_with = async || {
        let (broker, mail) = (world.sink("broker").await, world.sink("mail").await);
        broker["backlog"] == 0 && mail["backlog"] == 0
    };
    world.until("all is told", dealt_with).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_everywhere_whoever_dies() {
    let mut rabbit = Rabbit::to_stop().await;
    let url = rabbit.url.clone();
    Queues::at(&url).await.bound_to(EXCHANGE, EXCHANGE, ExchangeKind::Topic).await;
    let (office, receiver) = (PostOffice::open(), Receiver::start().await);
    let tell = |orders: Orders| {
        orders
            .with("ORDER_SERVICE__BROKER__URL", &url)
            .with("ORDER_SERVICE__BROKER__EXCHANGE", &EXCHANGE)
            .with("ORDER_SERVICE__MAIL__URL", &office.url())
            .with("ORDER_SERVICE__WEBHOOKS__ALLOW_HTTP", &true)
            .with("ORDER_SERVICE__WEBHOOKS__ALLOW_NETWORKS", &"127.0.0.0/8")
            .with("ORDER_SERVICE__WEBHOOKS__TIMEOUT", &"1s")
            .with("ORDER_SERVICE__WEBHOOKS__SCHEDULE", &SCHEDULE)
    };
    let (what, kinds) = ("told to everybody", Idempotency::default());
    let mut world = World::start_with(what, Books::Postgres, kinds, 2, tell).await;
    let slow = json!({"call": "*", "fault": "slow", "millis": 150, "chance": 0.8});
    world.sandbox.inject(slow).await;
    let doors = world.doors();
    let secret = add_endpoints(doors[0], &receiver).await;
    let storm = world.clients.storm(&doors, 3);
    let (staff, open) = (Staff::new(&world.clients), Arc::new(AtomicBool::new(true)));
    let at_work = staff.at_work(&doors, &open);
    let struck = strike(&mut world, &mut rabbit).await;
    storm.over().await;
    open.store(false, Ordering::Relaxed);
    at_work.await.expect("the staff");
    world.mend().await;
    world.clients.everybody_gets_one_answer(&doors, kinds).await;
    staff.nobody_was_told_wrong(&doors, kinds).await;
    let mut reader = Reader::new(doors);
    reader.read_to_the_end().await;
    let events = reader.events;
    for kind in MAILED {
        assert!(events.iter().any(|event| event["type"] == kind), "there is no {kind}");
    }
    until_all_is_told(&world, &receiver, &events).await;
    came_in_order("the endpoint that is well", &told_at(&receiver, "/well"), &events);
    assert!(receiver.seen("/well").iter().all(|seen| seen.is_signed_by(&secret)));
    for (id, event) in told_at(&receiver, "/ill") {
        assert!(events.contains(&event) && event["id"] == id, "no event: {event}");
    }
    assert!(!receiver.seen("/moved").is_empty(), "the endpoint that has moved was tried");
    assert!(receiver.seen("/elsewhere").is_empty(), "a redirect was followed");
    let queues = Queues::at(&url).await;
    came_in_order("the queue", &told_to_queue(&queues, &events).await, &events);
    mailed_once(&office, &events, struck);
    assert!(
        leads_changed(&world).await >= 2,
        "the process that told events was hardly ever struck"
    );
    world.finish().await;
}

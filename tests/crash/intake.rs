//! Orders from a queue that two replicas read, while each of them is killed with messages that it has not
//! acknowledged: each key is one order, and everybody who asked is answered (promise 61).

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::AMQPValue;
use order_service::clock::Clock;
use order_service::sandbox::Idempotency;
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use serde_json::{Value, json};

use super::rabbit::{Inbox, Queues, Rabbit};
use super::replica::Orders;
use super::world::{Books, World};

/// Messages that a replica takes at once.
const PREFETCH: u32 = 32;
/// Keys; every fifth is sent twice.
const KEYS: usize = 120;
const MESSAGES: u32 = 144;

/// An answer from the queue: whose it is, its status, and its body.
async fn answer(answers: &mut Inbox) -> (String, i32, Value) {
    let message = answers.next().await;
    let name = message.properties.correlation_id().as_ref().expect("a name").to_string();
    let headers = message.properties.headers().clone().unwrap_or_default();
    let Some(AMQPValue::LongInt(status)) = headers.inner().get("status").cloned() else {
        panic!("{headers:?} have no status");
    };
    (name, status, serde_json::from_slice(&message.data).expect("JSON"))
}

/// Sends checkouts of the clients; every third asks for no answer. Returns the keys of those that do, by the
/// names of the answers.
async fn send(
    world: &World,
    queues: &Queues,
    queue: &str,
    replies: &str,
) -> BTreeMap<String, String> {
    let mut asked = BTreeMap::new();
    for (number, (key, cart)) in world.clients.elsewhere(KEYS).into_iter().enumerate() {
        for copy in 0..=usize::from(number % 5 == 0) {
            let name = format!("{key}/{copy}");
            let properties = BasicProperties::default().with_message_id(key.as_str().into());
            let properties = if number % 3 == 0 {
                properties
            } else {
                asked.insert(name.clone(), key.clone());
                properties.with_reply_to(replies.into()).with_correlation_id(name.into())
            };
            queues.send(queue, cart.to_string().as_bytes(), properties).await;
        }
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_is_one_order_and_each_asker_is_answered_whichever_replica_dies() {
    let rabbit = Rabbit::to_stop().await;
    let (url, queues) = (rabbit.url.clone(), Queues::at(&rabbit.url).await);
    let fresh = |of: &str| format!("{of}-{}", Clock::system().fresh_id().simple());
    let (queue, replies) = (fresh("orders"), fresh("replies"));
    let arguments = [("x-queue-type", "quorum"), ("x-dead-letter-exchange", "orders.dead")];
    queues.declare(&queue, &arguments).await;
    queues.declare(&replies, &[]).await;
    let mut answers = queues.read(&replies).await;
    let tell = |orders: Orders| {
        orders
            .with("ORDER_SERVICE__INTAKE__URL", &url)
            .with("ORDER_SERVICE__INTAKE__QUEUE", &queue)
            .with("ORDER_SERVICE__INTAKE__PREFETCH", &PREFETCH)
    };
    let (what, kinds) = ("orders from a queue", Idempotency::default());
    let mut world = World::start_with(what, Books::Postgres, kinds, 2, tell).await;
    world.sandbox.inject(json!({"call": "*", "fault": "slow", "millis": 50, "chance": 0.5})).await;
    let both_read = async || queues.waiting(&queue).await.1 == 2;
    world.until("both replicas read the queue", both_read).await;

    // As long as nothing can be accepted, nothing is acknowledged.
    let books = Database::connect(&world.orders().url).await.expect("the books");
    let lock = books.begin().await.expect("a transaction");
    let sql = "LOCK TABLE saga_instance IN EXCLUSIVE MODE";
    lock.execute_unprepared(sql).await.expect("the lock");
    let asked = send(&world, &queues, &queue, &replies).await;
    let waiting = async |count: u32| queues.waiting(&queue).await.0 == count;
    let all_hold = async || waiting(MESSAGES - 2 * PREFETCH).await;
    world.until("both replicas hold what they may", all_hold).await;
    world.kill(0);
    let given_back = async || waiting(MESSAGES - PREFETCH).await;
    world.until("what the dead one held is in the queue again", given_back).await;
    lock.rollback().await.expect("the end of the lock");
    books.close().await.expect("closing");
    world.comes_back(0);
    let mut given: BTreeMap<String, (i32, Value)> = BTreeMap::new();
    while given.len() < asked.len() {
        let (name, status, body) = answer(&mut answers).await;
        let first = given.entry(name.clone()).or_insert_with(|| (status, body.clone()));
        assert_eq!((&first.0, &first.1["id"]), (&status, &body["id"]), "{name}: two answers");
        if given.len() == asked.len() / 4 {
            world.replicas[0].ready().await;
            world.kill(1);
            world.comes_back(1);
        }
    }
    world.mend().await;
    world.clients.everybody_gets_one_answer(&world.doors(), kinds).await;
    for (name, (status, body)) in given {
        let by_http = world.clients.last_told(&asked[&name]).expect("an answer");
        let by_queue = (status, body["id"].as_str().and_then(|id| id.parse().ok()));
        assert_eq!((i32::from(by_http.status), by_http.id), by_queue, "{name}: {body}");
    }
    world.finish().await;
    // Whatever the replicas held when they stopped would be back.
    assert_eq!(queues.waiting(&queue).await, (0, 0), "everything was acknowledged");
}

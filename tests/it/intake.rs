//! Orders from a queue of RabbitMQ: each of them once, answered, and nothing lost (promise 61).

use std::time::Duration;

use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, ExchangeKind};
use order_service::clock::Clock;
use order_service::config::Config;
use order_service::sandbox::sample::{ASHA, CUP, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use serde_json::{Value, json};

use crate::harness::{BOTH, Books, Inbox, Queues, Rabbit, World, amqp_url, cart, text_header};

/// How long what has to come may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Within this time a service has stopped and started, on a busy machine too.
const PROMPT: Duration = Duration::from_secs(8);

/// What one test sends and reads.
struct Mailbox {
    queues: Queues,
    /// The service's queue.
    orders: String,
    /// Where answers go.
    replies: String,
    answers: Inbox,
    dead: Inbox,
}

impl Mailbox {
    async fn at(url: &str, books: Books) -> Self {
        let fresh = |of: &str| format!("{of}-{books:?}-{}", Clock::system().fresh_id().simple());
        let (orders, replies, dead) = (fresh("orders"), fresh("replies"), fresh("dead"));
        let queues = Queues::at(url).await;
        queues.declare(&replies, &[]).await;
        // All dead letters of the node: each test looks for its own.
        queues.bound_to(&dead, "orders.dead", ExchangeKind::Fanout).await;
        let arguments = [("x-queue-type", "quorum"), ("x-dead-letter-exchange", "orders.dead")];
        queues.declare(&orders, &arguments).await;
        let (answers, dead) = (queues.read(&replies).await, queues.read(&dead).await);
        Self { queues, orders, replies, answers, dead }
    }

    /// Sets a service up to read this.
    fn of(&self, url: &str) -> impl FnOnce(&mut Config) + 'static {
        let (url, queue) = (amqp_url(url), self.orders.clone());
        move |config| {
            config.intake.url = url;
            config.intake.queue = queue;
        }
    }

    async fn send(&self, body: &[u8], properties: BasicProperties) {
        self.queues.send(&self.orders, body, properties).await;
    }

    /// Sends a cart under a key, and asks for an answer under the same name.
    async fn ask(&self, cart: &Value, key: &str) {
        self.send(cart.to_string().as_bytes(), self.asking(keyed(key), key)).await;
    }

    fn asking(&self, properties: BasicProperties, name: &str) -> BasicProperties {
        properties.with_reply_to(self.replies.as_str().into()).with_correlation_id(name.into())
    }

    /// The next answer that is not a repeat: its name, its status and its body.
    async fn answer(&mut self) -> (String, i32, Value) {
        let message = self.answers.next().await;
        let name = message.properties.correlation_id().as_ref().expect("a name").to_string();
        let body = serde_json::from_slice(&message.data).expect("JSON");
        (name, status(&message.properties), body)
    }

    /// The dead letter with this application id.
    async fn dead_letter(&mut self, app: &str) -> Delivery {
        loop {
            let message = self.dead.next().await;
            if message.properties.app_id().as_ref().map(ShortString::as_str) == Some(app) {
                return message;
            }
        }
    }
}

fn status(properties: &BasicProperties) -> i32 {
    let headers = properties.headers().as_ref().expect("headers");
    match headers.inner().get("status") {
        Some(AMQPValue::LongInt(status)) => *status,
        other => panic!("{other:?} is no status"),
    }
}

fn with_headers(headers: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert((*name).into(), value.clone());
    }
    BasicProperties::default().with_headers(table)
}

fn keyed(key: &str) -> BasicProperties {
    with_headers(&[("idempotency-key", AMQPValue::LongString(key.into()))])
}

async fn intake(world: &World) -> Value {
    world.operator("/summary").await.body["intake"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_by_http_and_by_queue_is_one_order() {
    for books in BOTH {
        let mut mailbox = Mailbox::at(Rabbit::shared(), books).await;
        let world = World::build(books).set(mailbox.of(Rabbit::shared())).start().await;
        let tea = cart(ASHA, &[(TEA, 1)]);
        mailbox.ask(&tea, "first-by-queue").await;
        let (name, status, body) = mailbox.answer().await;
        assert_eq!((name.as_str(), status), ("first-by-queue", 201));
        let answer = world.create_keyed(&tea, "first-by-queue").await;
        assert!(answer.is_replayed());
        assert_eq!(answer.body, body, "the body of the HTTP answer");
        let answer = world.create_keyed(&tea, "first-by-http").await;
        // The same message twice, as after a lost acknowledgement: the id is the key, and quotes don't count.
        let again = BasicProperties::default().with_message_id("\"first-by-http\"".into());
        for name in ["one", "two"] {
            let properties = mailbox.asking(again.clone(), name);
            mailbox.send(tea.to_string().as_bytes(), properties).await;
        }
        let mut names = Vec::new();
        for _ in 0..2 {
            let (name, status, body) = mailbox.answer().await;
            assert_eq!((status, &body), (201, &answer.body));
            names.push(name);
        }
        names.sort();
        assert_eq!(names, ["one", "two"], "each message that asked");
        assert_eq!(world.sent(Call::Process).len(), 2, "two orders in all");
        assert_eq!(intake(&world).await, json!({"state": "running"}));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_an_answer_and_no_dead_letter() {
    let mut mailbox = Mailbox::at(Rabbit::shared(), Books::Sqlite).await;
    let world = World::build(Books::Sqlite).set(mailbox.of(Rabbit::shared())).start().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let key = AMQPValue::LongString("much".into());
    let parent = AMQPValue::LongString(parent.into());
    let properties = with_headers(&[("idempotency-key", key), ("traceparent", parent)]);
    let much = cart(ASHA, &[(CUP, 1_000_000)]);
    mailbox.send(much.to_string().as_bytes(), mailbox.asking(properties, "much")).await;
    let (_, status, body) = mailbox.answer().await;
    assert_eq!((status, &body["error"]), (409, &json!("Insufficient stock")));
    assert_eq!(body["undone"], json!(true), "the final answer");
    assert_eq!(body["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    let by_http = world.create_keyed(&much, "much").await;
    assert_eq!(by_http.body["id"], body["id"]);
    assert_eq!(mailbox.queues.waiting(&mailbox.orders).await.0, 0, "it was acknowledged");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_is_kept_whole_with_the_reason() {
    for books in BOTH {
        let mut mailbox = Mailbox::at(Rabbit::shared(), books).await;
        let world = World::build(books).set(mailbox.of(Rabbit::shared())).start().await;
        let tea = cart(ASHA, &[(TEA, 1)]);
        world.create_keyed(&tea, "taken").await.is_created(ASHA, 14_900);
        let other = cart(ASHA, &[(TEA, 2)]).to_string();
        let (tea, long) = (tea.to_string(), " ".repeat(256 * 1024 + 1));
        let malformed = "Idempotency-Key must be 1 to 255 visible ASCII characters";
        let number = with_headers(&[("idempotency-key", AMQPValue::LongInt(7))]);
        for (nth, (body, properties, status, error)) in [
            (&tea, BasicProperties::default(), 400, "the message has neither"),
            (&tea, keyed("a key"), 400, malformed),
            (&tea, number.with_message_id("good".into()), 400, malformed),
            (&"{".to_owned(), keyed("k1"), 400, "the body is not valid JSON"),
            (&"{}".to_owned(), keyed("k2"), 400, "Order must contain items"),
            (&long, keyed("k3"), 413, "the body must not be longer than 256 KiB"),
            (&tea, keyed("k4").with_content_type("text/plain".into()), 415, "Content-Type must"),
            (&other, keyed("taken"), 422, "Idempotency key reused"),
        ]
        .into_iter()
        .enumerate()
        {
            let app = format!("{}-{nth}", mailbox.orders);
            let properties = properties.with_app_id(app.as_str().into()).with_priority(3);
            let properties = properties.with_expiration("600000".into());
            mailbox.send(body.as_bytes(), mailbox.asking(properties, &app)).await;
            let (name, told, document) = mailbox.answer().await;
            assert_eq!((name.as_str(), told), (app.as_str(), status), "{document}");
            let letter = mailbox.dead_letter(&app).await;
            assert_eq!(&letter.data, body.as_bytes());
            assert_eq!(*letter.properties.priority(), Some(3));
            let replies = letter.properties.reply_to().as_ref().map(ToString::to_string);
            assert_eq!(replies.as_ref(), Some(&mailbox.replies));
            let reason = text_header(&letter.properties, "error").expect("a reason");
            assert!(reason.starts_with(error), "{reason}");
            assert_eq!(document["error"], json!(reason));
            let at = text_header(&letter.properties, "failed-at").expect("a time");
            chrono::DateTime::parse_from_rfc3339(&at).expect("a time");
        }
        let counted = async || {
            let metrics = world.get("/metrics").await.body;
            metrics.as_str().expect("text").contains("order_service_dead_letters_total 8")
        };
        world.until(counted).await;
        assert_eq!(mailbox.queues.waiting(&mailbox.orders).await.0, 0, "all are acknowledged");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_no_queue_takes_stays_where_it_was() {
    let rabbit = Rabbit::to_stop().await;
    let queues = Queues::at(&rabbit.url).await;
    let url = amqp_url(&rabbit.url);
    let world = World::build(Books::Sqlite).set(|config| config.intake.url = url).start().await;
    world.until(async || intake(&world).await["state"] == json!("running")).await;
    queues.unbind_all("orders.dead", ExchangeKind::Fanout).await;
    queues.send("orders.checkout", b"poison", keyed("poison")).await;
    // It is delivered again, after the queue was declared again.
    let counted = async || {
        let metrics = world.get("/metrics").await.body;
        metrics.as_str().expect("text").contains("order_service_dead_letters_total 1")
    };
    world.until(counted).await;
    let letter = queues.read("orders.dead").await.next().await;
    assert_eq!(letter.data, b"poison");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_owed_is_given_after_a_restart() {
    for books in BOTH {
        let mut mailbox = Mailbox::at(Rabbit::shared(), books).await;
        let world = World::build(books).set(mailbox.of(Rabbit::shared()));
        let world = world.set(|config| config.shutdown.grace = Duration::ZERO).start().await;
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        mailbox.ask(&cart(ASHA, &[(TEA, 1)]), "slow").await;
        world.until_sent(Call::Process, 1).await;
        let acknowledged = async || mailbox.queues.waiting(&mailbox.orders).await == (0, 1);
        world.until(acknowledged).await;
        let world = world.restart().await;
        let (name, status, _) = mailbox.answer().await;
        assert_eq!((name.as_str(), status), ("slow", 201));
        assert!(mailbox.answers.is_silent_for(Duration::from_millis(500)).await, "and once");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_consumed_while_there_is_no_place() {
    for books in BOTH {
        let mut mailbox = Mailbox::at(Rabbit::shared(), books).await;
        let world = World::build(books).set(mailbox.of(Rabbit::shared()));
        let world = world.set(|config| {
            config.executor.concurrency = 1;
            config.shutdown.grace = Duration::ZERO;
        });
        let world = world.start().await;
        let paused = async |world: &World| intake(world).await["state"] == json!("paused");
        // The only place is taken, so that no message can be accepted.
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        let tea = cart(ASHA, &[(TEA, 1)]);
        let first = world.create_insistently(&tea, "first", "respond-async").await;
        assert_eq!(first.status, 202);
        world.until_sent(Call::Process, 1).await;
        world.until(async || paused(&world).await).await;
        for nth in 0..5 {
            mailbox.ask(&tea, &format!("m{nth}")).await;
        }
        let (waiting, consumers) = mailbox.queues.waiting(&mailbox.orders).await;
        assert_eq!(consumers, 0, "it has stopped consuming");
        assert!(waiting >= 4, "{waiting}");
        let world = world.restart().await;
        let mut answered = Vec::new();
        for _ in 0..5 {
            let (name, status, body) = mailbox.answer().await;
            assert_eq!(status, 201, "{body}");
            answered.push(name);
        }
        answered.sort();
        assert_eq!(answered, ["m0", "m1", "m2", "m3", "m4"]);
        world.decided(&tea, "first").await.is_created(ASHA, 14_900);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_not_acknowledged_before_its_acceptance_is_durable() {
    let mut mailbox = Mailbox::at(Rabbit::shared(), Books::Postgres).await;
    let world = World::build(Books::Postgres).set(mailbox.of(Rabbit::shared()));
    let world = world.set(|config| config.intake.prefetch = 1).start().await;
    world.until(async || intake(&world).await["state"] == json!("running")).await;
    let books = Database::connect(world.config.database.url.reveal()).await.expect("the books");
    let lock = books.begin().await.expect("a transaction");
    let sql = "LOCK TABLE saga_instance IN EXCLUSIVE MODE";
    lock.execute_unprepared(sql).await.expect("the lock");
    for key in ["k1", "k2"] {
        mailbox.ask(&cart(ASHA, &[(TEA, 1)]), key).await;
    }
    let one_is_out = async || mailbox.queues.waiting(&mailbox.orders).await.0 == 1;
    let seen = Clock::system().within(PATIENCE, Box::pin(world.until(one_is_out))).await;
    seen.expect("the first is on its way, and the second waits for it");
    // Were the first acknowledged, the second would be on its way at once.
    assert!(mailbox.answers.is_silent_for(Duration::from_millis(500)).await);
    assert_eq!(mailbox.queues.waiting(&mailbox.orders).await.0, 1, "it is not acknowledged");
    lock.rollback().await.expect("the end of the lock");
    // In no order: each answer is owed by itself.
    let mut answered = Vec::new();
    for _ in 0..2 {
        let (name, status, _) = mailbox.answer().await;
        answered.push((name, status));
    }
    answered.sort();
    assert_eq!(answered, [("k1".to_owned(), 201), ("k2".to_owned(), 201)]);
    books.close().await.expect("closing");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_declared_otherwise_is_reported_and_tried_again() {
    let mut mailbox = Mailbox::at(Rabbit::shared(), Books::Sqlite).await;
    // A classic queue by this name.
    mailbox.orders = format!("classic-{}", Clock::system().fresh_id().simple());
    mailbox.queues.declare(&mailbox.orders, &[]).await;
    let world = World::build(Books::Sqlite).set(mailbox.of(Rabbit::shared())).start().await;
    let refused = async || {
        let intake = intake(&world).await;
        let words = intake["lastError"].as_str().unwrap_or_default();
        intake["state"] == json!("down") && words.contains("PRECONDITION")
    };
    world.until(refused).await;
    assert_eq!(world.get("/health/ready").await.status, 200);
    let deleted = mailbox.queues.channel.queue_delete(
        mailbox.orders.as_str().into(),
        lapin::options::QueueDeleteOptions::default(),
    );
    deleted.await.expect("no queue any more");
    world.until(async || intake(&world).await["state"] == json!("running")).await;
    mailbox.ask(&cart(ASHA, &[(TEA, 1)]), "at last").await;
    assert_eq!(mailbox.answer().await.1, 400, "a key has no spaces");
    mailbox.ask(&cart(ASHA, &[(TEA, 1)]), "at-last").await;
    assert_eq!(mailbox.answer().await.1, 201);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_while_the_server_is_down() {
    let mut rabbit = Rabbit::to_stop().await;
    let url = rabbit.url.clone();
    let mut mailbox = Mailbox::at(&url, Books::Sqlite).await;
    let world = World::build(Books::Sqlite).set(mailbox.of(&url)).start().await;
    let tea = cart(ASHA, &[(TEA, 1)]);
    mailbox.ask(&tea, "before").await;
    assert_eq!(mailbox.answer().await.1, 201);
    tokio::task::block_in_place(|| rabbit.stop());
    world.until(async || intake(&world).await["state"] == json!("down")).await;
    world.create_keyed(&tea, "meanwhile").await.is_created(ASHA, 14_900);
    assert_eq!(world.get("/health/ready").await.status, 200);
    tokio::task::block_in_place(|| rabbit.start());
    world.until(async || intake(&world).await["state"] == json!("running")).await;
    mailbox.queues = Queues::at(&url).await;
    mailbox.answers = mailbox.queues.read(&mailbox.replies).await;
    mailbox.ask(&tea, "after").await;
    // Our acknowledgement of the first may have been lost with the server.
    while mailbox.answer().await.0 != "after" {}
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_holds_up_no_shutdown() {
    let mut rabbit = Rabbit::to_stop().await;
    let url = rabbit.url.clone();
    let mut mailbox = Mailbox::at(&url, Books::Sqlite).await;
    let world = World::build(Books::Sqlite).set(mailbox.of(&url)).start().await;
    mailbox.ask(&cart(ASHA, &[(TEA, 1)]), "before").await;
    assert_eq!(mailbox.answer().await.1, 201);
    tokio::task::block_in_place(|| rabbit.pause());
    let restarted = Clock::system().within(PROMPT, Box::pin(world.restart())).await;
    let world = restarted.expect("a goodbye is not waited for");
    tokio::task::block_in_place(|| rabbit.resume());
    mailbox.ask(&cart(ASHA, &[(TEA, 1)]), "after").await;
    while mailbox.answer().await.0 != "after" {}
    world.finish().await;
}

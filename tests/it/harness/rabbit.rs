//! Throwaway RabbitMQ nodes: one for all tests of this process, and one for those that stop it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind};
use order_service::clock::Clock;
use order_service::config::AmqpUrl;
use tokio::sync::{Mutex, MutexGuard};

/// How long a message may take to come.
const PATIENCE: Duration = Duration::from_mins(2);
/// A confirm that has not come by then is not waited for.
const SEND_AGAIN: Duration = Duration::from_secs(5);

/// A running node. It ends with this process, because its standard input is closed then.
pub struct Rabbit {
    pub url: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Rabbit {
    /// The URL of the node that nobody stops, started on first use.
    pub fn shared() -> &'static str {
        static SHARED: OnceLock<Rabbit> = OnceLock::new();
        &SHARED.get_or_init(Self::start_node).url
    }

    /// The node that may be stopped, for one test at a time. Each has to leave it running.
    pub async fn to_stop() -> MutexGuard<'static, Self> {
        static OTHER: OnceLock<Mutex<Rabbit>> = OnceLock::new();
        OTHER.get_or_init(|| Mutex::new(Self::start_node())).lock().await
    }

    fn start_node() -> Self {
        let ports = [(); 3].map(|()| free_port().to_string());
        let mut child = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/rabbitmq"))
            .args(ports)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/rabbitmq");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut node = Self { url: String::new(), input, output, _child: child };
        node.url = node.answer();
        node
    }

    /// Kills it.
    pub fn stop(&mut self) {
        assert_eq!(self.order("stop"), "stopped");
    }

    /// Starts it again, on what it had written.
    pub fn start(&mut self) {
        assert_eq!(self.order("start"), self.url);
    }

    /// Freezes it: its connections stay open, and are silent.
    pub fn pause(&mut self) {
        assert_eq!(self.order("pause"), "paused");
    }

    /// Thaws it.
    pub fn resume(&mut self) {
        assert_eq!(self.order("resume"), "resumed");
    }

    fn order(&mut self, order: &str) -> String {
        writeln!(self.input, "{order}").expect("scripts/rabbitmq takes orders");
        self.answer()
    }

    fn answer(&mut self) -> String {
        let line = self.output.next().and_then(Result::ok);
        line.expect("RabbitMQ did not start; its words are above")
    }
}

/// A free port outside the range that the system uses for outgoing connections, so that a node that is
/// stopped finds its port still free.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Each process begins at another port, so that two test runs at a time seldom collide.
    let from = u16::try_from(std::process::id() % 200).expect("below 200") * 12;
    loop {
        let port = 30_000 + (from + NEXT.fetch_add(1, Ordering::Relaxed)) % 2_700;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// As the configuration has it.
pub fn amqp_url(url: &str) -> Option<AmqpUrl> {
    AmqpUrl::parse(url).expect("a URL")
}

/// A client of RabbitMQ beside the service.
pub struct Queues {
    _connection: Connection,
    pub channel: Channel,
}

impl Queues {
    pub async fn at(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default());
        let connection = connection.await.expect("RabbitMQ");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        Self { _connection: connection, channel }
    }

    /// A durable queue that gets all that an exchange is sent.
    pub async fn bound_to(&self, queue: &str, exchange: &str, kind: ExchangeKind) {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let declared =
            self.channel.exchange_declare(exchange.into(), kind, options, FieldTable::default());
        declared.await.expect("an exchange");
        self.declare(queue, &[]).await;
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let bound =
            self.channel.queue_bind(queue.into(), exchange.into(), "#".into(), options, none);
        bound.await.expect("a binding");
    }

    /// Whether there is such an exchange. If not, the server closes the channel.
    pub async fn has_exchange(&self, exchange: &str) -> bool {
        let options = ExchangeDeclareOptions { passive: true, ..Default::default() };
        let (kind, none) = (ExchangeKind::Topic, FieldTable::default());
        self.channel.exchange_declare(exchange.into(), kind, options, none).await.is_ok()
    }

    /// A durable exchange that was bound to a queue of its name, and is bound to none any more.
    pub async fn unbind_all(&self, name: &str, kind: ExchangeKind) {
        let (of_queue, of_exchange) = Default::default();
        self.channel.queue_delete(name.into(), of_queue).await.expect("no queue");
        self.channel.exchange_delete(name.into(), of_exchange).await.expect("no exchange");
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let declared =
            self.channel.exchange_declare(name.into(), kind, options, FieldTable::default());
        declared.await.expect("an exchange");
    }

    /// A durable queue.
    pub async fn declare(&self, queue: &str, arguments: &[(&str, &str)]) {
        let mut table = FieldTable::default();
        for (name, value) in arguments {
            table.insert((*name).into(), AMQPValue::LongString((*value).into()));
        }
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        self.channel.queue_declare(queue.into(), options, table).await.expect("a queue");
    }

    /// How many messages wait in a queue for a consumer, and how many consumers there are.
    pub async fn waiting(&self, queue: &str) -> (u32, u32) {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let declared =
            self.channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        let declared = declared.expect("a queue");
        (declared.message_count(), declared.consumer_count())
    }

    /// Everything that comes into a queue.
    pub async fn read(&self, queue: &str) -> Inbox {
        let options = BasicConsumeOptions::default();
        let consumer =
            self.channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        Inbox(consumer.await.expect("a consumer"))
    }

    /// Sends a message into a queue, and returns once the server has it. While its node is not long up, a quorum
    /// queue takes nothing and says so, or says nothing at all: then the message is sent again.
    pub async fn send(&self, queue: &str, body: &[u8], properties: BasicProperties) {
        let options = BasicPublishOptions::default();
        let sending = async {
            loop {
                let properties = properties.clone();
                let sent =
                    self.channel.basic_publish("".into(), queue.into(), options, body, properties);
                let confirm = sent.await.expect("a channel");
                let confirmed = Clock::system().within(SEND_AGAIN, confirm).await;
                if confirmed.is_some_and(|confirm| confirm.expect("a confirm").is_ack()) {
                    return;
                }
            }
        };
        let sent = Clock::system().within(PATIENCE, Box::pin(sending)).await;
        sent.expect("the server does not take it");
    }
}

/// What comes into a queue.
pub struct Inbox(Consumer);

impl Inbox {
    /// The next message; fails where none comes.
    pub async fn next(&mut self) -> Delivery {
        let next = Clock::system().within(PATIENCE, Box::pin(self.0.next())).await;
        let message = next.expect("no message came").expect("a consumer").expect("a channel");
        message.ack(BasicAckOptions::default()).await.expect("a channel");
        message
    }

    /// Whether none comes within this time.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        Clock::system().within(time, Box::pin(self.0.next())).await.is_none()
    }
}

/// A header that is a text.
pub fn text_header(properties: &BasicProperties, name: &str) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        _ => None,
    }
}

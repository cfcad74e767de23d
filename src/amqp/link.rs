//! A connection to RabbitMQ with one channel, on which every message is confirmed.

use std::time::Duration;

use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
};

use super::Error;
use crate::clock::Clock;

/// For the connection with its first channel.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For the server to confirm what was published, or to do what it was asked.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// What a client says that closes because it is done.
const REPLY_SUCCESS: u16 = 200;
/// Twice this long without a sign of life ends a connection, in seconds; where the address doesn't say.
const HEARTBEAT_SECS: u16 = 10;

/// The delivery mode of messages that are kept over a restart of the server.
pub const PERSISTENT: u8 = 2;

/// A RabbitMQ server, as we reach it.
#[derive(Clone)]
pub struct Server {
    uri: AMQPUri,
    /// What we are called in its list of connections.
    called: &'static str,
    clock: Clock,
}

/// Without the address, which holds a password.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("called", &self.called).finish_non_exhaustive()
    }
}

impl Server {
    /// Reaches nothing yet.
    pub fn new(uri: &AMQPUri, called: &'static str, clock: Clock) -> Self {
        let mut uri = uri.clone();
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECS);
        Self { uri, called, clock }
    }

    /// The user that it knows us as.
    pub fn user(&self) -> &str {
        &self.uri.authority.userinfo.username
    }

    /// A new connection.
    ///
    /// # Errors
    /// Where there is none within five seconds.
    pub async fn connect(&self) -> Result<Link, Error> {
        let called = ConnectionProperties::default().with_connection_name(self.called.into());
        let connecting = async {
            let connection = Connection::connect_uri(self.uri.clone(), called).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(Link { connection, channel, clock: self.clock.clone() })
        };
        let connecting = self.clock.within(CONNECT_TIMEOUT, Box::pin(connecting));
        connecting.await.unwrap_or(Err(Error::Silent))
    }
}

/// A message to be.
#[derive(Debug)]
pub struct Message {
    /// Where to; empty for the queue that the routing key names.
    pub exchange: ShortString,
    /// By what it is routed.
    pub routing_key: ShortString,
    /// Everything around the body.
    pub properties: BasicProperties,
    /// The body.
    pub body: Vec<u8>,
    /// Whether a queue has to take it.
    pub must_be_kept: bool,
}

/// A connection. Closed when it is dropped.
#[derive(Debug)]
pub struct Link {
    connection: Connection,
    channel: Channel,
    clock: Clock,
}

impl Link {
    /// Whether nothing is known to be wrong with it.
    pub fn is_up(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Another channel, so that what fails on one does not end the other.
    pub async fn channel(&self) -> Result<Channel, Error> {
        self.answered(async { Ok(self.connection.create_channel().await?) }).await
    }

    /// Publishes these messages in this order, and waits until all are confirmed. A message that no queue
    /// takes is confirmed, too, unless it must be kept.
    ///
    /// # Errors
    /// Where one was not confirmed, or not kept. Nobody knows which are on the server then.
    pub async fn publish(&self, messages: Vec<Message>) -> Result<(), Error> {
        self.answered(async {
            let mut sent = Vec::with_capacity(messages.len());
            for message in messages {
                let Message { exchange, routing_key, properties, body, must_be_kept } = message;
                let options = BasicPublishOptions { mandatory: must_be_kept, ..Default::default() };
                let publish =
                    self.channel.basic_publish(exchange, routing_key, options, &body, properties);
                sent.push(publish.await?);
            }
            for confirmation in sent {
                // One that no queue took comes back.
                match confirmation.await? {
                    Confirmation::Ack(None) => {}
                    Confirmation::Ack(Some(_))
                    | Confirmation::Nack(_)
                    | Confirmation::NotRequested => {
                        return Err(Error::NotKept);
                    }
                }
            }
            Ok(())
        })
        .await
    }

    /// Declares a durable exchange. Nothing happens where there is such a one.
    pub async fn declare_exchange(&self, name: &str, kind: ExchangeKind) -> Result<(), Error> {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let none = FieldTable::default();
        let declared = self.channel.exchange_declare(name.into(), kind, options, none);
        self.answered(async { Ok(declared.await?) }).await
    }

    /// Declares a durable quorum queue; what it can't deliver goes to the exchange `dead`, if one is named.
    pub async fn declare_queue(&self, name: &str, dead: Option<&str>) -> Result<(), Error> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), text("quorum"));
        if let Some(dead) = dead {
            arguments.insert("x-dead-letter-exchange".into(), text(dead));
        }
        let declared = self.channel.queue_declare(name.into(), options, arguments);
        self.answered(async { Ok(declared.await.map(drop)?) }).await
    }

    /// Has a queue get what an exchange is sent.
    pub async fn bind_queue(&self, queue: &str, exchange: &str) -> Result<(), Error> {
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let every = ShortString::from("");
        let bound = self.channel.queue_bind(queue.into(), exchange.into(), every, options, none);
        self.answered(async { Ok(bound.await?) }).await
    }

    /// Says goodbye, so that what was not acknowledged goes back to its queue at once.
    pub async fn close(&self) {
        let closed = async { Ok(self.connection.close(REPLY_SUCCESS, "goodbye".into()).await?) };
        // A connection that is broken is as good as closed.
        let _broken = self.answered(closed).await;
    }

    /// The server's answer to what is asked of it.
    ///
    /// # Errors
    /// Where it refuses, or doesn't answer within ten seconds.
    pub async fn answered<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let answer = self.clock.within(ANSWER_TIMEOUT, Box::pin(asked)).await;
        answer.unwrap_or(Err(Error::Silent))
    }
}

/// A text as the value of a header or an argument.
pub fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

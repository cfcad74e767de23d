//! What is done with one message.

use std::time::Duration;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use tracing::{info, warn};

use super::dead_letter::dead_letter;
use super::message::{key, reply_to, trace};
use super::run::Intake;
use crate::amqp::{Error, Link, Message, PERSISTENT};
use crate::api::{Document, QueuedOrder, queued_answer, read_queued};
use crate::checkout::{Answer, Order};
use crate::engine::Wait;
use crate::order::OrderId;
use crate::store::OwedAnswer;
use crate::trace::TraceParent;

/// The pause before something is tried again that the database or a lack of places prevented.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of a message's order.
enum Taken {
    /// It is durable.
    Accepted(OrderId),
    /// The message is no order.
    Refused(Document),
    /// The process stops before it could be taken. The message goes back to the queue.
    Left,
}

impl Intake {
    /// Takes in the order of a message, or puts it with the dead letters, and acknowledges it then.
    ///
    /// # Errors
    /// Where the connection failed. The message is delivered again.
    pub(super) async fn take(&self, link: &Link, mut message: Delivery) -> Result<(), Error> {
        let trace = trace(&message.properties);
        match self.accept(&mut message, &trace).await {
            Taken::Accepted(id) => {
                if !self.owe(&message.properties, id, &trace).await {
                    return Ok(());
                }
            }
            Taken::Refused(document) => self.refuse(link, &message, &document).await?,
            Taken::Left => return Ok(()),
        }
        // Only now: until here the message is the only thing that is durable of it.
        let acknowledged = message.acker.ack(BasicAckOptions::default());
        link.answered(async { Ok(acknowledged.await.map(drop)?) }).await
    }

    /// Waits for a place, and returns once the order is durable.
    async fn accept(&self, message: &mut Delivery, trace: &TraceParent) -> Taken {
        let parts = &self.0;
        let properties = &message.properties;
        let text = |text: &'_ Option<ShortString>| text.as_ref().map(ToString::to_string);
        let media_type = text(properties.content_type());
        let encoding = text(properties.content_encoding());
        let read = QueuedOrder {
            content_type: media_type.as_deref().filter(|text| !text.is_empty()),
            content_encoding: encoding.as_deref().filter(|text| !text.is_empty()),
            key: key(properties),
            body: message.data.clone(),
        };
        let (cart, key) = match read_queued(read, trace).await {
            Ok(read) => read,
            Err(document) => return Taken::Refused(document),
        };
        // Whether somebody waits for the answer is agreed when the checkout begins: the debt itself is
        // forgotten with the answer, and the customer is written to only where nobody was told.
        let is_answered = reply_to(properties).is_some();
        let wait = if is_answered { Wait::Promised } else { Wait::Accepted };
        loop {
            if parts.executor.room() > 0 {
                let order = Order {
                    cart: cart.clone(),
                    idempotency_key: Some(key.clone()),
                    wait,
                    is_attended: false,
                    trace: trace.clone(),
                };
                let answer = parts.desk.create(order).await;
                match answer {
                    Answer::Confirmed { id, .. }
                    | Answer::Pending { id, .. }
                    | Answer::Refused { id, .. } => return Taken::Accepted(id),
                    Answer::KeyReused { .. } => {
                        if let Some(document) = queued_answer(answer, trace) {
                            return Taken::Refused(document);
                        }
                    }
                    Answer::TooMany | Answer::NotNow { .. } | Answer::Unavailable { .. } => {}
                }
            }
            let pause = parts.clock.sleep(PAUSE);
            if parts.tasks.unless_stopping(pause).await.is_none() {
                return Taken::Left;
            }
        }
    }

    /// Writes down that an answer is owed, if one is asked for; `false` where the process stops before.
    async fn owe(&self, of: &BasicProperties, order_id: OrderId, trace: &TraceParent) -> bool {
        let parts = &self.0;
        let Some(queue) = reply_to(of) else { return true };
        let owed = OwedAnswer {
            id: parts.clock.fresh_id(),
            order_id,
            reply_to: queue.to_string(),
            correlation_id: of.correlation_id().as_ref().map(ToString::to_string),
            trace_parent: trace.to_string(),
        };
        while let Err(error) = parts.store.owe(&owed, parts.clock.now()).await {
            warn!(%error, "can't write down that an answer is owed; tries again");
            let pause = parts.clock.sleep(PAUSE);
            if parts.tasks.unless_stopping(pause).await.is_none() {
                return false;
            }
        }
        true
    }

    /// Puts a message with the dead letters, and tells whoever asked.
    async fn refuse(&self, link: &Link, message: &Delivery, why: &Document) -> Result<(), Error> {
        let parts = &self.0;
        let error = why.error.as_deref().unwrap_or("refused");
        let mut sent = Vec::new();
        if let Some(queue) = reply_to(&message.properties) {
            let correlation = message.properties.correlation_id().clone();
            sent.push(answer(why.clone(), queue.clone(), correlation));
        }
        let user = parts.server.user();
        sent.push(dead_letter(message, error, user, parts.clock.now()));
        link.publish(sent).await?;
        parts.executor.metrics().dead_letter();
        info!(status = why.status, error, "a message is no order: it is with the dead letters");
        Ok(())
    }
}

/// An answer as a message for the queue that its asker named.
pub(super) fn answer(
    document: Document,
    reply_to: ShortString,
    correlation_id: Option<ShortString>,
) -> Message {
    let mut headers = FieldTable::default();
    headers.insert("status".into(), AMQPValue::LongInt(i32::from(document.status)));
    let properties = BasicProperties::default()
        .with_content_type(document.media_type.into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers);
    let properties = match correlation_id {
        Some(id) => properties.with_correlation_id(id),
        None => properties,
    };
    let (exchange, body) = ("".into(), document.body);
    Message { exchange, routing_key: reply_to, properties, body, must_be_kept: false }
}

//! The sink: has a batch published and confirmed, and moves the cursor.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::exchange::{Exchange, Publisher};
use super::message::message;
use crate::amqp::{Error, Server};
use crate::events::{Begins, Envelope, Sink, SinkError};
use crate::store::{Lead, Store, StoredEvent};

/// How events are published.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `broker.exchange`.
    pub exchange: String,
    /// What all events have in common.
    pub envelope: Envelope,
}

/// The sink.
#[derive(Debug)]
pub struct Broker {
    publisher: Arc<dyn Publisher>,
    settings: Settings,
}

impl Broker {
    /// Connects when this process begins to lead.
    pub fn new(server: Server, settings: Settings) -> Self {
        Self::over(Arc::new(Exchange::new(server, settings.exchange.clone())), settings)
    }

    /// The same over any publisher.
    pub fn over(publisher: Arc<dyn Publisher>, settings: Settings) -> Self {
        Self { publisher, settings }
    }

    async fn publish(&self, events: Vec<StoredEvent>) -> Result<(), Error> {
        let Settings { exchange, envelope } = &self.settings;
        let messages = events.into_iter().map(|event| message(event, envelope, exchange)).collect();
        self.publisher.publish(messages).await
    }
}

impl Sink for Broker {
    fn name(&self) -> &'static str {
        "broker"
    }

    fn begins(&self) -> Begins {
        Begins::AtFirst
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async {
            let prepared = self.publisher.prepare().await;
            prepared.map_err(|error| SinkError::Receiver(error.to_string()))
        })
    }

    fn tell<'a>(
        &'a self,
        store: &'a Store,
        lead: &'a Lead,
        events: Vec<StoredEvent>,
        to: i64,
    ) -> BoxFuture<'a, Result<bool, SinkError>> {
        Box::pin(async move {
            let published = self.publish(events).await;
            published.map_err(|error| SinkError::Receiver(error.to_string()))?;
            // Only now: what was not confirmed is behind the cursor still.
            Ok(store.move_cursor(lead, to).await?)
        })
    }
}

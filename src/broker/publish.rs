//! The sink: publishes a batch, waits for all confirms, and moves the cursor.

use std::sync::Arc;

use futures::future::BoxFuture;
use lapin::ExchangeKind;
use tokio::sync::Mutex;

use super::message::message;
use crate::amqp::{Error, Link, Server};
use crate::events::{Begins, Sink, SinkError};
use crate::store::{Lead, Store, StoredEvent};

/// How events are published.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `broker.exchange`.
    pub exchange: String,
    /// `events.source`: the `source` of every event.
    pub source: Arc<str>,
}

/// The sink.
#[derive(Debug)]
pub struct Broker {
    server: Server,
    settings: Settings,
    /// The connection with the exchange declared, while nothing is wrong with it.
    link: Mutex<Option<Link>>,
}

impl Broker {
    /// Connects when there is something to tell.
    pub fn new(server: Server, settings: Settings) -> Self {
        Self { server, settings, link: Mutex::new(None) }
    }

    async fn publish(&self, events: Vec<StoredEvent>) -> Result<(), Error> {
        let Settings { exchange, source } = &self.settings;
        let messages = events.into_iter().map(|event| message(event, source, exchange)).collect();
        let mut kept = self.link.lock().await;
        // Taken out: one that fails, or is dropped half way, is not used again.
        let link = match kept.take().filter(Link::is_up) {
            Some(link) => link,
            None => self.connect().await?,
        };
        link.publish(messages).await?;
        *kept = Some(link);
        Ok(())
    }

    async fn connect(&self) -> Result<Link, Error> {
        let link = self.server.connect().await?;
        link.declare_exchange(&self.settings.exchange, ExchangeKind::Topic).await?;
        Ok(link)
    }
}

impl Sink for Broker {
    fn name(&self) -> &'static str {
        "broker"
    }

    fn begins(&self) -> Begins {
        Begins::AtFirst
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

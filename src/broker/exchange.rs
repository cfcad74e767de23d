//! The exchange at RabbitMQ: one connection, on which it is declared, for as long as nothing is wrong with it.

use futures::FutureExt;
use futures::future::BoxFuture;
use lapin::ExchangeKind;
use tokio::sync::Mutex;

use crate::amqp::{Error, Link, Message, Server};

/// What takes messages, and confirms that it keeps them. Production has one; a simulation puts itself in
/// its place.
pub trait Publisher: std::fmt::Debug + Send + Sync {
    /// Publishes these messages in this order, and returns once all are confirmed. After a failure nobody
    /// knows which were taken: those before some place in the batch, and perhaps later.
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<(), Error>>;

    /// Makes sure that there is something to publish to.
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        std::future::ready(Ok(())).boxed()
    }
}

/// A durable topic exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    server: Server,
    name: String,
    link: Mutex<Option<Link>>,
}

impl Exchange {
    pub(super) fn new(server: Server, name: String) -> Self {
        Self { server, name, link: Mutex::new(None) }
    }

    async fn connect(&self) -> Result<Link, Error> {
        let link = self.server.connect().await?;
        link.declare_exchange(&self.name, ExchangeKind::Topic).await?;
        Ok(link)
    }
}

impl Publisher for Exchange {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<(), Error>> {
        async move {
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
        .boxed()
    }

    /// Declares the exchange, so that queues can be bound to it before the first event.
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        async move {
            let mut kept = self.link.lock().await;
            if !kept.as_ref().is_some_and(Link::is_up) {
                *kept = Some(self.connect().await?);
            }
            Ok(())
        }
        .boxed()
    }
}

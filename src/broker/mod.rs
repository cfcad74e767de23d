//! The broker: a sink that tells RabbitMQ every event, by a durable topic exchange.
//!
//! Events are published in the order of their positions on one channel, so that a queue has those of an
//! order in the order of their versions. The cursor moves only when the server has confirmed the whole
//! batch; after anything else the batch is published again on a new connection, under the same ids
//! (promise 61). A message that no queue takes is confirmed: who wants events binds a queue first.

mod exchange;
mod message;
mod publish;

pub use exchange::Publisher;
pub use publish::{Broker, Settings};

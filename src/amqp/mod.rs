//! RabbitMQ: connections with a limit on every wait, and messages that are confirmed.
//!
//! There is no recovery here, neither ours nor the library's, whose own has been seen to hang. A [`Link`]
//! that has failed once is thrown away, with everything that was not confirmed on it; who needs another
//! asks [`Server::connect`], after a pause of its own. The invariant: [`Link::publish`] succeeds only where
//! the server has confirmed every message.

mod error;
mod link;
mod standing;

pub use error::Error;
pub use link::{Link, Message, PERSISTENT, Server, text};
pub use standing::{Standing, Stands};

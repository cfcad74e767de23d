//! Orders from a queue of RabbitMQ, read and answered as `api/create.rs` does it by HTTP.
//!
//! ```text
//!   queue ──► read ──► accept ──► owe the answer ──► acknowledge       answers: at rest ──► reply_to
//!               │                 (where one is asked for)
//!               └─ no order ──► orders.dead (and reply_to) ──► acknowledge
//! ```
//!
//! The invariant: a message is acknowledged only after what becomes of it is durable: its acceptance in the
//! books with the answer that is owed, or its copy among the dead letters, confirmed (promise 61). Whatever
//! breaks before that leaves it to the server to deliver again, and its key makes the repeat the same order.

mod answers;
mod consume;
mod dead_letter;
mod message;
mod run;
mod take;

pub use run::{Intake, Settings};

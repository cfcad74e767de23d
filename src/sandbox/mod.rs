//! The three neighbours that the service calls, in one process, for the demo, tests and benchmarks. They
//! answer exactly as the real ones do, can be made to fail in every way that a network or a service can,
//! and keep a ledger of what they really did.
//!
//! This room shares no code with what it tests, so that the same mistake can't be in both. Its invariants:
//! the world changes only by journalled entries, no answer is sent before what it says is in the journal,
//! and an idempotent service acts once for each key.

mod account;
mod answer;
mod clock;
mod config;
mod connection;
mod decision;
mod effect;
mod fault;
mod fault_list;
mod journal;
mod ledger;
mod money;
mod neighbourhood;
mod reply;
mod route;
pub mod sample;
mod service;
mod start;
mod state;
mod world;

#[cfg(test)]
mod tests;

pub use account::{Product, User};
pub use config::{Config, Error, Seeding};
pub use effect::{Effect, Payment, Units};
pub use fault::{Fault, FaultKind};
pub use ledger::{Ledger, Reads, Record, RecordResult, Repeated, Totals};
pub use service::{Call, Idempotency, Service};
pub use start::Sandbox;

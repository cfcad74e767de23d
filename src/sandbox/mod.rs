//! The three neighbours that the service calls, in one process: for the demo, for tests and for
//! benchmarks. They answer exactly as the real ones do, can be made to break it in every way that a
//! network or a bad day can, and keep an honest ledger of what they really did.
//!
//! This room shares no code with what it tests: a mistake made once must not be made on both sides.
//! Three invariants: the world changes only by entries that are journalled, no answer leaves before
//! what it tells is in the journal, and an idempotent service acts once for a key.

mod account;
mod answer;
mod clock;
mod config;
mod connection;
mod desk;
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
mod verdict;
mod world;

#[cfg(test)]
mod tests;

pub use account::{Product, User};
pub use config::{Config, Error, Seeding};
pub use effect::{Effect, Payment, Units};
pub use fault::{Fault, FaultKind};
pub use ledger::{Ledger, Reads, Record, RecordResult, Repeated, Totals};
pub use sample::Sample;
pub use service::{Call, Kinds, Service};
pub use start::Sandbox;

//! What leaves the warehouse: shipments, and what carriers report of them. Pure.
//!
//! Carriers' messages come late, twice and out of order. So a shipment's events are a set, and where the
//! shipment is follows from the set alone: whatever order the same messages come in, the answer is the same (promise 56).

mod carrier;
mod coverage;
mod event_set;

pub use carrier::{CarrierEvent, CarrierStatus};
pub use coverage::{Pieces, Shortage, covers, remaining, take};
pub use event_set::{Merged, delivered_at, merge, state};

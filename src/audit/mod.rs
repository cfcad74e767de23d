//! The audit compares the books with themselves and with the payment service. The check finds the sagas in
//! flight that this binary could not continue.
//!
//! The audit checks the chain of the audit trail, too. Both only read. The invariant: a difference is reported only if what was compared did not change in the
//! meantime, so that an audit beside a running service reports nothing false.

mod afterwards;
mod books;
mod check;
mod findings;
mod missing;
mod payment;
mod rate;
mod report;
mod run;
#[cfg(test)]
mod tests;
mod trail;

pub use check::{Checked, Unfit, check};
pub use report::{About, Finding, FindingKind, Report};
pub use run::{Audit, Options};

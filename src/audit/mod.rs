//! The audit: the books against themselves and against the payment service; and the check: what in
//! flight this binary could not continue.
//!
//! Both only look. The invariant: a difference is only reported of what held still while it was
//! looked at, so that an audit beside a service at work says nothing false.

mod books;
mod check;
mod pace;
mod payment;
mod report;
mod run;
mod stranger;
#[cfg(test)]
mod tests;

pub use check::{Checked, Unfit, check};
pub use report::{About, Finding, Report, Verdict};
pub use run::{Audit, Options};

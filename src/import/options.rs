//! How an import is to be done.

use crate::order::OrderStatus;

/// Whether the books are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// What is not there is written.
    Write,
    /// Everything is judged, and nothing written but the rejects.
    DryRun,
}

/// How it is imported.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The status that imported orders have.
    pub status: OrderStatus,
    /// Whether they are written.
    pub writing: Writing,
}

//! How far an import is.

use std::sync::Arc;

/// What an import is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading both files; counted in bytes.
    Reading,
    /// Comparing orders with the books, and writing those that are not there; counted in rows.
    Writing,
    /// Reading back what should be there; counted in orders.
    Checking,
}

/// How far it is with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub step: Step,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub of: u64,
}

/// Told from whichever thread works.
pub(super) type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

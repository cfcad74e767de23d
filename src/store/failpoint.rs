//! Failpoints: the places in the work of the store, and of the archive, where a test can pause it or make it
//! fail.
//!
//! Production has none. The crash matrix and the simulation implement [`Failpoints`]: they decide when
//! a statement or a commit happens, whether it happens at all, and whether its answer arrives. So they
//! can put a crash or a fault between any two of them, while everything above the store runs unchanged.

use std::fmt::Debug;

use futures::future::BoxFuture;

/// A place in the work of the store or of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failpoint {
    /// Before a statement that is a transaction by itself is sent.
    Statement,
    /// After it was carried out, and before the caller sees its answer.
    Answered,
    /// Before a transaction begins.
    Begin,
    /// Before a transaction is committed.
    Commit,
    /// After it was committed, and before the caller knows that.
    Committed,
    /// After it failed or was rolled back, so that it wrote nothing, and before the caller knows that.
    Failed,
    /// Before the archive's files are read or written, which another thread does.
    Archive,
    /// After they were, and before the caller knows that.
    Archived,
}

/// What happens at a failpoint instead of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The connection breaks.
    Cut,
    /// The database has run out of space. It rolls the transaction back by itself and says so.
    Full,
    /// The database has run out of space and can't even roll back: the transaction stays open.
    Stuck,
    /// The database rolls back, and says that it committed.
    Forgotten,
    /// The connection leads to a database that can only be read.
    ReadOnly,
}

/// Decides what happens at each failpoint.
pub trait Failpoints: Debug + Send + Sync {
    /// Called when this point is reached. Returns when the work may go on, or with what happens instead.
    fn reach(&self, point: Failpoint) -> BoxFuture<'_, Result<(), Fault>>;
}

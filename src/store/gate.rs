//! The gate that everything the store does passes.
//!
//! In production there is no gate. A proof puts one up: it decides when a statement or a commit
//! happens, whether its answer is heard, and what the database does instead of it, so that a crash
//! or a fault can be put between any two.

use std::fmt::Debug;

use futures::future::BoxFuture;

/// What passes a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Passage {
    /// A statement that is a transaction by itself is about to be sent.
    Statement,
    /// It was carried out; its answer is not heard yet.
    Answered,
    /// A transaction is about to begin.
    Begin,
    /// A transaction is about to be committed.
    Commit,
    /// It is committed; that is not heard yet.
    Committed,
    /// It failed, or was rolled back: nothing of it happened. That is not heard yet.
    Failed,
}

/// What happens at a gate instead of the passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The connection breaks.
    Cut,
    /// The database has run out of space: it has rolled back by itself and says so, and there is
    /// nothing left to roll back.
    Full,
    /// It has run out of space, and can't even roll back: the transaction stays open.
    Stuck,
    /// It has rolled back, and says that it committed.
    Forgotten,
    /// The connection leads to a database that can only be read.
    ReadOnly,
}

/// Lets pass what the store does, or not.
pub trait Gate: Debug + Send + Sync {
    /// Returns when the passage may be made, or with what happens instead.
    fn pass(&self, passage: Passage) -> BoxFuture<'_, Result<(), Fault>>;
}

//! What differs from one kind of saga to another in the matrix: how its client asks, what its neighbours
//! did, and what is right at the end.
//!
//! A play outlives the processes of its cell, as its neighbours and its client do.

use std::sync::Arc;

use futures::future::BoxFuture;
use order_service::clock::Clock;
use order_service::engine::{Executor, Kind};
use order_service::order::UserId;
use order_service::saga::{Definition, Effect, SagaId};
use order_service::store::{Found, Store};

/// One saga of some kind in one cell, with its neighbours and its client.
pub trait Play: Send + Sync {
    /// The tables of its kind.
    fn definitions(&self) -> &'static [&'static Definition];

    /// Whose saga it is.
    fn user(&self) -> UserId;

    /// The kind as one process has it. The clock is that of the calls.
    fn kind(&self, clock: &Clock) -> Arc<dyn Kind>;

    /// The same, calling where nobody listens.
    fn kind_unheard(&self, clock: &Clock) -> Arc<dyn Kind>;

    /// The client asks with its key, and keeps what it hears.
    fn ask(&self, at: Executor) -> BoxFuture<'_, ()>;

    /// Whether the client knows that there is nothing left to do.
    fn is_answered(&self) -> bool;

    /// What an operator who asks the neighbours hears of an effect.
    fn happened(&self, id: SagaId, effect: Effect) -> bool;

    /// Nothing goes wrong at the neighbours any more.
    fn get_well(&self);

    /// A process has died. What can change in the world meanwhile changes: prices, say.
    fn somebody_died(&self) -> BoxFuture<'_, ()>;

    /// A process starts on the books that the one before left: what was answered must be true in them.
    fn check_told<'a>(&'a self, store: &'a Store, saga: Option<&'a Found>) -> BoxFuture<'a, ()>;

    /// The saga is at rest: compares the books with the neighbours' ledgers and with every answer.
    fn check_end<'a>(&'a self, store: &'a Store, saga: &'a Found) -> BoxFuture<'a, Ending>;
}

/// How a saga ends, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Completed,
    Compensated(&'static str),
    Rejected(&'static str),
}

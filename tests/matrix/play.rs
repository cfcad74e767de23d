//! What differs from one kind of saga to another in the matrix: how its client asks, what its neighbours
//! did, and what is right at the end.
//!
//! A play outlives the processes of its cell, as its neighbours and its client do.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use order_service::clock::Clock;
use order_service::engine::{Executor, Kind};
use order_service::saga::{Definition, Effect};
use order_service::store::{Found, Store};

/// One saga of some kind in one cell, or all those of one order, with their neighbours and clients.
pub trait Play: Send + Sync {
    /// The tables of its kinds.
    fn definitions(&self) -> &'static [&'static Definition];

    /// The kinds as one process has them. The clock is that of the calls.
    fn kinds(&self, clock: &Clock) -> Vec<Arc<dyn Kind>>;

    /// The same, calling where nobody listens.
    fn kinds_unheard(&self, clock: &Clock) -> Vec<Arc<dyn Kind>>;

    /// What the books say of this cell's sagas, oldest first.
    fn sagas<'a>(&'a self, store: &'a Store) -> BoxFuture<'a, Vec<Found>>;

    /// Makes what the scenario begins with, before the first process can die.
    fn prepare(&self, _at: Executor, _store: Store) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    /// The clients ask, each with its key, and keep what they hear.
    fn ask(&self, at: Executor, store: Store) -> BoxFuture<'_, ()>;

    /// A call or a read has come to this point. Returns when it may go on.
    fn come_to<'a>(&'a self, _point: &'a str) -> BoxFuture<'a, ()> {
        ready(()).boxed()
    }

    /// Whether the clients know that there is nothing left to do.
    fn is_answered(&self) -> bool;

    /// What an operator who asks the neighbours hears of an effect of this saga.
    fn happened(&self, saga: &Found, effect: Effect) -> bool;

    /// Nothing goes wrong at the neighbours any more.
    fn get_well(&self);

    /// A process has died. What can change in the world meanwhile changes: prices, say.
    fn somebody_died(&self) -> BoxFuture<'_, ()>;

    /// A process starts on the books that the one before left: what was answered must be true in them.
    fn check_told<'a>(&'a self, store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, ()>;

    /// Its sagas are at rest: compares the books with the neighbours' ledgers and with every answer.
    fn check_end<'a>(&'a self, store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, Ending>;
}

/// How a saga ends, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Completed,
    Compensated(&'static str),
    Rejected(&'static str),
}

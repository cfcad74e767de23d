//! Where a kind of saga plugs in: its tables, what its steps do, and what it writes into the books.

use futures::future::BoxFuture;

use crate::clock::Clock;
use crate::neighbours::{BreakerView, CallContext};
use crate::saga::{Call, Definition, Instance, Policy, Reading, Report, Step};
use crate::store::Records;

/// What a kind records with.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// For times and new ids.
    pub clock: &'a Clock,
    /// What a saga that begins now agrees on.
    pub policy: &'a Policy,
}

/// A kind of saga.
pub trait Kind: Send + Sync + 'static {
    /// Its tables, one for each version under which a saga may have begun.
    fn definitions(&self) -> &'static [&'static Definition];

    /// Reads what this step reads, and may read ahead as far as reads follow it. May be dropped at
    /// any point.
    fn read<'a>(
        &'a self,
        saga: &'a Instance,
        step: Step,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Reading>;

    /// Makes one call. Dropped half way, it may or may not have happened.
    fn call<'a>(
        &'a self,
        saga: &'a Instance,
        call: &'a Call,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Report>;

    /// What goes into the books in the transaction that brings this saga to rest, at its goal or not. Calls
    /// nobody. May be asked again, with what is known of the saga by then; the last answer counts.
    fn record(&self, saga: &Instance, context: Recording<'_>) -> Records;

    /// The circuit breakers of the neighbours that it calls.
    fn breakers(&self) -> Vec<BreakerView> {
        Vec::new()
    }
}

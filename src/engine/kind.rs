//! Where a kind of saga plugs in: its table, and what its steps do.

use futures::future::BoxFuture;

use crate::neighbours::{BreakerView, CallContext};
use crate::saga::{Call, Definition, Instance, Reading, Report};

/// A kind of saga.
pub trait Kind: Send + Sync + 'static {
    /// Its table of steps.
    fn definition(&self) -> &'static Definition;

    /// Reads what the saga doesn't know yet. May be dropped at any point.
    fn read<'a>(&'a self, saga: &'a Instance, context: CallContext<'a>) -> BoxFuture<'a, Reading>;

    /// Makes one call. Dropped half way, it may or may not have happened.
    fn call<'a>(
        &'a self,
        saga: &'a Instance,
        call: &'a Call,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Report>;

    /// The circuit breakers of the neighbours that it calls.
    fn breakers(&self) -> Vec<BreakerView> {
        Vec::new()
    }
}

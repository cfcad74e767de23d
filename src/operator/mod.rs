//! The operators' API: lists and shows sagas, and lets an operator retry, compensate, hold, release or
//! resolve one.
//!
//! The invariant: what a saga is said to allow is what the engine would do (promise 44). Every handler
//! takes the [`Person`](crate::auth::Person) that asks, and requires a right before anything else.

mod act;
mod cancel;
mod duration;
mod effect;
mod hold;
mod inspect;
mod list;
mod reason;
mod resolution;
mod route;
mod saga;
mod step;
mod summary;

use axum::extract::FromRef;

use crate::auth::Access;
use crate::clock::Clock;
use crate::engine::Executor;
use crate::reversal::Reversals;
use crate::store::Store;

pub use route::{document, router};

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct Operators {
    /// What everything is read from.
    pub store: Store,
    /// Carries out what an operator asks for.
    pub executor: Executor,
    /// Reversals orders.
    pub reversals: Reversals,
    /// What time it is.
    pub clock: Clock,
    /// Knows who asks.
    pub access: Access,
}

impl FromRef<Operators> for Access {
    fn from_ref(operators: &Operators) -> Self {
        operators.access.clone()
    }
}

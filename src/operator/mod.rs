//! The operators' API: lists and shows sagas, and lets an operator retry, compensate, hold, release or
//! resolve one.
//!
//! The invariant: nobody without the token gets past the [`token`] layer, and what a saga is said
//! to allow is what the engine would do (promise 44).

mod act;
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
mod token;

use crate::clock::Clock;
use crate::engine::Executor;
use crate::store::Store;

pub use route::{document, router};

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct Operators {
    /// What everything is read from.
    pub store: Store,
    /// Carries out what an operator asks for.
    pub executor: Executor,
    /// What time it is.
    pub clock: Clock,
    /// `operator.token`; without one every request is answered 403.
    pub token: Option<String>,
}

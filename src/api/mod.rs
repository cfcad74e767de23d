//! The clients' API: orders in and out, probes, metrics, and the document that describes it all.
//!
//! Thin handlers over the desk and the store. The invariant: an accepted checkout's answer is made
//! of its record alone, so that who waited, who repeats and who asks later hear the same.

mod cart;
mod create;
mod docs;
mod health;
mod history;
mod key;
mod number;
mod order;
mod prefer;
mod refusal;
mod route;
mod status;

use std::sync::Arc;
use std::time::Duration;

use crate::checkout::Desk;
use crate::clock::Clock;
use crate::config::Undecided;
use crate::engine::{Executor, Metrics};
use crate::store::Store;

pub use route::{document, router, with_cors};

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct Api {
    /// Takes checkouts in.
    pub desk: Desk,
    /// Is read for everything else.
    pub store: Store,
    /// Says whether this process is stopping.
    pub executor: Executor,
    /// Shown at `/metrics`.
    pub metrics: Arc<Metrics>,
    /// Time.
    pub clock: Clock,
}

/// What is configured of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// `http.cors_origins`: who may call from a browser; empty: nobody from elsewhere.
    pub cors_origins: Vec<String>,
    /// `checkout.wait`: how long `create` waits where the client does not say.
    pub default_wait: Duration,
    /// `checkout.undecided`: what a client is told after that which may take a 202 for success.
    pub undecided: Undecided,
}

//! The clients' API: checkouts and orders, probes, metrics, and the document that describes it all.
//!
//! Thin handlers over the desk and the store. The invariant: the answer about an accepted checkout is
//! made from its stored record alone. So a client that waited, one that repeats its request and one that
//! asks later all get the same answer.

mod address;
mod cancel;
mod cart;
mod create;
mod docs;
mod feed;
mod health;
mod history;
mod key;
mod moments;
mod number;
mod order;
mod pieces;
mod queued;
mod refusal;
mod reports;
mod returns;
mod route;
mod schemas;
mod shipment_view;
mod shipments;
mod short_text;
mod status;
mod stream;
mod tracking;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use tokio::sync::Semaphore;

use crate::auth::Access;
use crate::checkout::Desk;
use crate::config::Undecided;
use crate::engine::{Executor, Metrics};
use crate::events::Events;
use crate::reversal::Reversals;
use crate::store::Store;

pub use health::metrics_page;
pub use queued::{Document, QueuedKey, QueuedOrder, queued_answer, read_queued};
pub use route::{document, router, with_cors};

/// The state that the handlers share.
#[derive(Clone, Debug)]
pub struct Api {
    /// Authenticates callers.
    pub access: Access,
    /// Accepts checkouts.
    pub desk: Desk,
    /// Cancels orders, and takes goods back.
    pub reversals: Reversals,
    /// Tells what happened.
    pub events: Events,
    /// A place for each client that follows an order: `http.streams`.
    pub streams: Arc<Semaphore>,
    /// Everything else is read from here.
    pub store: Store,
    /// Knows whether this process can accept checkouts.
    pub executor: Executor,
    /// Shown at `/metrics`.
    pub metrics: Arc<Metrics>,
    /// `checkout.wait`: how long `create` waits for a decision if the client does not say.
    pub default_wait: Duration,
    /// `checkout.undecided`: the answer after that wait to a client that may mistake a 202 for success.
    pub undecided: Undecided,
}

impl FromRef<Arc<Api>> for Access {
    fn from_ref(api: &Arc<Api>) -> Self {
        api.access.clone()
    }
}

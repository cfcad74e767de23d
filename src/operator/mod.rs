//! The operators' API: lists and shows sagas, lets an operator retry, compensate, hold, release or resolve
//! one, and says where events are sent.
//!
//! The invariant: the actions shown as allowed are those that the engine would carry out (promise 44).
//! Every handler takes the [`Person`](crate::auth::Person) who asks, and requires a right before anything
//! else.

mod act;
mod bulk;
mod cancel;
mod duration;
mod effect;
mod groups;
mod hold;
mod if_match;
mod inspect;
mod list;
mod note;
mod past;
mod reason;
mod resolution;
mod risk;
mod route;
mod saga;
mod step;
mod summary;
mod told;
mod trail;
mod webhooks;

use axum::extract::FromRef;

use crate::amqp::Stands;
use crate::auth::Access;
use crate::bulk::Bulk;
use crate::clock::Clock;
use crate::engine::Executor;
use crate::events::Events;
use crate::reversal::Reversals;
use crate::store::Store;
use crate::webhooks::Webhooks;

pub(crate) use act::carry_out;
pub(crate) use bulk::look::{run as bulk_run, runs as bulk_runs};
pub(crate) use bulk::{ItemView as BulkItemView, RunView, move_bulk, prepare_bulk};
pub(crate) use cancel::cancel_of;
pub(crate) use effect::{Known, LineEffects};
pub(crate) use groups::{GroupView, groups};
pub(crate) use inspect::{Detail, PreviewView, at_seq, detail, past};
pub(crate) use list::{filter, page};
pub(crate) use note::{NoteView, note_of};
pub use route::{document, router};
pub(crate) use saga::SagaView;
pub(crate) use step::StepView;
pub(crate) use summary::{CircuitSummary, ExecutorView, SinkView, Summary, summary};
pub(crate) use trail::{EntryView, page as trail_page};
pub(crate) use webhooks::deliveries::{DeliveryView, page as deliveries_page};
pub(crate) use webhooks::endpoints::{one as webhook, page as webhooks_page};
pub(crate) use webhooks::{Changed, WebhookView, carry_out as change_webhook};

/// The state that the handlers share.
#[derive(Clone, Debug)]
pub struct Operators {
    /// Everything is read from here.
    pub store: Store,
    /// Carries out what an operator asks for.
    pub executor: Executor,
    /// Does the same to many sagas.
    pub bulk: Bulk,
    /// Cancels orders.
    pub reversals: Reversals,
    /// Knows how far the sinks have come.
    pub events: Events,
    /// How the intake of orders from a queue stands; `None` where there is none.
    pub intake: Option<Stands>,
    /// Tests endpoints, and judges their URLs.
    pub webhooks: Webhooks,
    /// Tells the time.
    pub clock: Clock,
    /// Authenticates operators.
    pub access: Access,
}

impl FromRef<Operators> for Access {
    fn from_ref(operators: &Operators) -> Self {
        operators.access.clone()
    }
}

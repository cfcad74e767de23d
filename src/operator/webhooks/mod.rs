//! `/api/operator/webhooks`: where events are sent, and what became of each. Whoever reads sagas reads
//! these, secrets aside; changing them needs the right to administer.

pub(super) mod again;
mod body;
pub(super) mod change;
pub(super) mod deliveries;
pub(super) mod endpoints;
mod form;
mod types;
mod view;

pub(crate) use form::{Changed, carry_out};
pub(crate) use view::WebhookView;

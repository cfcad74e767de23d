//! The sink: takes events in, as a delivery for each endpoint that wants it.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Webhooks, body};
use crate::events::{Begins, CloudEvent, Sink, SinkError, TypeFilter};
use crate::store::{Error, Lead, Store, StoredEvent, TakeIn, Webhook};

impl Sink for Webhooks {
    fn name(&self) -> &'static str {
        "webhooks"
    }

    /// Each endpoint begins with its creation, of which there is none before this sink was first run.
    fn begins(&self) -> Begins {
        Begins::Now
    }

    fn is_heard<'a>(&'a self, store: &'a Store) -> BoxFuture<'a, Result<bool, Error>> {
        store.has_webhooks().boxed()
    }

    fn tell<'a>(
        &'a self,
        store: &'a Store,
        lead: &'a Lead,
        events: Vec<StoredEvent>,
        to: i64,
    ) -> BoxFuture<'a, Result<bool, SinkError>> {
        async move {
            if events.is_empty() {
                return Ok(store.move_cursor(lead, to).await?);
            }
            let envelope = &self.0.settings.envelope;
            let body = |event: &StoredEvent| body(&CloudEvent::of(event.clone(), envelope));
            let now = self.0.clock.now();
            let new = TakeIn { events: &events, wants: &wants, body: &body, now };
            let is_taken_in = store.take_in(lead, to, &new).await?;
            self.wake();
            Ok(is_taken_in)
        }
        .boxed()
    }
}

/// Whether an endpoint wants an event: one after its creation, of its types, and not about itself.
fn wants(webhook: &Webhook, event: &StoredEvent) -> bool {
    let position = event.position.unwrap_or(0);
    let is_before = position <= webhook.begins
        || position <= webhook.unsure_until && event.at < webhook.created_at;
    let matches = |filter: &String| {
        filter.parse::<TypeFilter>().is_ok_and(|filter| filter.wants(&event.kind))
    };
    !is_before && event.order_id.0 != webhook.id && webhook.types.iter().any(matches)
}

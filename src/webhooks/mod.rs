//! Webhooks: events, sent to whoever has asked for them, signed as in Standard Webhooks.
//!
//! ```text
//!   events ──► sink: a delivery row for each endpoint ──► claim ──► attempt ──► settle
//!              in the transaction of the cursor           lease     HTTP        schedule
//! ```
//!
//! The sink takes events in; the deliverer makes the attempts. Each endpoint has attempts of its own, so
//! that one that is slow or dead holds up no other.
//!
//! The invariants: every event is sent to every endpoint that wants it until it was taken or given up, always
//! under the same id and with the same body (promise 60); and nothing is sent to an address that was not
//! judged for this very call.

mod address;
mod attempt;
mod deliverer;
mod http;
mod places;
mod record;
mod schedule;
mod signature;
mod sink;
mod target;

use std::sync::Arc;
use std::time::Duration;

use tracing::info;
use uuid::Uuid;

use crate::clock::Clock;
use crate::events::{CloudEvent, Envelope, WEBHOOK_TEST};
use crate::lifecycle::Tasks;
use crate::order::WebhookTest;
use crate::pacing::Courtesy;
use crate::store::{Error, NewAuditEntry, Store, TestDelivery, Tested};

use places::Places;

pub use address::Networks;
pub use deliverer::DelivererTurn;
pub use http::{HttpAnswer, Transport};
pub use signature::fresh_secret;
pub use target::{Target, TargetError};

/// The type of the message that only tries whether an endpoint works.
const TEST: &str = WEBHOOK_TEST;

/// How long what came of an attempt may take to be recorded once the process is to stop.
const LAST_RECORD: Duration = Duration::from_secs(5);

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What all events have in common.
    pub envelope: Envelope,
    /// How long a process that has fallen silent keeps its attempts.
    pub lease: Duration,
    /// Which URLs and addresses may be called.
    pub networks: Networks,
    /// Lets checkouts go first.
    pub courtesy: Courtesy,
    /// The pauses between attempts.
    pub schedule: Arc<[Duration]>,
    /// How long an endpoint may take to answer.
    pub timeout: Duration,
}

/// The webhooks of this process. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct Webhooks(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    clock: Clock,
    settings: Settings,
    transport: Arc<dyn Transport>,
    /// Names this process in the deliveries that it attempts.
    owner: Uuid,
    places: Arc<Places>,
    tasks: Tasks,
}

impl Webhooks {
    /// Sends nothing before [`Webhooks::run`].
    pub fn new(store: Store, settings: Settings, clock: Clock) -> Self {
        let http = http::Http::new(settings.networks.clone(), settings.timeout);
        Self::over(Arc::new(http), store, settings, clock)
    }

    /// The same over any transport.
    pub fn over(
        transport: Arc<dyn Transport>,
        store: Store,
        settings: Settings,
        clock: Clock,
    ) -> Self {
        let owner = clock.fresh_id();
        Self(Arc::new(Parts {
            store,
            clock,
            settings,
            transport,
            owner,
            places: Arc::default(),
            tasks: Tasks::default(),
        }))
    }

    /// Begins to make attempts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn run(&self) -> Result<(), Error> {
        let parts = &self.0;
        parts.store.release_all_deliveries(parts.clock.now()).await?;
        let this = self.clone();
        parts.tasks.spawn(async move { this.deliver_until_stopped().await });
        Ok(())
    }

    /// Breaks off all attempts, and gives them up to others.
    pub async fn stop(&self) {
        let parts = &self.0;
        parts.tasks.stop(parts.clock.sleep(LAST_RECORD)).await;
        if let Err(error) = parts.store.release_deliveries(parts.owner, parts.clock.now()).await {
            info!(%error, "could not give up deliveries; others will notice by the lease");
        }
    }

    /// Which URLs and addresses may be called.
    pub fn networks(&self) -> &Networks {
        &self.0.settings.networks
    }

    /// There may be something to do: an event, or what a person asked for.
    pub fn wake(&self) {
        self.0.places.news.notify_one();
    }

    /// Has a test message sent, once. Returns its id and what became of the request.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn test(
        &self,
        webhook: Uuid,
        audit: &NewAuditEntry,
    ) -> Result<(Uuid, Tested), Error> {
        let parts = &self.0;
        let (event_id, now) = (parts.clock.fresh_id(), parts.clock.now());
        let data = serde_json::to_value(WebhookTest { webhook_id: webhook }).unwrap_or_default();
        let event = CloudEvent::outside_the_feed(
            event_id,
            TEST,
            webhook,
            now,
            data,
            &parts.settings.envelope,
        );
        let test = TestDelivery { event_id, kind: TEST.to_owned(), body: body(&event), now };
        let tested = parts.store.test_webhook(webhook, test, audit).await?;
        self.wake();
        Ok((event_id, tested))
    }
}

/// What is sent.
fn body(event: &CloudEvent) -> String {
    serde_json::to_string(event).expect("an event is plain values")
}

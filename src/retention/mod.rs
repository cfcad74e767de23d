//! Keeping and forgetting: what is over for long enough is written to the archive and deleted from the
//! database.
//!
//! One process at a time leads. It takes small batches, found by index only, each through four steps:
//!
//! ```text
//! append to the archive, flush ──► promise it ──► read it back ──► delete what is as it was read
//!                                  (manifest)                      (one fenced transaction,
//!                                                                   which also moves the mark)
//! ```
//!
//! The mark, in the database, says up to where the archive is done with. What is promised behind it is a batch
//! whose leader died or lost its lead before it deleted: the next leader begins with the third step of that
//! batch. So wherever a process dies, a saga is in the database, or in the archive's promised part, or in
//! both and soon only in the archive; and it is not archived a second time, unless it has changed since.
//!
//! The invariants: no row of a saga is deleted but in a transaction that compares all of its rows with what the
//! archive gave back (`store/forget_sagas.rs`); no sagas of an order are forgotten before all of them are over
//! ([`rule`]); no event is forgotten that a sink has not been told of (`store/forget_events.rs`). Promises
//! 69 to 71.

mod archive;
mod look;
mod others;
mod rule;
mod sagas;
mod tempo;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tracing::info;
use uuid::Uuid;

pub use archive::{ArchiveError, Condition, Verified, file_of, find, verify};
pub use look::{Failure, Looked};

use crate::clock::Clock;
use crate::lifecycle::Tasks;
use crate::pacing::Courtesy;
use crate::store::{Failpoints, Store};

/// How long what is being forgotten may take once the process is to stop.
const LAST_BATCH: Duration = Duration::from_secs(2);

/// What is kept for how long; `None` is for ever.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Sagas that are over, and where to.
    pub sagas: Option<(Duration, PathBuf)>,
    /// Events that every sink was told of.
    pub events: Option<Duration>,
    /// Deliveries and mails that are dealt with.
    pub deliveries: Option<Duration>,
    /// How often to look for what may be forgotten.
    pub every: Duration,
    /// How long a process that has fallen silent keeps the lead.
    pub lease: Duration,
    /// Lets checkouts go first.
    pub courtesy: Courtesy,
    /// See [`Failpoints`]; `None` except in tests.
    pub failpoints: Option<Arc<dyn Failpoints>>,
}

/// Forgets what is over, where this process leads.
#[derive(Clone, Debug)]
pub struct Retention(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    clock: Clock,
    settings: Settings,
    /// Names this process in the lead.
    owner: Uuid,
    is_failing: AtomicBool,
    tasks: Tasks,
}

impl Retention {
    /// Forgets nothing before [`Retention::run`]. `None` where everything is kept for ever.
    pub fn new(store: Store, settings: Settings, clock: Clock) -> Option<Self> {
        let Settings { sagas, events, deliveries, .. } = &settings;
        if sagas.is_none() && events.is_none() && deliveries.is_none() {
            return None;
        }
        let (owner, tasks) = (clock.fresh_id(), Tasks::default());
        let is_failing = AtomicBool::new(false);
        Some(Self(Arc::new(Parts { store, clock, settings, owner, is_failing, tasks })))
    }

    /// Looks now and then for what may be forgotten, until the process stops.
    pub fn run(&self) {
        let this = self.clone();
        self.0.tasks.spawn(async move {
            loop {
                // A failure is logged and noted already, and the next look tries again.
                drop(this.look().await);
                let pause = this.0.clock.sleep(this.0.settings.every);
                if this.0.tasks.unless_stopping(pause).await.is_none() {
                    return;
                }
            }
        });
    }

    /// Ends after the batch in hand, and gives up the lead.
    pub async fn stop(&self) {
        let parts = &self.0;
        parts.tasks.stop(parts.clock.sleep(LAST_BATCH)).await;
        if let Err(error) = parts.store.resign_forgetting(parts.owner).await {
            info!(%error, "could not give up the lead of forgetting; its lease will lapse");
        }
    }
}

//! Events: what happened to orders, told to whoever listens.
//!
//! An event is written in the transaction that makes it true, without a position. The **sequencer** gives
//! positions to what is committed; one process leads it at a time. Every reader is a cursor on positions:
//! the feed's clients keep theirs, each sink's is a row that one process leads at a time.
//!
//! ```text
//!   transaction ──► outbox row ──► position ──┬──► feed (the client's own cursor)
//!                   no position    sequencer  └──► sinks (a cursor each)
//! ```
//!
//! The invariants: positions have no gaps and never change; within an order they follow the versions; a
//! reader that has seen a position can't miss a lower one, whatever commits late (promise 59).

mod cloud_event;
mod feed;
mod leading;
mod schema;
mod sequencer;
mod sink;
mod standing;
mod type_filter;
mod watch;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::watch::Sender;
use tracing::info;
use uuid::Uuid;

use crate::clock::Clock;
use crate::lifecycle::Tasks;
use crate::pacing::Courtesy;
use crate::store::{Error, Stamp, Store};

pub use cloud_event::{CloudEvent, Envelope, MEDIA_TYPE};
pub use feed::{FeedPage, FeedQuery, MAX_WAIT, PageError};
pub use schema::{WEBHOOK_TEST, schema, schemas};
pub use sequencer::{Led, SequencerTurn};
pub use sink::{Begins, Progress, Sink, SinkError, SinkTurn};
pub use standing::SinkStanding;
pub use type_filter::TypeFilter;

/// How long events that are being told may take once the process is to stop.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How events are told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What all events have in common.
    pub envelope: Envelope,
    /// How long a process that has fallen silent keeps the lead of a cursor.
    pub lease: Duration,
    /// Lets checkouts go first.
    pub courtesy: Courtesy,
}

/// The events of this process: sequences them where it leads, and knows how far positions go.
#[derive(Clone, Debug)]
pub struct Events(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    clock: Clock,
    settings: Settings,
    sinks: Vec<Arc<dyn Sink>>,
    /// Names this process in the cursors that it leads.
    owner: Uuid,
    /// The last position that this process knows of.
    head: Sender<i64>,
    /// The orders that somebody here follows.
    followed: DashMap<Uuid, Sender<Stamp>>,
    /// How the sinks stood a moment ago.
    standings: Mutex<Vec<SinkStanding>>,
    tasks: Tasks,
}

impl Events {
    /// Tells nothing before [`Events::run`].
    pub fn new(store: Store, sinks: Vec<Arc<dyn Sink>>, settings: Settings, clock: Clock) -> Self {
        let owner = clock.fresh_id();
        let (head, followed) = (Sender::new(0), DashMap::new());
        Self(Arc::new(Parts {
            store,
            clock,
            settings,
            sinks,
            owner,
            head,
            followed,
            standings: Mutex::default(),
            tasks: Tasks::default(),
        }))
    }

    /// Gives each sink that is new its cursor.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_cursors(&self) -> Result<(), Error> {
        let parts = &self.0;
        for sink in &parts.sinks {
            let begins = match sink.begins() {
                Begins::AtFirst => 0,
                Begins::Now => parts.store.last_position().await?,
            };
            parts.store.add_cursor(sink.name(), begins).await?;
        }
        Ok(())
    }

    /// Begins to give out positions and to tell the sinks, where this process leads.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn run(&self) -> Result<(), Error> {
        self.add_cursors().await?;
        let parts = &self.0;
        let this = self.clone();
        parts.tasks.spawn(async move { this.sequence_until_stopped().await });
        let this = self.clone();
        parts.tasks.spawn(async move { this.look_until_stopped().await });
        let this = self.clone();
        parts.tasks.spawn(async move { this.measure_until_stopped().await });
        for sink in parts.sinks.clone() {
            let this = self.clone();
            parts.tasks.spawn(async move { this.tell_until_stopped(&*sink).await });
        }
        Ok(())
    }

    /// Ends everything that waits for events, and gives up all leads. A sink whose receiver doesn't answer
    /// is left alone after a moment: its cursor stands where it stood, so that the events are told again.
    pub async fn stop(&self) {
        let parts = &self.0;
        parts.tasks.stop(parts.clock.sleep(LAST_WORD)).await;
        if let Err(error) = parts.store.resign(parts.owner).await {
            info!(%error, "could not give up the lead of the events; others will notice by the lease");
        }
    }
}

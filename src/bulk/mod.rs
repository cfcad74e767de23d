//! Bulk runs: an operator's action, done to many sagas one after the other.
//!
//! A run is prepared first: its sagas are frozen as (id, version), and what the action will do to each is
//! computed by the function that does it. Once started, one replica at a time carries it out: a canary of a
//! few sagas first, then wave after wave, at no more than so many a second. A saga that comes back with what
//! it was stuck with halts the run.
//!
//! ```text
//!   prepared ──► running ◄──► paused
//!                 │   ▲
//!                 │   └────── halted      by itself; `start` and `resume` go on
//!                 ├─────────► done
//!                 └─────────► stopped     from anywhere but done
//! ```
//!
//! The invariants (promise 64): no saga is acted on at another version than the frozen one, so that none is
//! acted on twice, whatever dies in between; and each item ends with a result that is true.

mod act;
mod carry_out;
mod cause;
mod judge;
mod moves;
mod pace;
mod plan;
mod prepare;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;
use uuid::Uuid;

use crate::clock::Clock;
use crate::engine::Executor;
use crate::store::Store;

pub use carry_out::{Progress, Turns};
pub use moves::{BulkVerb, NotMoved};
pub use plan::Plan;
pub use prepare::{MOST, NewRun, NotPrepared, Preview, Wanted};

/// The bulk runs of this process: prepares and moves them, and carries them out where it leads.
#[derive(Clone, Debug)]
pub struct Bulk(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    executor: Executor,
    clock: Clock,
    /// How long a process that has fallen silent keeps the lead of a run.
    lease: Duration,
    /// Names this process in the runs that it leads.
    owner: Uuid,
    /// A run was moved here.
    news: Notify,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Bulk {
    /// Carries nothing out before [`Bulk::run`].
    pub fn new(store: Store, executor: Executor, lease: Duration, clock: Clock) -> Self {
        let (owner, news) = (clock.fresh_id(), Notify::new());
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        Self(Arc::new(Parts { store, executor, clock, lease, owner, news, stopping, tasks }))
    }

    /// Begins to carry runs out, where this process leads.
    pub fn run(&self) {
        let this = self.clone();
        self.0.tasks.spawn(async move { this.carry_out_until_stopped().await });
    }

    /// Leaves what is in hand to others, and gives up all leads.
    pub async fn stop(&self) {
        let parts = &self.0;
        parts.stopping.cancel();
        parts.tasks.close();
        parts.tasks.wait().await;
        if let Err(error) = parts.store.resign_bulk_runs(parts.owner).await {
            info!(%error, "could not give up the lead of bulk runs; others will notice by the lease");
        }
    }
}

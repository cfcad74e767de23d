//! The three stages in which an executor stops, and the tasks that it waits for.
//!
//! ```text
//!  draining            cut                       closing
//!  no new work  ─────► calls in flight  ───────► heartbeats, claims
//!               grace  are cut off      settled  and counts end
//! ```

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use super::permit::Permits;
use crate::clock::Clock;

/// Sagas have this long to be written down after their calls were cut off.
const AFTER_CUT: Duration = Duration::from_secs(5);

/// What stops an executor's tasks.
#[derive(Debug, Default)]
pub(super) struct Shutdown {
    /// Cancelled when nothing new is to be begun.
    pub(super) draining: CancellationToken,
    /// Cancelled when calls in flight are to be cut off.
    pub(super) cut: CancellationToken,
    /// Cancelled when the tasks besides sagas are to end.
    closing: CancellationToken,
    /// Sagas, and what operators do to them.
    pub(super) sagas: TaskTracker,
    /// Everything else.
    tasks: TaskTracker,
}

impl Shutdown {
    pub(super) fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Runs a task that ends of itself.
    pub(super) fn spawn_to_its_end(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Runs a task until the executor has stopped.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        self.tasks.spawn(async move { closing.run_until_cancelled(task).await });
    }

    /// Begins nothing new, lets sagas come to where they can be given up, cuts their calls off
    /// after `grace`, and then ends the other tasks.
    pub(super) async fn drain(&self, grace: Duration, clock: &Clock, permits: &Permits) {
        self.draining.cancel();
        self.sagas.close();
        tokio::select! {
            biased;
            () = self.sagas.wait() => {}
            () = clock.sleep(grace) => {
                warn!(sagas = permits.in_use(), "cuts off calls that are still in flight");
                self.cut.cancel();
                tokio::select! {
                    biased;
                    () = self.sagas.wait() => {}
                    () = clock.sleep(AFTER_CUT) => {
                        error!("could not write everything down; others take it over");
                    }
                }
            }
        }
        self.closing.cancel();
    }
}

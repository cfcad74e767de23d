//! The intake of this process: takes messages, and gives the answers that are owed, until it is stopped.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::amqp::{Server, Standing, Stands};
use crate::checkout::Desk;
use crate::clock::Clock;
use crate::engine::Executor;
use crate::pacing::Pacing;
use crate::store::Store;

/// The first and the longest pause before the server is tried again, jitter aside.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// What is taken, and how much of it at once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `intake.queue`.
    pub queue: String,
    /// `intake.prefetch`.
    pub prefetch: u16,
}

/// Takes orders from a queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake(pub(super) Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) server: Server,
    pub(super) settings: Settings,
    pub(super) desk: Desk,
    /// Knows how many places are free.
    pub(super) executor: Executor,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) stands: Stands,
    pub(super) stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Intake {
    /// Takes nothing before [`Intake::run`].
    pub fn new(
        server: Server,
        settings: Settings,
        desk: Desk,
        executor: Executor,
        store: Store,
        clock: Clock,
    ) -> Self {
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let stands = Stands::default();
        let parts =
            Parts { server, settings, desk, executor, store, clock, stands, stopping, tasks };
        Self(Arc::new(parts))
    }

    /// How it stands.
    pub fn stands(&self) -> Stands {
        self.0.stands.clone()
    }

    /// Begins to take messages and to give answers.
    pub fn run(&self) {
        let (taking, answering) = (self.clone(), self.clone());
        self.0.tasks.spawn(async move { taking.take_until_stopped().await });
        self.0.tasks.spawn(async move { answering.answer_until_stopped().await });
    }

    /// Takes nothing more. What is not acknowledged goes back to the queue, for another replica; what is
    /// owed is given by another replica, or after the next start.
    pub async fn stop(&self) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn take_until_stopped(&self) {
        let parts = &self.0;
        let mut pacing = Self::pacing();
        while let Err(error) = self.consume(&mut pacing).await {
            let words = error.to_string();
            let before = parts.stands.set(Standing::Down(words.clone()));
            if before != Standing::Down(words) {
                warn!(queue = parts.settings.queue, %error, "can't take orders; tries again");
            }
            let pause = parts.clock.sleep(pacing.pause(parts.clock.chance()));
            if parts.stopping.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// The queue can be consumed.
    pub(super) fn is_up(&self) {
        let before = self.0.stands.set(Standing::Consuming);
        if matches!(before, Standing::Down(_)) {
            info!(queue = self.0.settings.queue, "takes orders from the queue");
        }
    }

    pub(super) fn pacing() -> Pacing {
        Pacing::new(PAUSES.0, PAUSES.1)
    }
}

//! The intake of this process: takes messages, and gives the answers that are owed, until it is stopped.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::amqp::{Server, Standing, Stands};
use crate::checkout::Desk;
use crate::clock::Clock;
use crate::engine::Executor;
use crate::lifecycle::Tasks;
use crate::pacing::Pacing;
use crate::store::Store;

/// How long what is being taken or answered may take once the process is to stop.
const LAST_WORD: Duration = Duration::from_secs(1);

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
    pub(super) tasks: Tasks,
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
        let (stands, tasks) = (Stands::default(), Tasks::default());
        let parts = Parts { server, settings, desk, executor, store, clock, stands, tasks };
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
    /// owed is given by another replica, or after the next start. A server that doesn't answer gets no
    /// goodbye.
    pub async fn stop(&self) {
        self.0.tasks.stop(self.0.clock.sleep(LAST_WORD)).await;
    }

    async fn take_until_stopped(&self) {
        let parts = &self.0;
        let mut pacing = Pacing::server();
        while let Err(error) = self.consume(&mut pacing).await {
            let words = error.to_string();
            let before = parts.stands.set(Standing::Down(words.clone()));
            if before != Standing::Down(words) {
                warn!(queue = parts.settings.queue, %error, "can't take orders; tries again");
            }
            let pause = parts.clock.sleep(pacing.pause(parts.clock.chance()));
            if parts.tasks.unless_stopping(pause).await.is_none() {
                return;
            }
        }
    }

    /// The queue can be consumed, and is, or waits for a place.
    pub(super) fn is_up(&self, standing: Standing) {
        let before = self.0.stands.set(standing);
        if matches!(before, Standing::Down(_)) {
            info!(queue = self.0.settings.queue, "takes orders from the queue");
        }
    }
}

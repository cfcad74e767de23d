//! The log writer: commits what all sagas of this process have to write together.
//!
//! A commit mostly waits for a disk, however many sagas are in it, and one commit for each saga
//! would be more than the database can do. So there is one commit at a time, and it takes along
//! everything that was handed in during the one before: alone, a saga waits for nobody, and under
//! load many share a commit. Writes of one saga that are in no commit yet are merged into one.
//!
//! ```text
//!  commit     ├──── A ────┤├──── B C D ────┤├──── E F ───
//!  handed in  A   B  C  D    E   F
//! ```
//!
//! This is safe although a commit's outcome can be unknown: the batch is repeated until it is
//! known, and the guards of each write (owner, fence, revision) keep it from happening twice
//! (promise 21). Nothing is given up because a commit failed, except acceptances that surely were
//! not written: their clients are told so. After a failure no saga is accepted until a write comes
//! through; if there is nothing to write, the writer tries with a write that means nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::coalesce::{CoalescingTimer, Wait};
use super::limiter::Limiter;
use super::metrics::Metrics;
use super::queued::{Answered, Queued, may_be_written, renew, turn_away};
use super::write_health::{Source, WriteHealth};
use crate::clock::Clock;
use crate::pacing::Pacing;
use crate::saga::SagaId;
use crate::store::{Committer, Error, Fate, Store, Write};

/// The most sagas in one commit.
const MAX_BATCH: usize = 256;
/// The outcome of a commit that takes longer than this counts as unknown.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Who is told how commits go.
#[derive(Debug)]
pub(super) struct LogObservers {
    pub(super) metrics: Arc<Metrics>,
    pub(super) limiter: Arc<Limiter>,
    pub(super) health: Arc<WriteHealth>,
}

/// Where writes are handed in.
#[derive(Debug)]
pub(super) struct LogWriter {
    queue: mpsc::UnboundedSender<Queued>,
    timer: CoalescingTimer,
    /// The last commit failed.
    down: Arc<AtomicBool>,
}

impl LogWriter {
    /// A handle, and the task that writes: it ends once the handle is gone and everything is
    /// written.
    pub(super) fn start(
        store: &Store,
        clock: &Clock,
        observers: LogObservers,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        // It needs no bound of its own: at most `executor.concurrency` sagas are driven, and each
        // has at most three writes on their way.
        let (sender, queue) = mpsc::unbounded_channel();
        let writer = Writer {
            store: store.clone(),
            committer: store.committer(clock.clone()),
            clock: clock.clone(),
            observers,
            queue,
            waiting: VecDeque::new(),
            pacing: Pacing::database(),
            down: Arc::default(),
        };
        let timer = CoalescingTimer::new(clock.clone());
        (Self { queue: sender, timer, down: writer.down.clone() }, writer.run())
    }

    /// Hands a write in. Its driver and the listeners are told what became of it; their channels close
    /// if the writer is gone.
    pub(super) fn submit(
        &self,
        write: Write,
        driver: oneshot::Sender<Answered>,
        heard_by: Vec<oneshot::Sender<Fate>>,
    ) {
        let drivers = vec![driver];
        drop(self.queue.send(Queued { write, drivers, heard_by, maybe_written: false }));
    }

    /// The wait before a change is handed in that nothing depends on yet: most are written together
    /// with what follows.
    pub(super) fn coalesce(&self) -> Wait {
        self.timer.wait()
    }

    /// Whether the database is out of reach, so that a write handed in now would wait.
    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }
}

struct Writer {
    store: Store,
    committer: Committer,
    clock: Clock,
    observers: LogObservers,
    queue: mpsc::UnboundedReceiver<Queued>,
    /// What was taken from the queue and is in no batch yet, oldest first.
    waiting: VecDeque<Queued>,
    /// Pauses between attempts while the database is out of reach.
    pacing: Pacing,
    down: Arc<AtomicBool>,
}

impl Writer {
    async fn run(mut self) {
        while let Some(batch) = self.next_batch().await {
            self.write(batch).await;
            while self.down.load(Ordering::Acquire) && self.waiting.is_empty() {
                if self.queue.is_closed() && self.queue.is_empty() {
                    return;
                }
                self.try_to_write().await;
            }
        }
    }

    /// Finds out whether the database can be written to again.
    async fn try_to_write(&mut self) {
        self.pause().await;
        if !self.waiting.is_empty() {
            return;
        }
        self.observers.health.begins(Source::Log);
        let written = self.store.commit_probe();
        match self.clock.within(COMMIT_TIMEOUT, Box::pin(written)).await {
            Some(Ok(())) => self.is_up(),
            Some(Err(error)) => self.is_down(&error),
            None => self.is_down(&too_long()),
        }
    }

    /// The next batch: what waits, merged by saga, up to [`MAX_BATCH`] sagas. `None` once the
    /// handle is gone and nothing waits.
    async fn next_batch(&mut self) -> Option<Vec<Queued>> {
        if self.waiting.is_empty() {
            let first = self.queue.recv().await?;
            self.waiting.push_back(first);
        }
        let mut batch: Vec<Queued> = Vec::new();
        let mut positions: HashMap<SagaId, Option<usize>> = HashMap::new();
        let mut left = VecDeque::new();
        let Self { waiting, queue, .. } = self;
        // What does not fit stays in the queue: thousands of writes should not be moved twice.
        while batch.len() < MAX_BATCH
            && let Some(queued) = waiting.pop_front().or_else(|| queue.try_recv().ok())
        {
            let id = queued.write.saga.id;
            match positions.get(&id) {
                Some(Some(at)) if queued.follows(&batch[*at]) => batch[*at].merge(queued),
                None => {
                    positions.insert(id, Some(batch.len()));
                    batch.push(queued);
                }
                // It belongs to another claim of the saga: it and all later ones wait for the next
                // batch.
                Some(_) => {
                    positions.insert(id, None);
                    left.push_back(queued);
                }
            }
        }
        // Order is kept: what is left over came before what was not looked at.
        left.append(waiting);
        self.waiting = left;
        Some(batch)
    }

    /// Writes a batch, however often that has to be tried.
    async fn write(&mut self, mut batch: Vec<Queued>) {
        let mut is_first = true;
        while !batch.is_empty() {
            renew(&mut batch, self.clock.now());
            let began = self.clock.monotonic();
            self.observers.health.begins(Source::Log);
            let committed = {
                let writes: Vec<_> = batch.iter().map(|queued| &queued.write).collect();
                self.clock.within(COMMIT_TIMEOUT, self.committer.commit(&writes)).await
            };
            match committed {
                Some(Ok(fates)) => {
                    self.observers.metrics.committed(batch.len());
                    self.observers.limiter.committed(self.clock.monotonic().saturating_sub(began));
                    self.is_up();
                    return batch
                        .into_iter()
                        .zip(fates)
                        .for_each(|(queued, fate)| queued.tell(fate));
                }
                Some(Err(Error::Refused(cause))) if batch.len() == 1 => {
                    self.observers.health.came_through(Source::Log);
                    let id = batch[0].write.saga.id;
                    error!(saga.id = %id, error = %cause, "the database refuses what this saga has to write");
                    return batch.into_iter().for_each(Queued::refuse);
                }
                Some(Err(Error::Refused(_))) => {
                    // One of them is refused and fails them all: each is tried by itself.
                    for queued in batch {
                        Box::pin(self.write(vec![queued])).await;
                    }
                    return;
                }
                // A connection that broke says nothing about the next one: try once more at once.
                Some(Err(error)) if is_first && error.is_of_connection() => {
                    is_first = false;
                    if matches!(error, Error::OutcomeUnknown(_)) {
                        may_be_written(&mut batch);
                    }
                    continue;
                }
                Some(Err(error @ (Error::Unavailable(_) | Error::Unusable(_)))) => {
                    self.is_down(&error);
                }
                Some(Err(error @ Error::OutcomeUnknown(_))) => {
                    may_be_written(&mut batch);
                    self.is_down(&error);
                }
                None => {
                    may_be_written(&mut batch);
                    self.is_down(&too_long());
                }
            }
            batch = turn_away(batch);
            self.pause().await;
        }
    }

    fn is_down(&mut self, cause: &Error) {
        self.observers.health.failed(Source::Log, cause.in_words());
        if !self.down.swap(true, Ordering::AcqRel) {
            warn!(
                error = %cause,
                "the database is out of reach; what is to be written waits for it"
            );
        }
    }

    fn is_up(&mut self) {
        self.observers.health.came_through(Source::Log);
        self.pacing.reset();
        if self.down.swap(false, Ordering::AcqRel) {
            info!("the database is back");
        }
    }

    /// Waits before the next attempt. Acceptances that come in meanwhile are refused at once.
    async fn pause(&mut self) {
        let (clock, pause) = (self.clock.clone(), self.pacing.pause(self.clock.chance()));
        let waited = clock.sleep(pause);
        tokio::pin!(waited);
        loop {
            tokio::select! {
                biased;
                () = &mut waited => break,
                Some(queued) = self.queue.recv() => self.waiting.push_back(queued),
            }
            self.waiting = turn_away(std::mem::take(&mut self.waiting).into()).into();
        }
    }
}

fn too_long() -> Error {
    Error::Unusable("a commit took too long".to_owned())
}

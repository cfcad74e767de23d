//! The log writer: what all sagas of this process have to write goes to the database together.
//!
//! A commit is begun as soon as the one before has returned, with everything that came in
//! meanwhile: alone, a saga waits for nobody, and many share one commit. Writes of one saga that
//! are not written yet become one. A batch whose outcome is unknown is repeated until it is known;
//! its guards make that safe. Nothing is given up for a failed save but an acceptance, whose client
//! is told so. Until something can be written again, none is taken in: with nothing else to write, it
//! tries with something of no meaning.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::coalesce::{CoalescingTimer, Wait};
use super::limiter::Limiter;
use super::metrics::Metrics;
use super::queued::{Queued, Written, may_be_written, turn_away};
use super::write_health::{Source, WriteHealth};
use crate::clock::Clock;
use crate::order::OrderId;
use crate::pacing::Pacing;
use crate::store::{Committer, Error, Store, Write};

/// The most sagas in one commit.
const MAX_BATCH: usize = 256;
/// A commit that takes longer counts as of unknown outcome.
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
    /// The last commit did not come through.
    down: Arc<AtomicBool>,
}

impl LogWriter {
    /// Begins a writer; it ends when the last handle is gone and everything is written.
    pub(super) fn start(
        store: &Store,
        clock: &Clock,
        observers: LogObservers,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        // Unbounded, as what can be in it is bounded by `executor.concurrency`: a saga has at most
        // three writes on their way.
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

    /// Hands a write in. Who listens hears what became of it, or that the writer is gone.
    pub(super) fn submit(&self, write: Write, done: Vec<oneshot::Sender<Written>>) {
        drop(self.queue.send(Queued { write, done, maybe_written: false }));
    }

    /// A wait before a change that nothing depends on is handed in: most are merged with one that
    /// follows.
    pub(super) fn coalesce(&self) -> Wait {
        self.timer.wait()
    }

    /// Whether what is handed in now would have to wait for the database.
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
    waiting: VecDeque<Queued>,
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

    /// Finds out whether something can be written again.
    async fn try_to_write(&mut self) {
        self.pause().await;
        if !self.waiting.is_empty() {
            return;
        }
        self.observers.health.begins(Source::Log);
        let written = self.store.write_something();
        match self.clock.within(COMMIT_TIMEOUT, Box::pin(written)).await {
            Some(Ok(())) => self.is_up(),
            Some(Err(error)) => self.is_down(&error),
            None => self.is_down(&too_long()),
        }
    }

    /// Everything that waits, merged by saga, as far as it goes into one commit; `None` when nothing
    /// waits and nothing can come.
    async fn next_batch(&mut self) -> Option<Vec<Queued>> {
        if self.waiting.is_empty() {
            let first = self.queue.recv().await?;
            self.waiting.push_back(first);
        }
        let mut batch: Vec<Queued> = Vec::new();
        let mut positions: HashMap<OrderId, Option<usize>> = HashMap::new();
        let mut left = VecDeque::new();
        let Self { waiting, queue, .. } = self;
        // What else there is stays where it is: a thousand at once must not be kept twice.
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
                // Of another claim of the saga: this and what follows it wait.
                Some(_) => {
                    positions.insert(id, None);
                    left.push_back(queued);
                }
            }
        }
        // In the order in which they came: what is left was before what was not looked at.
        left.append(waiting);
        self.waiting = left;
        Some(batch)
    }

    /// Writes a batch, however long it takes.
    async fn write(&mut self, mut batch: Vec<Queued>) {
        let mut is_first = true;
        while !batch.is_empty() {
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
                    // One of them spoils it for all: each by itself.
                    for queued in batch {
                        Box::pin(self.write(vec![queued])).await;
                    }
                    return;
                }
                // A connection that was ended says nothing of the next.
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

    /// Waits a little; who wants to be accepted meanwhile is turned away at once.
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

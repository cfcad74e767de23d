//! The executor: accepts checkouts, drives what it owns, and gives everything up when it stops.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;
use uuid::Uuid;

use super::drive::Drive;
use super::kind::Kind;
use super::lease::Life;
use super::metrics::Metrics;
use super::settings::Settings;
use super::waiting::{Acceptance, Seen, Taken, Waiter, Waiting};
use super::writer::{LogWriter, Written};
use crate::clock::{Clock, fresh_id};
use crate::order::{Line, OrderId, UserId};
use crate::saga::{Context, Definition, Instance, Kinds, Position, State};
use crate::store::{Accepted as Acceptable, Base, Found, Store};
use crate::trace::TraceParent;

/// How long a client that only wants to be accepted waits for that.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(10);
/// A saga whose driver broke is left alone for so long.
const AFTER_A_PANIC: Duration = Duration::from_secs(30);

/// A saga to be.
#[derive(Clone, Debug)]
pub struct NewSaga {
    /// Of which kind.
    pub definition: &'static Definition,
    /// For whom.
    pub user_id: UserId,
    /// The cart's.
    pub lines: Vec<Line>,
    /// Which neighbours are idempotent now.
    pub kinds: Kinds,
    /// The client's key.
    pub idempotency_key: Option<String>,
    /// Of the request as parsed.
    pub fingerprint: String,
    /// The client's trace.
    pub trace: TraceParent,
}

/// Why nothing was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// As many sagas are being advanced as may be.
    Concurrency,
    /// As many sagas are open as may be.
    Backlog,
    /// The process is stopping.
    Draining,
    /// The database has not heard of this process for too long.
    NoLease,
}

/// A handle; clones drive the same sagas.
#[derive(Clone, Debug)]
pub struct Executor(pub(super) Arc<Shared>);

/// What all of an executor's tasks share.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) kinds: Vec<Arc<dyn Kind>>,
    pub(super) definitions: Vec<&'static Definition>,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) writer: LogWriter,
    pub(super) waiting: Waiting,
    pub(super) places: Arc<Semaphore>,
    pub(super) places_for_claims: Arc<Semaphore>,
    /// Nothing new is begun.
    pub(super) draining: CancellationToken,
    /// Calls in flight are cut off.
    pub(super) cut: CancellationToken,
    /// This executor's tasks besides sagas end.
    pub(super) closing: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) sagas: TaskTracker,
    pub(super) life: RwLock<Arc<Life>>,
    pub(super) name: String,
    /// Sagas not at rest, on all replicas: as last counted, and what changed here since.
    pub(super) open: AtomicU64,
    /// The earliest moment, in Unix milliseconds, at which a saga parked here is due.
    pub(super) next_due: AtomicI64,
    pub(super) claim_now: Notify,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn kind(&self, saga: &Instance) -> &dyn Kind {
        let kind = self.kinds.iter().find(|kind| std::ptr::eq(kind.definition(), saga.definition));
        // Instances are only made with a definition of this list.
        kind.expect("a saga's definition is one of this executor's").as_ref()
    }

    pub(super) fn life(&self) -> Arc<Life> {
        self.life.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// A saga parked here is due then: claims look by then.
    pub(super) fn due(&self, at: DateTime<Utc>) {
        let at = at.timestamp_millis();
        if self.next_due.fetch_min(at, Ordering::AcqRel) > at {
            self.claim_now.notify_one();
        }
    }

    pub(super) fn closed(&self, state: State, took: Duration) {
        self.metrics.came_to_rest(state, took);
        let one_less = |open: u64| Some(open.saturating_sub(1));
        // The closure never gives None.
        let _always = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
    }

    /// Drives a saga in a task of its own, that holds a place while it runs.
    pub(super) fn spawn(self: &Arc<Self>, drive: Drive, place: Place) {
        let shared = self.clone();
        let owned = (drive.saga.id, drive.life.id, drive.saga.fence);
        self.metrics.began();
        self.sagas.spawn(async move {
            let driven = std::panic::AssertUnwindSafe(drive.run()).catch_unwind().await;
            if driven.is_err() {
                shared.abandon(owned).await;
            }
            shared.metrics.ended();
            drop(place);
        });
    }

    /// A broken driver must not leave its saga behind.
    async fn abandon(&self, owned: (OrderId, Uuid, i64)) {
        error!(saga.id = %owned.0, "its driver panicked; it is left alone for a while");
        let now = self.clock.now();
        let due = now + AFTER_A_PANIC;
        if let Err(error) = self.store.abandon(owned, now, due).await {
            error!(saga.id = %owned.0, %error, "and could not be given up");
        }
    }
}

/// Permission to advance one saga.
#[derive(Debug)]
pub(super) struct Place {
    _place: Option<OwnedSemaphorePermit>,
    _among_claims: Option<OwnedSemaphorePermit>,
}

impl Place {
    pub(super) fn for_new(place: OwnedSemaphorePermit) -> Self {
        Self { _place: Some(place), _among_claims: None }
    }

    pub(super) fn for_word(place: Option<OwnedSemaphorePermit>) -> Self {
        Self { _place: place, _among_claims: None }
    }

    pub(super) fn for_claimed(place: OwnedSemaphorePermit, among: OwnedSemaphorePermit) -> Self {
        Self { _place: Some(place), _among_claims: Some(among) }
    }
}

impl Executor {
    /// This executor's present life.
    pub fn id(&self) -> Uuid {
        self.0.life().id
    }

    /// What it is called in logs: host and process id.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is stopping.
    pub fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    /// Sagas being advanced here now.
    pub fn in_flight(&self) -> usize {
        self.0.settings.concurrency.saturating_sub(self.0.places.available_permits())
    }

    /// Takes a saga in and drives it at once, here, with no queue between. What is returned only
    /// watches: dropping it stops nothing.
    ///
    /// # Errors
    /// Why not; then nothing was accepted.
    pub fn accept(&self, new: NewSaga) -> Result<Accepted, Shed> {
        self.place().map(|place| self.begin(new, place)).inspect_err(|_| self.0.metrics.shed())
    }

    fn place(&self) -> Result<Place, Shed> {
        let shared = &self.0;
        if self.is_draining() {
            return Err(Shed::Draining);
        }
        if !shared.life().holds() {
            return Err(Shed::NoLease);
        }
        if shared.open.load(Ordering::Acquire) >= shared.settings.backlog {
            return Err(Shed::Backlog);
        }
        let place = shared.places.clone().try_acquire_owned();
        place.map(Place::for_new).map_err(|_| Shed::Concurrency)
    }

    fn begin(&self, new: NewSaga, place: Place) -> Accepted {
        let shared = &self.0;
        let life = shared.life();
        let accepted = Acceptable {
            idempotency_key: new.idempotency_key.clone(),
            fingerprint: new.fingerprint.clone(),
        };
        let saga = self.instance(new, &life);
        let id = saga.id;
        let waiter = shared.waiting.subscribe(id);
        let mut drive = Drive::new(shared.clone(), life, saga, Base::New(accepted));
        let taken = drive.accept();
        shared.open.fetch_add(1, Ordering::AcqRel);
        shared.spawn(drive, place);
        Accepted { id, taken, waiter, shared: shared.clone() }
    }

    fn instance(&self, new: NewSaga, life: &Life) -> Instance {
        let now = self.0.clock.now();
        let context = Context::accepted(new.lines, new.kinds);
        Instance {
            id: OrderId(fresh_id()),
            definition: new.definition,
            user_id: new.user_id,
            state: new.definition.starts,
            stuck: None,
            position: Position::new(new.definition, &context, now),
            context,
            attempts: 0,
            next_attempt_at: None,
            failing_since: None,
            last_error: None,
            deadline_at: now + self.0.settings.deadline,
            owner: Some(life.id),
            fence: 1,
            revision: 0,
            created_at: now,
            updated_at: now,
            trace_parent: new.trace.to_string(),
            next_seq: 1,
            taken_over: false,
            unsaved: Vec::new(),
        }
    }

    /// Waits for news of a saga that was found undecided.
    pub async fn wait_for(&self, found: Found, wait: Duration) -> Seen {
        let mut waiter = self.0.waiting.subscribe(found.id);
        let shared = &self.0;
        let found = Seen::from(found);
        if found.is_worth_telling() {
            return found;
        }
        tokio::select! {
            seen = waiter.news(&shared.store, &shared.clock) => seen,
            () = shared.clock.sleep(wait) => found,
            () = shared.draining.cancelled() => found,
        }
    }
}

/// A saga that is being taken in, as its client sees it.
#[derive(Debug)]
pub struct Accepted {
    /// The order's id to be.
    pub id: OrderId,
    taken: Taken,
    waiter: Waiter,
    shared: Arc<Shared>,
}

impl Accepted {
    /// Waits until it is in the books, or surely not.
    pub async fn durable(self) -> Acceptance {
        tokio::select! {
            acceptance = heard(self.taken) => acceptance,
            () = self.shared.clock.sleep(ACCEPT_TIMEOUT) => Acceptance::Unknown,
        }
    }

    /// Waits until it is decided or needs a person, or for so long, or until the process stops.
    pub async fn decided(mut self, wait: Duration) -> (Acceptance, Option<Seen>) {
        let Shared { clock, store, draining, .. } = &*self.shared;
        let limit = clock.sleep(wait);
        tokio::pin!(limit);
        // Even who doesn't want to wait is only told what is durable.
        let taken = tokio::select! {
            biased;
            acceptance = heard(self.taken) => acceptance,
            () = clock.sleep(wait.max(ACCEPT_TIMEOUT)) => Acceptance::Unknown,
        };
        if taken != Acceptance::Durable {
            return (taken, None);
        }
        tokio::select! {
            biased;
            seen = self.waiter.news(store, clock) => (taken, Some(seen)),
            () = &mut limit => (taken, None),
            () = draining.cancelled() => (taken, None),
        }
    }
}

async fn heard(taken: Taken) -> Acceptance {
    match taken.await {
        Ok(Written::Durable) => Acceptance::Durable,
        Ok(Written::KeyTaken) => Acceptance::KeyTaken,
        Ok(Written::Absent | Written::Lost) => Acceptance::NotWritten,
        Err(_writer_gone) => Acceptance::Unknown,
    }
}

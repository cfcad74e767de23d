//! The executor: accepts checkouts, drives what it owns, and gives everything up when it stops.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use dashmap::DashMap;
use futures::FutureExt;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;
use uuid::Uuid;

use super::coalesce::CoalescingTimer;
use super::drive::Drive;
use super::kind::Kind;
use super::lease::Session;
use super::limiter::{Admission, Limiter};
use super::metrics::Metrics;
use super::settings::Settings;
use super::waiting::{Taken, Waiting};
use super::write_health::WriteHealth;
use super::writer::LogWriter;
use crate::clock::Clock;
use crate::order::{OrderId, UserId};
use crate::saga::machine::A_MOMENT;
use crate::saga::{Definition, Instance, State};
use crate::store::{Due, Identity, Store};

/// A saga whose driver broke is left alone for so long.
const AFTER_A_PANIC: Duration = Duration::from_secs(30);

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
    pub(super) health: Arc<WriteHealth>,
    pub(super) coalescing: CoalescingTimer,
    pub(super) waiting: Waiting,
    pub(super) permits: Arc<Semaphore>,
    pub(super) claim_permits: Arc<Semaphore>,
    pub(super) limiter: Arc<Limiter>,
    /// Nothing new is begun.
    pub(super) draining: CancellationToken,
    /// Calls in flight are cut off.
    pub(super) cut: CancellationToken,
    /// This executor's tasks besides sagas end.
    pub(super) closing: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) sagas: TaskTracker,
    pub(super) session: RwLock<Arc<Session>>,
    /// Milliseconds of the monotonic clock: until then, others' silence may be the database's.
    pub(super) grace_until: AtomicU64,
    pub(super) name: String,
    /// Sagas not at rest that are driven here or by nobody: as last counted, and what changed here
    /// since.
    pub(super) open: AtomicU64,
    /// The earliest moment, in Unix milliseconds, at which a saga parked here is due.
    pub(super) next_due: AtomicI64,
    pub(super) claim_now: Notify,
    /// The sagas that have a driver here.
    pub(super) active: DashMap<OrderId, Active>,
    /// What was accepted here and is still driven here, by what repeats are known by: what became of
    /// each acceptance.
    pub(super) accepting: DashMap<Identified, Known>,
    /// Executors whose last heartbeat is later than now, and when that one was first seen.
    pub(super) ahead: DashMap<Uuid, (DateTime<Utc>, Duration)>,
    /// There was something to claim and no place for it: the next one that is free is told of.
    pub(super) claim_waits: AtomicBool,
    /// A saga may be ours by the books that nobody here drives.
    pub(super) may_have_lost: AtomicBool,
}

/// What repeats of a user's request are known by.
pub(super) type Identified = (UserId, Identity);

/// What becomes of an acceptance, for any number of listeners.
pub(super) type Known = futures::future::Shared<Taken>;

/// A saga's driver in this process.
#[derive(Clone, Debug)]
pub(super) struct Active {
    /// Under which claim it drives.
    pub(super) fence: i64,
    /// Cancelled when an operator waits for the saga: it is given up as soon as that does no harm.
    pub(super) yield_to_operator: CancellationToken,
    /// And calls that their keys settle later are cut off for it.
    pub(super) cut_calls: CancellationToken,
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

    pub(super) fn session(&self) -> Arc<Session> {
        self.session.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// What is due now.
    pub(super) fn due_now(&self) -> Due {
        let (now, policy) = (self.clock.now(), &self.settings.policy);
        Due {
            now,
            usual: now + policy.usual_pause(),
            latest: now + policy.longest_pause(),
            written: now + A_MOMENT,
        }
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
    pub(super) fn spawn(self: &Arc<Self>, drive: Drive, permit: Permit) {
        let (shared, accepts) = (self.clone(), drive.accepts.clone());
        let owned = (drive.saga.id, drive.session.id, drive.saga.fence);
        self.metrics.began();
        let active = Active {
            fence: drive.saga.fence,
            yield_to_operator: drive.yield_to_operator.clone(),
            cut_calls: drive.cut_calls.clone(),
        };
        self.active.insert(drive.saga.id, active);
        // In one place: thousands wait in here, and a future would hold it several times over.
        let drive = Box::new(drive);
        let is_claimed = permit.is_for_claimed();
        self.sagas.spawn(async move {
            let _admission = if is_claimed {
                shared.admission(&drive).await
            } else {
                Some(shared.limiter.clone().admit_new())
            };
            let driven = std::panic::AssertUnwindSafe(drive.run()).catch_unwind().await;
            if driven.is_err() {
                shared.abandon(owned).await;
            }
            shared.active.remove_if(&owned.0, |_, active| active.fence == owned.2);
            shared.waiting.left(owned.0);
            accepts.map(|key| shared.accepting.remove(&key));
            shared.metrics.ended();
            drop(permit);
            if shared.claim_waits.swap(false, Ordering::AcqRel) {
                shared.claim_now.notify_one();
            }
        });
    }

    /// Waits until a claimed saga may be driven, or must be given up.
    async fn admission(&self, drive: &Drive) -> Option<Admission> {
        tokio::select! {
            biased;
            admission = self.limiter.clone().admit_claimed() => Some(admission),
            () = self.draining.cancelled() => None,
            () = drive.yield_to_operator.cancelled() => None,
            () = drive.session.ended.cancelled() => None,
        }
    }

    /// A broken driver must not leave its saga behind.
    async fn abandon(&self, owned: (OrderId, Uuid, i64)) {
        error!(saga.id = %owned.0, "its driver panicked; it is left alone for a while");
        let now = self.clock.now();
        let due = now + AFTER_A_PANIC;
        if let Err(error) = self.store.abandon(owned, now, due).await {
            self.may_have_lost.store(true, Ordering::Release);
            error!(saga.id = %owned.0, %error, "and could not be given up");
        }
    }
}

/// Permission to advance one saga.
#[derive(Debug)]
pub(super) struct Permit {
    _of_all: Option<OwnedSemaphorePermit>,
    of_claims: Option<OwnedSemaphorePermit>,
}

impl Permit {
    pub(super) fn for_new(permit: OwnedSemaphorePermit) -> Self {
        Self { _of_all: Some(permit), of_claims: None }
    }

    pub(super) fn for_operator(permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { _of_all: permit, of_claims: None }
    }

    fn is_for_claimed(&self) -> bool {
        self.of_claims.is_some()
    }

    pub(super) fn for_claimed(
        of_all: OwnedSemaphorePermit,
        of_claims: OwnedSemaphorePermit,
    ) -> Self {
        Self { _of_all: Some(of_all), of_claims: Some(of_claims) }
    }
}

impl Executor {
    /// This executor's present life.
    pub fn id(&self) -> Uuid {
        self.0.session().id
    }

    /// What it is called in logs: host and process id.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is stopping.
    pub fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    /// Why no checkout can be taken in now, as far as is known here.
    pub fn not_ready(&self) -> Option<String> {
        if self.is_draining() {
            return Some("this process is stopping".to_owned());
        }
        let lapsed = || (!self.0.session().holds()).then(|| "the lease has lapsed".to_owned());
        self.0.health.trouble().or_else(lapsed)
    }

    /// Sagas being advanced here now.
    pub fn in_flight(&self) -> usize {
        self.0.settings.concurrency.saturating_sub(self.0.permits.available_permits())
    }
}

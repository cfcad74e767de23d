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

use super::drive::Drive;
use super::kind::Kind;
use super::lease::Life;
use super::metrics::Metrics;
use super::patience::Patience;
use super::settings::Settings;
use super::standing::Standing;
use super::waiting::{Taken, Waiting};
use super::window::{Turn, Window};
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
    pub(super) standing: Arc<Standing>,
    pub(super) patience: Patience,
    pub(super) waiting: Waiting,
    pub(super) places: Arc<Semaphore>,
    pub(super) places_for_claims: Arc<Semaphore>,
    pub(super) window: Arc<Window>,
    /// Nothing new is begun.
    pub(super) draining: CancellationToken,
    /// Calls in flight are cut off.
    pub(super) cut: CancellationToken,
    /// This executor's tasks besides sagas end.
    pub(super) closing: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) sagas: TaskTracker,
    pub(super) life: RwLock<Arc<Life>>,
    /// Milliseconds of the monotonic clock: until then, others' silence may be the database's.
    pub(super) patient_until: AtomicU64,
    pub(super) name: String,
    /// Sagas not at rest that are driven here or by nobody: as last counted, and what changed here
    /// since.
    pub(super) open: AtomicU64,
    /// The earliest moment, in Unix milliseconds, at which a saga parked here is due.
    pub(super) next_due: AtomicI64,
    pub(super) claim_now: Notify,
    /// The sagas that have a driver here.
    pub(super) driven: DashMap<OrderId, Driven>,
    /// What was accepted here and is still driven here, by what repeats are known by: what became of
    /// each acceptance.
    pub(super) accepting: DashMap<Identified, Known>,
    /// Executors whose last heartbeat is later than now, and when that one was first seen.
    pub(super) ahead: DashMap<Uuid, (DateTime<Utc>, Duration)>,
    /// There was something to claim and no place for it: the next one that is free is told of.
    pub(super) short_of_places: AtomicBool,
    /// A saga may be ours by the books that nobody here drives.
    pub(super) may_have_lost: AtomicBool,
}

/// What repeats of a user's request are known by.
pub(super) type Identified = (UserId, Identity);

/// What becomes of an acceptance, for any number of listeners.
pub(super) type Known = futures::future::Shared<Taken>;

/// A saga's driver in this process.
#[derive(Clone, Debug)]
pub(super) struct Driven {
    /// Under which claim it drives.
    pub(super) fence: i64,
    /// Cancelled when an operator waits for the saga: it is given up as soon as that does no harm.
    pub(super) wanted: CancellationToken,
    /// And calls that their keys settle later are cut off for it.
    pub(super) hurried: CancellationToken,
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
    pub(super) fn spawn(self: &Arc<Self>, drive: Drive, place: Place) {
        let (shared, accepts) = (self.clone(), drive.accepts.clone());
        let owned = (drive.saga.id, drive.life.id, drive.saga.fence);
        self.metrics.began();
        let driven = Driven {
            fence: drive.saga.fence,
            wanted: drive.wanted.clone(),
            hurried: drive.hurried.clone(),
        };
        self.driven.insert(drive.saga.id, driven);
        // In one place: thousands wait in here, and a future would hold it several times over.
        let drive = Box::new(drive);
        let takes_turns = place.is_for_claimed();
        self.sagas.spawn(async move {
            let _turn = if takes_turns {
                shared.turn(&drive).await
            } else {
                Some(shared.window.clone().enter())
            };
            let driven = std::panic::AssertUnwindSafe(drive.run()).catch_unwind().await;
            if driven.is_err() {
                shared.abandon(owned).await;
            }
            shared.driven.remove_if(&owned.0, |_, driven| driven.fence == owned.2);
            shared.waiting.left(owned.0);
            accepts.map(|key| shared.accepting.remove(&key));
            shared.metrics.ended();
            drop(place);
            if shared.short_of_places.swap(false, Ordering::AcqRel) {
                shared.claim_now.notify_one();
            }
        });
    }

    /// Waits until a claimed saga may be driven, or must be given up.
    async fn turn(&self, drive: &Drive) -> Option<Turn> {
        tokio::select! {
            biased;
            turn = self.window.clone().turn() => Some(turn),
            () = self.draining.cancelled() => None,
            () = drive.wanted.cancelled() => None,
            () = drive.life.over.cancelled() => None,
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
pub(super) struct Place {
    _place: Option<OwnedSemaphorePermit>,
    among_claims: Option<OwnedSemaphorePermit>,
}

impl Place {
    pub(super) fn for_new(place: OwnedSemaphorePermit) -> Self {
        Self { _place: Some(place), among_claims: None }
    }

    pub(super) fn for_word(place: Option<OwnedSemaphorePermit>) -> Self {
        Self { _place: place, among_claims: None }
    }

    fn is_for_claimed(&self) -> bool {
        self.among_claims.is_some()
    }

    pub(super) fn for_claimed(place: OwnedSemaphorePermit, among: OwnedSemaphorePermit) -> Self {
        Self { _place: Some(place), among_claims: Some(among) }
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

    /// Why no checkout can be taken in now, as far as is known here.
    pub fn not_ready(&self) -> Option<String> {
        if self.is_draining() {
            return Some("this process is stopping".to_owned());
        }
        let lapsed = || (!self.0.life().holds()).then(|| "the lease has lapsed".to_owned());
        self.0.standing.trouble().or_else(lapsed)
    }

    /// Sagas being advanced here now.
    pub fn in_flight(&self) -> usize {
        self.0.settings.concurrency.saturating_sub(self.0.places.available_permits())
    }
}

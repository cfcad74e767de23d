//! The executor: accepts sagas, drives what it owns, and gives everything up when it stops.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tracing::error;
use uuid::Uuid;

use super::acceptances::Acceptances;
use super::active::{Active, ActiveSagas};
use super::backlog::Backlog;
use super::claim_schedule::ClaimSchedule;
use super::drive::Drive;
use super::kinds::Kinds;
use super::lease::CurrentSession;
use super::limiter::{Admission, Limiter};
use super::metrics::Metrics;
use super::peers::Peers;
use super::permit::{Permit, Permits};
use super::settings::Settings;
use super::shutdown::Shutdown;
use super::waiting::Waiting;
use super::write_health::WriteHealth;
use super::writer::LogWriter;
use crate::clock::Clock;
use crate::saga::{A_MOMENT, SagaId};
use crate::store::{Due, Store};

/// A saga whose driver broke is left alone for so long.
const AFTER_A_PANIC: Duration = Duration::from_secs(30);

/// A handle; clones drive the same sagas.
#[derive(Clone, Debug)]
pub struct Executor(pub(super) Arc<Parts>);

/// The parts of an executor, shared by all of its tasks.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) kinds: Kinds,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    /// What this executor is called in logs: host and process id.
    pub(super) name: String,
    pub(super) writer: LogWriter,
    pub(super) health: Arc<WriteHealth>,
    pub(super) session: CurrentSession,
    pub(super) peers: Peers,
    pub(super) permits: Permits,
    pub(super) limiter: Arc<Limiter>,
    pub(super) backlog: Backlog,
    pub(super) claim_schedule: ClaimSchedule,
    pub(super) active: ActiveSagas,
    pub(super) acceptances: Acceptances,
    pub(super) waiting: Waiting,
    pub(super) shutdown: Shutdown,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Parts {
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

    pub(super) fn closed(&self, state: &'static str, took: Duration) {
        self.metrics.came_to_rest(state, took);
        self.backlog.closed();
    }

    /// Drives a saga in a task of its own, that holds its permit while it runs.
    pub(super) fn spawn(self: &Arc<Self>, drive: Drive, permit: Permit) {
        let (parts, accepts) = (self.clone(), drive.accepts.clone());
        let owned = (drive.saga.id, drive.session.id, drive.saga.fence);
        self.metrics.began();
        let active = Active {
            fence: drive.saga.fence,
            yield_to_operator: drive.yield_to_operator.clone(),
            cut_calls: drive.cut_calls.clone(),
            cancel: drive.cancel.clone(),
        };
        self.active.insert(drive.saga.id, active);
        // In one place: thousands wait in here, and a future would hold it several times over.
        let drive = Box::new(drive);
        let is_claimed = permit.is_for_claimed();
        self.shutdown.sagas.spawn(async move {
            let _admission = if is_claimed {
                parts.admission(&drive).await
            } else {
                Some(parts.limiter.clone().admit_new())
            };
            let driven = std::panic::AssertUnwindSafe(drive.run()).catch_unwind().await;
            if driven.is_err() {
                parts.abandon(owned).await;
            }
            parts.active.remove(owned.0, owned.2);
            parts.waiting.left(owned.0);
            accepts.inspect(|key| parts.acceptances.forget(key));
            parts.metrics.ended();
            drop(permit);
            if parts.permits.claim_waits_no_more() {
                parts.claim_schedule.wake();
            }
        });
    }

    /// Waits until a claimed saga may be driven, or must be given up.
    async fn admission(&self, drive: &Drive) -> Option<Admission> {
        tokio::select! {
            biased;
            admission = self.limiter.clone().admit_claimed() => Some(admission),
            () = self.shutdown.draining.cancelled() => None,
            () = drive.yield_to_operator.cancelled() => None,
            () = drive.session.ended.cancelled() => None,
        }
    }

    /// A broken driver must not leave its saga behind.
    async fn abandon(&self, owned: (SagaId, Uuid, i64)) {
        error!(saga.id = %owned.0, "its driver panicked; it is left alone for a while");
        let now = self.clock.now();
        let due = now + AFTER_A_PANIC;
        if let Err(error) = self.store.abandon(owned, now, due).await {
            self.active.may_have_lost_one();
            error!(saga.id = %owned.0, %error, "and could not be given up");
        }
    }
}

impl Executor {
    /// The id of this executor's present session.
    pub fn id(&self) -> Uuid {
        self.0.session.get().id
    }

    /// What it is called in logs: host and process id.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is stopping.
    pub fn is_draining(&self) -> bool {
        self.0.shutdown.is_draining()
    }

    /// Why no saga can be taken in now, as far as is known here.
    pub fn not_ready(&self) -> Option<String> {
        if self.is_draining() {
            return Some("this process is stopping".to_owned());
        }
        let lapsed = || (!self.0.session.get().holds()).then(|| "the lease has lapsed".to_owned());
        self.0.health.trouble().or_else(lapsed)
    }

    /// Sagas being advanced here now.
    pub fn in_flight(&self) -> usize {
        self.0.permits.in_use()
    }
}

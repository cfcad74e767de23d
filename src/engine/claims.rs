//! An executor's beginning and end, and its claims of what nobody drives.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::coalesce::CoalescingTimer;
use super::drive::Drive;
use super::executor::{Executor, Permit, Shared};
use super::heartbeat::register;
use super::kind::Kind;
use super::limiter::Limiter;
use super::metrics::Metrics;
use super::process;
use super::settings::Settings;
use super::waiting::Waiting;
use super::write_health::WriteHealth;
use super::writer::LogWriter;
use crate::clock::Clock;
use crate::saga::take_up::take_up;
use crate::store::{Error, Store};

/// The most sagas in one claim, and how many may wait for their turn.
const MAX_CLAIM: usize = 64;
/// Fewer are not worth a claim, while others are being driven.
const WORTH_A_CLAIM: usize = MAX_CLAIM / 2;
/// Without other news, claims look so often.
const POLL: Duration = Duration::from_millis(500);

impl Executor {
    /// Registers a new executor and begins to heartbeat, write and count. It claims nothing before
    /// [`Executor::run`].
    ///
    /// # Errors
    /// When it can't be registered.
    pub async fn start(
        store: Store,
        kinds: Vec<Arc<dyn Kind>>,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self, Error> {
        let metrics = Arc::new(Metrics::default());
        let name = process::name();
        let session = register(&store, &name, settings, &clock).await?;
        let limiter = Arc::new(Limiter::new(settings.for_claims()));
        let health = Arc::new(WriteHealth::new(&clock));
        let (writer, writing) = LogWriter::start(&store, &clock, (&metrics, &limiter, &health));
        let tasks = TaskTracker::new();
        tasks.spawn(writing);
        let shared = Arc::new(Shared {
            definitions: kinds.iter().map(|kind| kind.definition()).collect(),
            kinds,
            store,
            permits: Arc::new(Semaphore::new(settings.concurrency)),
            claim_permits: Arc::new(Semaphore::new(settings.for_claims())),
            limiter,
            settings,
            coalescing: CoalescingTimer::new(clock.clone()),
            clock,
            metrics,
            writer,
            health,
            waiting: Waiting::default(),
            draining: CancellationToken::new(),
            cut: CancellationToken::new(),
            closing: CancellationToken::new(),
            tasks,
            sagas: TaskTracker::new(),
            session: RwLock::new(session),
            grace_until: AtomicU64::new(0),
            name,
            open: AtomicU64::new(0),
            next_due: AtomicI64::new(i64::MAX),
            active: DashMap::new(),
            accepting: DashMap::new(),
            ahead: DashMap::new(),
            claim_waits: AtomicBool::new(false),
            may_have_lost: AtomicBool::new(true),
            claim_now: Notify::new(),
        });
        let this = Self(shared);
        if this.0.store.is_up_for_less_than(settings.lease, &this.0.clock).await? {
            this.start_grace();
        }
        this.check_peers().await;
        this.0.store.reopen_unreadable(this.0.clock.now()).await?;
        Ok(this)
    }

    /// Begins to heartbeat, to claim what nobody drives, and to count.
    pub fn run(&self) {
        let spawn = |task: futures::future::BoxFuture<'static, ()>| {
            let closing = self.0.closing.clone();
            self.0.tasks.spawn(async move { closing.run_until_cancelled(task).await });
        };
        let (beats, claims, counts) = (self.clone(), self.clone(), self.clone());
        spawn(Box::pin(async move { beats.heartbeat_loop().await }));
        spawn(Box::pin(async move { claims.claim_loop().await }));
        spawn(Box::pin(async move { counts.count_loop().await }));
    }

    /// This process's numbers.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.0.metrics.clone()
    }

    /// Stops taking sagas in, lets calls in flight finish for up to `grace`, and gives every saga
    /// up for others. Returns when nothing is left to write, or can be written.
    pub async fn drain(&self, grace: Duration) {
        let shared = &self.0;
        shared.draining.cancel();
        shared.sagas.close();
        let clock = &shared.clock;
        tokio::select! {
            biased;
            () = shared.sagas.wait() => {}
            () = clock.sleep(grace) => {
                warn!(sagas = self.in_flight(), "cuts off calls that are still in flight");
                shared.cut.cancel();
                tokio::select! {
                    biased;
                    () = shared.sagas.wait() => {}
                    () = clock.sleep(Duration::from_secs(5)) => {
                        error!("could not write everything down; others take it over");
                    }
                }
            }
        }
        shared.closing.cancel();
        if let Err(error) = self.in_time(shared.store.retire_executor(self.id())).await {
            warn!(%error, "could not sign off; others will notice by the lease");
        }
    }

    async fn claim_loop(&self) {
        let shared = &self.0;
        while !self.is_draining() {
            let full = self.claim().await;
            if full {
                continue;
            }
            let now = shared.clock.now().timestamp_millis();
            let until = shared.next_due.load(Ordering::Acquire).saturating_sub(now).max(1);
            let until = Duration::from_millis(until.unsigned_abs()).min(POLL);
            tokio::select! {
                biased;
                () = shared.clock.sleep(until) => {}
                () = shared.claim_now.notified() => {}
                () = shared.draining.cancelled() => {}
            }
        }
    }

    /// Claims what nobody drives and drives it, as far as there are places; whether there may be
    /// more to claim at once.
    pub async fn claim(&self) -> bool {
        let shared = &self.0;
        let session = shared.session();
        shared.next_due.store(i64::MAX, Ordering::Release);
        // Said before it is looked at, so that whoever ends meanwhile tells of it.
        shared.claim_waits.store(true, Ordering::Release);
        if self.room_for_claims() == 0 {
            return false;
        }
        shared.claim_waits.store(false, Ordering::Release);
        // Places are only taken from new checkouts where there is something to do with them.
        let any = self.in_time(shared.store.is_any_claimable(shared.due_now())).await;
        match any {
            Ok(true) if session.holds() => {}
            Ok(true) => return false,
            Ok(false) => {
                self.note_next_due().await;
                return false;
            }
            Err(error) => {
                info!(%error, "could not claim");
                return false;
            }
        }
        let permits = self.permits_for_claims().await;
        if permits.is_empty() {
            shared.claim_waits.store(true, Ordering::Release);
            return false;
        }
        let due = shared.due_now();
        let most = permits.len();
        let claim = shared.store.claim(session.id, due, most as u64, &shared.definitions);
        let claimed = match self.in_time(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // It may have been committed without our hearing of it.
                shared.may_have_lost.store(true, Ordering::Release);
                info!(%error, "could not claim");
                return false;
            }
        };
        for unreadable in &claimed.unreadable {
            error!(saga.id = %unreadable.id, stuck = "Unreadable", detail = unreadable.detail, "set aside");
        }
        if claimed.orphans > 0 {
            shared.metrics.took_over(claimed.orphans);
            info!(sagas = claimed.orphans, "took over what a dead executor left");
        }
        let full = claimed.is_full;
        for (mut saga, permit) in claimed.sagas.into_iter().zip(permits) {
            take_up(&mut saga, &shared.settings.policy, due.now, session.since());
            shared.spawn(Drive::claimed(shared.clone(), session.clone(), saga), permit);
        }
        if !full {
            self.note_next_due().await;
        }
        full
    }

    async fn note_next_due(&self) {
        let shared = &self.0;
        if let Ok(Some(due)) = self.in_time(shared.store.next_due()).await {
            shared.next_due.fetch_min(due.timestamp_millis(), Ordering::AcqRel);
        }
    }

    /// So many may be claimed now: those that are driven, and some that wait for their turn, so that
    /// none of these comes free for the time of a claim.
    fn room_for_claims(&self) -> usize {
        let shared = &self.0;
        let taken = shared.settings.for_claims() - shared.claim_permits.available_permits();
        let room = (shared.limiter.limit() + MAX_CLAIM).saturating_sub(taken).min(MAX_CLAIM);
        if taken == 0 || room >= WORTH_A_CLAIM { room } else { 0 }
    }

    /// As many as a claim may use: new checkouts keep their share. While new checkouts hold all
    /// there are, the next place that is given back is for a claim: what is begun comes to an end.
    async fn permits_for_claims(&self) -> Vec<Permit> {
        let shared = &self.0;
        let mut permits = Vec::new();
        let free = self.room_for_claims();
        if free > 0
            && shared.permits.available_permits() == 0
            && let Ok(among) = shared.claim_permits.clone().try_acquire_owned()
        {
            tokio::select! {
                biased;
                Ok(permit) = shared.permits.clone().acquire_owned() => {
                    permits.push(Permit::for_claimed(permit, among));
                }
                () = shared.draining.cancelled() => return permits,
            }
        }
        while permits.len() < free {
            let Ok(among) = shared.claim_permits.clone().try_acquire_owned() else { break };
            let Ok(permit) = shared.permits.clone().try_acquire_owned() else { break };
            permits.push(Permit::for_claimed(permit, among));
        }
        permits
    }
}

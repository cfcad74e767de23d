//! An executor's beginning and end.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::acceptances::Acceptances;
use super::active::ActiveSagas;
use super::backlog::Backlog;
use super::claim_schedule::ClaimSchedule;
use super::executor::{Executor, Parts};
use super::heartbeat::register;
use super::kind::Kind;
use super::kinds::Kinds;
use super::lease::CurrentSession;
use super::limiter::Limiter;
use super::metrics::Metrics;
use super::peers::Peers;
use super::permit::Permits;
use super::process;
use super::settings::Settings;
use super::shutdown::Shutdown;
use super::waiting::Waiting;
use super::write_health::WriteHealth;
use super::writer::{LogObservers, LogWriter};
use crate::clock::Clock;
use crate::store::{Error, Store};

impl Executor {
    /// Registers a new executor and begins to heartbeat, write and count. It claims nothing before
    /// [`Executor::run`].
    ///
    /// # Errors
    /// When it can't be registered, or when the store reads sagas by a table of none of these kinds.
    pub async fn start(
        store: Store,
        kinds: Vec<Arc<dyn Kind>>,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self, Error> {
        let kinds = Kinds::new(kinds);
        kinds.check(store.catalogue())?;
        let metrics = Arc::new(Metrics::of(store.catalogue()));
        let name = process::name();
        let session = register(&store, &name, settings.lease, &clock).await?;
        let observers = LogObservers {
            metrics: metrics.clone(),
            limiter: Arc::new(Limiter::new(settings.for_claims())),
            health: Arc::new(WriteHealth::new(&clock)),
        };
        let (limiter, health) = (observers.limiter.clone(), observers.health.clone());
        let (writer, writing) = LogWriter::start(&store, &clock, observers);
        let shutdown = Shutdown::default();
        shutdown.spawn_to_its_end(writing);
        let this = Self(Arc::new(Parts {
            store,
            kinds,
            backlog: Backlog::new(settings.backlog),
            peers: Peers::new(settings.lease),
            clock,
            metrics,
            name,
            writer,
            health,
            session: CurrentSession::new(session),
            permits: Permits::new(&settings),
            limiter,
            claim_schedule: ClaimSchedule::new(),
            active: ActiveSagas::new(),
            acceptances: Acceptances::default(),
            waiting: Waiting::default(),
            settings,
            shutdown,
        }));
        let parts = &this.0;
        if parts.store.is_up_for_less_than(parts.settings.lease, &parts.clock).await? {
            parts.peers.start_grace(&parts.clock);
        }
        this.check_peers().await;
        parts.store.reopen_unreadable(parts.clock.now()).await?;
        Ok(this)
    }

    /// Begins to heartbeat, to claim what nobody drives, and to count.
    pub fn run(&self) {
        let shutdown = &self.0.shutdown;
        let (heartbeats, claims, counts) = (self.clone(), self.clone(), self.clone());
        shutdown.spawn(async move { heartbeats.heartbeat_loop().await });
        shutdown.spawn(async move { claims.claim_loop().await });
        shutdown.spawn(async move { counts.count_loop().await });
    }

    /// This process's numbers.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.0.metrics.clone()
    }

    /// Stops taking sagas in, lets calls in flight finish for up to `grace`, and gives every saga
    /// up for others. Returns when nothing is left to write, or can be written.
    pub async fn drain(&self, grace: Duration) {
        let parts = &self.0;
        parts.shutdown.drain(grace, &parts.clock, &parts.permits).await;
        if let Err(error) = self.in_time(parts.store.retire_executor(self.id())).await {
            warn!(%error, "could not sign off; others will notice by the lease");
        }
    }
}

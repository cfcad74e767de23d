//! Runs the service: listens at once, opens the books as soon as the database can be reached, and stops
//! in order.

use std::net::SocketAddr;
use std::time::Duration;

use humantime::format_duration;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::audits::Audits;
use super::books::open;
use super::export_metrics::export_metrics;
use super::listener::{Limits, Listener, Shutdown};
use super::root_service::RootService;
use super::{Composed, Error, compose, database};
use crate::bulk::Bulk;
use crate::clock::Clock;
use crate::config::{Config, ServicesConfig};
use crate::engine::Executor;
use crate::events::Events;
use crate::intake::Intake;
use crate::lifecycle::stop_asked;
use crate::mail::Mailer;
use crate::pacing::Pacing;
use crate::retention::Retention;
use crate::store::{self, Store};
use crate::telemetry::MetricsExport;
use crate::webhooks::Webhooks;

/// How long the connections may take to close after the sagas are given up, and then the database's.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or ctrl-c.
///
/// # Errors
/// Where the address or the database can't be used. A database that is only out of reach is waited
/// for.
pub async fn serve(config: Config) -> Result<(), Error> {
    let grace = config.shutdown.grace;
    let clock = Clock::system();
    let (service, listening) = Listening::start(&config, &clock)?;
    info!(address = %listening.address, "listens");
    database::tell(&config.database.url);
    // One future from here on, so that no signal is missed between two.
    let stop_asked = stop_asked();
    tokio::pin!(stop_asked);
    let running = tokio::select! {
        running = listening.open(service, config, clock) => running?,
        asked = &mut stop_asked => return Ok(asked?),
    };
    info!("ready");
    stop_asked.await?;
    info!("stops: takes no more checkouts, and gives up its sagas");
    running.stop(grace).await;
    Ok(())
}

/// Brings the schema up to date.
///
/// # Errors
/// Where the database is out of reach or can't be migrated.
pub async fn migrate(config: Config) -> Result<(), Error> {
    let store = open(&config, &Clock::system()).await?;
    store.migrate().await?;
    info!(database = store.database(), "the schema is up to date");
    store.close().await;
    Ok(())
}

/// A server that listens, before the books are open.
struct Listening {
    address: SocketAddr,
    server: JoinHandle<()>,
    shutdown: Shutdown,
}

/// A service that accepts checkouts.
#[derive(Debug)]
pub struct Running {
    /// Its address.
    pub address: SocketAddr,
    /// Drives its sagas.
    pub executor: Executor,
    /// Carries out bulk runs.
    pub bulk: Bulk,
    /// Tells what happened.
    pub events: Events,
    /// Takes orders from a queue.
    pub intake: Option<Intake>,
    mailer: Option<Mailer>,
    audits: Option<Audits>,
    metrics_export: Option<MetricsExport>,
    /// Sends it to endpoints.
    pub webhooks: Webhooks,
    /// Forgets what is over.
    pub retention: Option<Retention>,
    /// Its books.
    pub store: Store,
    clock: Clock,
    server: JoinHandle<()>,
    shutdown: Shutdown,
}

impl Running {
    /// Starts a service. Returns when it is ready.
    ///
    /// # Errors
    /// As [`serve`]'s.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, Error> {
        let (service, listening) = Listening::start(&config, &clock)?;
        listening.open(service, config, clock).await
    }

    /// Stops as at SIGTERM.
    pub async fn stop(self, grace: Duration) {
        let intake = async {
            if let Some(intake) = &self.intake {
                intake.stop().await;
            }
        };
        // Who waits for events would keep its connection open.
        tokio::join!(intake, self.events.stop(), self.bulk.stop());
        if let Some(audits) = &self.audits {
            audits.stop().await;
        }
        let mail = async {
            if let Some(mailer) = &self.mailer {
                mailer.stop().await;
            }
        };
        let retention = async {
            if let Some(retention) = &self.retention {
                retention.stop().await;
            }
        };
        tokio::join!(mail, retention, self.webhooks.stop(), self.executor.drain(grace));
        self.shutdown.drain.cancel();
        // A client that keeps its connection open can't keep the process from ending.
        let _closed = self.clock.within(CLOSE_TIMEOUT, self.server).await;
        self.shutdown.abort.cancel();
        // The log writer ends with the last handle, and gives its connection back.
        drop((self.executor, self.bulk, self.intake));
        // Nor can a database that doesn't answer, or a collector. No count changes any more.
        let exported = async {
            if let Some(export) = self.metrics_export {
                let _exported = self.clock.within(CLOSE_TIMEOUT, export.stop()).await;
            }
        };
        let closed = self.clock.within(CLOSE_TIMEOUT, Box::pin(self.store.close()));
        let _closed = tokio::join!(exported, closed);
    }
}

impl Listening {
    fn start(config: &Config, clock: &Clock) -> Result<(RootService, Self), Error> {
        let address = config.http.listen;
        let listen = |source| Error::Listen { address, source };
        let service = RootService::new(&config.http.cors_origins);
        let limits = Limits::of(config);
        let listener = Listener::bind(address, service.clone(), limits, clock).map_err(listen)?;
        let (address, shutdown) = (listener.address().map_err(listen)?, Shutdown::default());
        let server = tokio::spawn(listener.run(shutdown.clone()));
        Ok((service, Self { address, server, shutdown }))
    }

    async fn open(
        self,
        service: RootService,
        config: Config,
        clock: Clock,
    ) -> Result<Running, Error> {
        let (store, composed) = compose_when_reachable(&service, &config, &clock).await?;
        let Composed { executor, bulk, events, intake, mailer, webhooks, retention, router } =
            composed;
        database::warn_of_weak_durability(&store).await;
        log_idempotency(&config.services);
        executor.run();
        bulk.run();
        events.run().await?;
        if let Some(intake) = &intake {
            intake.run();
        }
        if let Some(mailer) = &mailer {
            mailer.run();
        }
        webhooks.run().await?;
        if let Some(retention) = &retention {
            retention.run();
        }
        let audits = Audits::new(&config, store.clone(), clock.clone());
        if let Some(audits) = &audits {
            audits.run();
        }
        let metrics_export = export_metrics(&executor, &events, &clock);
        service.open(router);
        let Self { address, server, shutdown } = self;
        Ok(Running {
            address,
            executor,
            bulk,
            events,
            intake,
            mailer,
            audits,
            metrics_export,
            webhooks,
            retention,
            store,
            clock,
            server,
            shutdown,
        })
    }
}

/// Opens and migrates the books and registers an executor. Tries again for as long as the database is
/// out of reach or lacks a migration.
async fn compose_when_reachable(
    service: &RootService,
    config: &Config,
    clock: &Clock,
) -> Result<(Store, Composed), Error> {
    let mut pacing = Pacing::database();
    let mut logged = String::new();
    loop {
        let reason = match try_compose(config, clock).await {
            Ok(Ok(composed)) => return Ok(composed),
            Ok(Err(missing)) => {
                service.wait_for(&missing);
                missing
            }
            Err(Error::Store(store::Error::Unavailable(error))) => {
                service.wait_for("the database is out of reach");
                error.to_string()
            }
            Err(error) => return Err(error),
        };
        if logged != reason {
            warn!(reason, "waits for the database");
            reason.clone_into(&mut logged);
        }
        clock.sleep(pacing.pause(clock.chance())).await;
    }
}

/// One attempt: an open store with the service on top of it, or why the database is not ready. An executor
/// that a failed attempt has registered owns nothing; its lease lapses.
async fn try_compose(
    config: &Config,
    clock: &Clock,
) -> Result<Result<(Store, Composed), String>, Error> {
    let store = open(config, clock).await?;
    if config.database.migrate {
        store.migrate().await?;
    }
    if let Some(reason) = store.not_ready().await {
        return Ok(Err(reason));
    }
    let composed = compose(config, store.clone(), clock.clone()).await?;
    Ok(Ok((store, composed)))
}

/// Logs which neighbours are idempotent: that decides what is done about an effect whose answer is lost.
fn log_idempotency(services: &ServicesConfig) {
    for (neighbour, service) in [("product", &services.product), ("payment", &services.payment)] {
        let (idempotent, key_memory) = (service.idempotent, format_duration(service.key_memory));
        match (idempotent, service.is_idempotent_set) {
            (true, _) => info!(
                neighbour,
                idempotent,
                %key_memory,
                "is taken to act once per Idempotency-Key: an effect whose answer is lost is sent \
                 again under its key until it is known"
            ),
            (false, true) => info!(neighbour, idempotent, "{NOT_AGAIN}"),
            (false, false) => warn!(
                neighbour,
                idempotent,
                "{NOT_AGAIN}. Nobody has said so: where its owners promise to keep keys, set \
                 services.{neighbour}.idempotent = true"
            ),
        }
    }
}

const NOT_AGAIN: &str = "is taken to act on every call: an effect whose answer is lost is not sent \
                         again, is looked up where that can be done, and else waits for a person";

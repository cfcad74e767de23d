//! Serving: listen at once, open the books as soon as they can be, and stop in time.

use std::net::SocketAddr;
use std::time::Duration;

use humantime::format_duration;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::front::Front;
use super::listener::{End, Limits, Listener};
use super::{Composed, Error, compose};
use crate::clock::Clock;
use crate::config::{Config, Services};
use crate::engine::Executor;
use crate::lifecycle::stop_asked;
use crate::pacing::Pacing;
use crate::store::{self, Store};

/// Connections that are idle or still being answered after the drain get so long.
const LINGER: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or ctrl-c.
///
/// # Errors
/// Where the address or the database can't be used. A database that is only out of reach is waited
/// for.
pub async fn serve(config: Config) -> Result<(), Error> {
    let grace = config.shutdown.grace;
    let clock = Clock::system();
    let (front, listening) = Listening::start(&config, &clock)?;
    info!(address = %listening.address, "listens");
    // One listener from here on: a signal is not missed between two.
    let stop_asked = stop_asked();
    tokio::pin!(stop_asked);
    let running = tokio::select! {
        running = listening.open(front, config, clock) => running?,
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

/// A server on its address, before there is anything behind it.
struct Listening {
    address: SocketAddr,
    server: JoinHandle<()>,
    end: End,
}

/// A service that takes checkouts.
#[derive(Debug)]
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    /// What drives its sagas.
    pub executor: Executor,
    /// Its books.
    pub store: Store,
    clock: Clock,
    server: JoinHandle<()>,
    end: End,
}

impl Running {
    /// Starts a service and returns when it is ready.
    ///
    /// # Errors
    /// As [`serve`]'s.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, Error> {
        let (front, listening) = Listening::start(&config, &clock)?;
        listening.open(front, config, clock).await
    }

    /// Stops as at SIGTERM.
    pub async fn stop(self, grace: Duration) {
        self.executor.drain(grace).await;
        self.end.closing.cancel();
        // A client that doesn't let go can't hold the process.
        drop(self.clock.within(LINGER, self.server).await);
        self.end.cut.cancel();
        // The log writer ends with the last handle, and gives its connection back.
        drop(self.executor);
        // Nor can a database that doesn't answer any more.
        self.clock.within(LINGER, Box::pin(self.store.close())).await;
    }
}

impl Listening {
    fn start(config: &Config, clock: &Clock) -> Result<(Front, Self), Error> {
        let address = config.http.listen;
        let listen = |source| Error::Listen { address, source };
        let front = Front::new(&config.http.cors_origins);
        let limits = Limits::of(config);
        let listener = Listener::bind(address, front.clone(), limits, clock).map_err(listen)?;
        let (address, end) = (listener.address().map_err(listen)?, End::default());
        let server = tokio::spawn(listener.run(end.clone()));
        Ok((front, Self { address, server, end }))
    }

    async fn open(self, front: Front, config: Config, clock: Clock) -> Result<Running, Error> {
        let (store, Composed { executor, router }) =
            compose_when_reachable(&front, &config, &clock).await?;
        warn_of_weak_durability(&store).await;
        say_which_kinds(&config.services);
        executor.run();
        front.open(router);
        let Self { address, server, end } = self;
        Ok(Running { address, executor, store, clock, server, end })
    }
}

pub(super) async fn open(config: &Config, clock: &Clock) -> Result<Store, store::Error> {
    store::open(books(config, clock)).await
}

/// How the books are opened.
pub(super) fn books<'a>(config: &'a Config, clock: &Clock) -> store::Options<'a> {
    let url = config.database.url.reveal();
    let max_connections = config.database.max_connections;
    // Sooner than others find us silent.
    let silence = config.executor.lease / 2;
    let access = store::Access::Owner;
    let clock = clock.clone();
    store::Options { url, max_connections, silence, access, clock, failpoints: None }
}

/// Opens and migrates the books and registers an executor, however long the database takes to be
/// there, and also when it goes again in between.
async fn compose_when_reachable(
    front: &Front,
    config: &Config,
    clock: &Clock,
) -> Result<(Store, Composed), Error> {
    let mut pacing = Pacing::database();
    let mut said = String::new();
    loop {
        let reason = match composed(config, clock).await {
            Ok(Ok(composed)) => return Ok(composed),
            Ok(Err(missing)) => {
                front.waits_for(&missing);
                missing
            }
            Err(Error::Store(store::Error::Unavailable(error))) => {
                front.waits_for("the database is out of reach");
                error.to_string()
            }
            Err(error) => return Err(error),
        };
        if said != reason {
            warn!(reason, "waits for the database");
            reason.clone_into(&mut said);
        }
        clock.sleep(pacing.pause(clock.chance())).await;
    }
}

/// An open store with all that stands on it, or why it is not ready. What was registered by a try
/// that failed owns nothing, and is declared dead by its silence.
async fn composed(
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

/// What each neighbour is taken for decides what becomes of an effect whose answer is lost.
fn say_which_kinds(services: &Services) {
    for (neighbour, service) in [("product", &services.product), ("payment", &services.payment)] {
        let (idempotent, key_memory) = (service.idempotent, format_duration(service.key_memory));
        match (idempotent, service.is_idempotent_said) {
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

/// The promises about what is durable need a PostgreSQL that is told to make it so.
async fn warn_of_weak_durability(store: &Store) {
    if let Ok(Some(off)) = store.postgres_setting("synchronous_commit").await
        && off == "off"
    {
        warn!("PostgreSQL's synchronous_commit is off: a crash of it can lose what was answered");
    }
}

//! A running sandbox: starts the three listeners on one shared neighbourhood, and ends them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tracing::Instrument;

use super::{
    clock,
    config::{Config, Error},
    connection::{Cut, Door},
    desk::Desk,
    fault::Fault,
    journal::{self, Journal},
    ledger::Ledger,
    neighbourhood::{Neighbourhood, Seed},
    route,
    service::Service,
    world::{Entry, World},
};

/// How long a shutdown waits for connections that don't end by themselves.
const GRACE: Duration = Duration::from_secs(2);

/// Three neighbours at work. Stops when it is dropped.
pub struct Sandbox {
    addresses: [SocketAddr; 3],
    here: Arc<Neighbourhood>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stops_when_dropped: DropGuard,
}

impl Sandbox {
    /// Starts the three services; once it returns, they answer.
    ///
    /// # Errors
    /// When an address is taken, or the file can't be used.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let doors = [
            open(Service::User, config.user).await?,
            open(Service::Product, config.product).await?,
            open(Service::Payment, config.payment).await?,
        ];
        let addresses = [doors[0].1, doors[1].1, doors[2].1];
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let here = Arc::new(neighbourhood(&config, &stop, &tasks).await?);
        let services = [Service::User, Service::Product, Service::Payment];
        for ((door, address), service) in doors.into_iter().zip(services) {
            let router = route::router(service, Arc::clone(&here));
            let serving = axum::serve(door, router.into_make_service_with_connect_info::<Cut>())
                .with_graceful_shutdown(stop.clone().cancelled_owned());
            let span = tracing::info_span!("sandbox", %service, %address);
            let serving = async {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "A service of the sandbox ended.");
                }
            };
            tasks.spawn(serving.instrument(span));
        }
        let guard = stop.clone().drop_guard();
        Ok(Self { addresses, here, tasks, stop, _stops_when_dropped: guard })
    }

    /// Where the user service is, without a slash at the end.
    #[must_use]
    pub fn user_url(&self) -> String {
        format!("http://{}", self.addresses[0])
    }

    /// Where the product service is.
    #[must_use]
    pub fn product_url(&self) -> String {
        format!("http://{}", self.addresses[1])
    }

    /// Where the payment service is.
    #[must_use]
    pub fn payment_url(&self) -> String {
        format!("http://{}", self.addresses[2])
    }

    /// All that the services own and did, as `GET /_sandbox/ledger`, but without waiting for the file:
    /// the last records may not have been answered yet.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.here.ledger()
    }

    /// Injects a fault behind those already set, as `POST /_sandbox/faults`.
    ///
    /// # Errors
    /// When the fault could never strike as meant, or 1000 are set already.
    pub fn inject(&self, fault: Fault) -> Result<(), Error> {
        self.here.inject(fault)
    }

    /// Clears all faults and drops the calls that they hold, as `DELETE /_sandbox/faults`.
    pub fn clear_faults(&self) {
        self.here.clear_faults();
    }

    /// Returns when the services have stopped by themselves, which they only do when the file can't
    /// be written any more. Cancel safe.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Stops the services and closes the file. Calls that are held are dropped.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        if clock::within(GRACE, self.tasks.wait()).await.is_none() {
            tracing::debug!("The sandbox leaves connections behind that did not end.");
        }
    }
}

async fn open(service: Service, address: SocketAddr) -> Result<(Door, SocketAddr), Error> {
    let failed = |source| Error::Listen { service, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((Door(listener), bound))
}

/// The neighbourhood as its file remembers it, or as new.
async fn neighbourhood(
    config: &Config,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<Neighbourhood, Error> {
    let seed = Seed { sample: config.seeding.sample(), kinds: config.idempotent };
    let mut world = World::default();
    let (mut journal, mut committed, mut is_new) = (None, None, true);
    if let Some(file) = &config.file {
        let (connection, entries) = journal::open(file).await?;
        is_new = entries.is_empty();
        for entry in entries {
            world.apply(entry);
        }
        let (opened, count, writing) = Journal::new(connection, stop.clone());
        tasks.spawn(writing.instrument(tracing::info_span!("sandbox.journal")));
        (journal, committed) = (Some(opened), Some(count));
    }
    let mut desk = Desk::new(world, journal, config.seed, stop.clone());
    if is_new {
        let (users, products) = (seed.sample.users.clone(), seed.sample.products.clone());
        desk.enter(Entry::Reset { users, products, kinds: seed.kinds });
    }
    Ok(Neighbourhood::new(desk, committed, tasks.clone(), seed))
}

//! A running sandbox: starts its three listeners, and stops them.

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
    connection::{Cut, CuttableListener},
    fault::Fault,
    journal::{self, Journal},
    ledger::Ledger,
    neighbourhood::{InitialState, Neighbourhood},
    route,
    service::Service,
    state::SandboxState,
    world::{JournalEntry, World},
};

/// How long a shutdown waits for connections that don't end by themselves.
const GRACE: Duration = Duration::from_secs(2);

/// The three neighbours, running. They stop when this is dropped.
pub struct Sandbox {
    addresses: [SocketAddr; 3],
    neighbours: Arc<Neighbourhood>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stops_when_dropped: DropGuard,
}

impl Sandbox {
    /// Starts the three services. They answer once this returns.
    ///
    /// # Errors
    /// When an address is taken, or the file can't be used.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let listeners = [
            open(Service::User, config.user).await?,
            open(Service::Product, config.product).await?,
            open(Service::Payment, config.payment).await?,
        ];
        let addresses = [listeners[0].1, listeners[1].1, listeners[2].1];
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let neighbours = Arc::new(neighbourhood(&config, &stop, &tasks).await?);
        let services = [Service::User, Service::Product, Service::Payment];
        for ((listener, address), service) in listeners.into_iter().zip(services) {
            let router = route::router(service, Arc::clone(&neighbours));
            let serving =
                axum::serve(listener, router.into_make_service_with_connect_info::<Cut>())
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
        Ok(Self { addresses, neighbours, tasks, stop, _stops_when_dropped: guard })
    }

    /// The user service's base URL, without a slash at the end.
    #[must_use]
    pub fn user_url(&self) -> String {
        format!("http://{}", self.addresses[0])
    }

    /// The product service's base URL, without a slash at the end.
    #[must_use]
    pub fn product_url(&self) -> String {
        format!("http://{}", self.addresses[1])
    }

    /// The payment service's base URL, without a slash at the end.
    #[must_use]
    pub fn payment_url(&self) -> String {
        format!("http://{}", self.addresses[2])
    }

    /// The ledger, like `GET /_sandbox/ledger` but without waiting for the file: the last records may not
    /// have been answered yet.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.neighbours.ledger()
    }

    /// Injects a fault after those already injected, like `POST /_sandbox/faults`.
    ///
    /// # Errors
    /// If the fault could never strike as intended, or there are 1000 already.
    pub fn inject(&self, fault: Fault) -> Result<(), Error> {
        self.neighbours.inject(fault)
    }

    /// Removes all faults and drops the calls that they delay, like `DELETE /_sandbox/faults`.
    pub fn clear_faults(&self) {
        self.neighbours.clear_faults();
    }

    /// Returns when the services have stopped by themselves, which happens only if they can't write the
    /// file. Cancel safe.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Stops the services and closes the file. Drops delayed calls.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        if clock::within(GRACE, self.tasks.wait()).await.is_none() {
            tracing::debug!("The sandbox leaves connections behind that did not end.");
        }
    }
}

async fn open(
    service: Service,
    address: SocketAddr,
) -> Result<(CuttableListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { service, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((CuttableListener(listener), bound))
}

/// The neighbourhood that the file holds, or a new one.
async fn neighbourhood(
    config: &Config,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<Neighbourhood, Error> {
    let initial = InitialState { sample: config.seeding.sample(), idempotency: config.idempotent };
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
    let mut state = SandboxState::new(world, journal, config.seed, stop.clone());
    if is_new {
        let (users, products) = (initial.sample.users.clone(), initial.sample.products.clone());
        state.enter(JournalEntry::Reset { users, products, kinds: initial.idempotency });
    }
    Ok(Neighbourhood::new(state, committed, tasks.clone(), initial))
}

//! A process of the service: a runtime of its own, with its own connections to the database.
//!
//! It runs only while it is pumped, and is dropped where a real process would be killed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use order_service::bulk::{self, Bulk};
use order_service::checkout::{self, Checkout, Desk, Rules};
use order_service::clock::Clock;
use order_service::engine::{Executor, Kind, Settings};
use order_service::neighbours::{BreakerLimits, Neighbours};
use order_service::pacing::Courtesy;
use order_service::retention::{self, Retention};
use order_service::reversal::{self, Reversal, Reversals};
use order_service::saga::{Catalogue, Definition};
use order_service::store::{self, Access, Options, Store};
use tokio::runtime::{Builder, Runtime};

use super::board::Board;
use super::network::Network;
use super::receivers::Receivers;
use super::teller::Teller;
use super::trip::{self, Trip};
use super::weather::LEASE;

/// How many calls one node makes to one neighbour at a time.
const CALLS: usize = 32;
/// In real time: SQL that takes longer is taken to hang.
const HANGS: Duration = Duration::from_secs(45);

/// The tables of all kinds of saga that a node drives.
pub static DEFINITIONS: &[&Definition] = &[
    &checkout::DEFINITION,
    &reversal::CANCELLATION,
    &reversal::RETURN,
    &trip::DEFINITION,
    &trip::OLDER,
];
/// The same, as the store reads by them.
pub const CATALOGUE: Catalogue = Catalogue::of(DEFINITIONS);

/// Messages from nodes, read after they were pumped.
pub type Mailbox<T> = Arc<Mutex<Vec<T>>>;

/// A started process.
pub struct Node {
    runtime: Option<Runtime>,
    at: usize,
    board: Board,
    parked: Arc<Parked>,
    /// Once it is up.
    pub up: Option<Up>,
}

/// A process that is registered and accepts checkouts.
#[derive(Clone)]
pub struct Up {
    pub executor: Executor,
    pub desk: Desk,
    pub reversals: Reversals,
    pub store: Store,
    pub teller: Teller,
    pub retention: Retention,
    pub bulk: Bulk,
    pub turns: Arc<tokio::sync::Mutex<bulk::Turns>>,
}

/// What the simulation puts in the place of the world.
pub struct Means<'a> {
    pub board: &'a Board,
    pub network: &'a Network,
    pub receivers: &'a Receivers,
    pub clock: &'a Clock,
    /// Where it archives what is over, and for how long it keeps that before.
    pub archive: (&'a Path, Duration),
}

/// Opens the database as one of several replicas.
pub async fn open(url: &str, clock: &Clock, board: Option<(&Board, usize)>) -> Store {
    let failpoints = board.map(|(board, node)| board.failpoints(node));
    let silence = Duration::from_secs(10);
    let access = Access::Guest;
    let clock = clock.clone();
    let options = Options {
        url,
        max_connections: 4,
        silence,
        access,
        clock,
        catalogue: CATALOGUE,
        failpoints,
    };
    store::open(options).await.expect("the books can be opened")
}

impl Node {
    /// Starts a process; a message says that it is up, or why it could not start.
    pub fn start(
        (at, url): (usize, &str),
        Means { board, network, receivers, clock, archive }: Means<'_>,
        settings: Settings,
        said: impl FnOnce(Option<Up>) + Send + 'static,
    ) -> Self {
        let parked = Arc::new(Parked { at, board: board.clone(), pump: Mutex::default() });
        let hook = parked.clone();
        let mut building = Builder::new_current_thread();
        // Tasks that are woken from outside always run first. Otherwise their order would depend on how many
        // ticks of the runtime the SQL threads have used.
        building.enable_time().global_queue_interval(1).on_thread_park(move || hook.on_park());
        let runtime = building.build();
        let runtime = runtime.expect("a runtime");
        let store = runtime.block_on(open(url, clock, Some((board, at))));
        // Low enough that breakers open and retry budgets are used up.
        let limits = BreakerLimits { failures: 6, pause: Duration::from_millis(500), retries: 20 };
        let transport = network.transport(at, clock);
        let transports = [transport.clone(), transport.clone(), transport.clone()];
        let neighbours = Neighbours::over(transports, CALLS, limits, clock);
        let neighbours = Arc::new(neighbours);
        let checkout: Arc<dyn Kind> = Arc::new(Checkout::new(neighbours.clone()));
        let reversal: Arc<dyn Kind> = Arc::new(Reversal::new(neighbours));
        let trip: Arc<dyn Kind> = Arc::new(Trip::new(transport, clock.clone()));
        let teller = Teller::new(&store, receivers.of(at, clock), clock);
        let (archive, keep) = archive;
        let settings_of_retention = retention::Settings {
            sagas: Some((keep, archive.to_owned())),
            events: Some(keep),
            deliveries: None,
            every: keep,
            lease: LEASE,
            courtesy: Courtesy::needless(),
            failpoints: Some(board.failpoints(at)),
        };
        let retention = Retention::new(store.clone(), settings_of_retention, clock.clone());
        let retention = retention.expect("something to forget");
        let (clock, clock_of_bulk) = (clock.clone(), clock.clone());
        runtime.spawn(async move {
            let kinds = vec![checkout, reversal, trip];
            let started = async {
                let executor = Executor::start(store.clone(), kinds, settings, clock).await?;
                teller.events.add_cursors().await?;
                Ok::<_, store::Error>(executor)
            };
            let started = started.await;
            said(started.ok().map(|executor| {
                executor.run();
                let bulk = Bulk::new(store.clone(), executor.clone(), LEASE, clock_of_bulk);
                let turns = Arc::default();
                let desk = Desk::new(executor.clone(), Rules { join_equal: true });
                let reversals = Reversals::new(executor.clone(), store.clone());
                Up { executor, desk, reversals, store, teller, retention, bulk, turns }
            }));
        });
        Self { runtime: Some(runtime), at, board: board.clone(), parked, up: None }
    }

    /// Runs a task on it; aborting stops it half way.
    pub fn spawn(
        &self,
        errand: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::AbortHandle {
        self.runtime.as_ref().expect("it lives").spawn(errand).abort_handle()
    }

    /// Runs it until everything in it waits for time, for the database or for a neighbour.
    pub fn pump(&self) {
        let runtime = self.runtime.as_ref().expect("it lives");
        let idle = std::future::poll_fn(|context| self.parked.poll(context.waker()));
        let pumped = runtime.block_on(async { Clock::system().within(HANGS, idle).await });
        assert!(pumped.is_some(), "node {} hangs in its SQL: {:?}", self.at, self.board);
        debug_assert!(!self.board.is_working(self.at), "only a thread of SQL keeps it from idling");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Tasks are dropped first, so that what they hold is released as by a process that is killed.
        drop(self.runtime.take());
    }
}

/// Notices when a runtime has nothing left to run.
#[derive(Debug)]
struct Parked {
    at: usize,
    board: Board,
    pump: Mutex<Pump>,
}

#[derive(Debug, Default)]
struct Pump {
    idle: bool,
    waiting: Option<Waker>,
}

impl Parked {
    fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut pump = self.pump.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut pump.idle) {
            return Poll::Ready(());
        }
        pump.waiting = Some(waker.clone());
        Poll::Pending
    }

    /// The runtime is about to sleep. It may while SQL is under way, which will wake it.
    fn on_park(&self) {
        if self.board.is_working(self.at) {
            return;
        }
        let mut pump = self.pump.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = pump.waiting.take() {
            pump.idle = true;
            waiting.wake();
        }
    }
}

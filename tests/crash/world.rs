//! A world that a scenario breaks: replicas, the books, the neighbours and the clients; and its
//! end, where everything is let be, comes to rest, and is held against the ledgers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use order_service::clock::{Clock, random_bits};
use order_service::sandbox::Kinds;
use order_service::store::{Found, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use super::audit::{all_sagas, audit};
use super::client::{Clients, Storm};
use super::cluster::Cluster;
use super::postgres::Postgres;
use super::replica::{Orders, Replica, look_into_books, open_books};
use super::sandbox::SandboxProcess;

/// Everything comes to rest within this, or something is forgotten.
const PATIENCE: Duration = Duration::from_mins(3);

/// Worlds of several replicas take turns: with leases of two seconds on a machine of two cores,
/// side by side they would put each other to sleep, and a test would show its neighbour's faults.
/// Those of one replica run beside them.
pub async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// What the books are kept in.
#[derive(Clone, Copy, Debug)]
pub enum Books {
    Sqlite,
    /// The cluster that all tests share.
    Postgres,
    /// A cluster of its own, to be stopped.
    Cluster,
    /// A cluster of its own, on the small disk that this test's run has.
    Cramped,
}

/// A number from the environment, for larger runs by hand and for smaller ones in CI.
pub fn setting(name: &str, default: u64) -> u64 {
    let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{name} is a number"));
    std::env::var(name).map_or(default, number)
}

/// What all random choices of this run follow from: `CRASH_SEED`, or a random number.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| setting("CRASH_SEED", random_bits() % 1_000_000))
}

/// One of the two sorts of neighbours, for a scenario that has no time for both. It follows from
/// [`seed`], and differs from `scenario` to `scenario`.
pub fn either(scenario: u32) -> Kinds {
    if (seed() >> scenario).is_multiple_of(2) { Kinds::default() } else { Kinds::REPEATING }
}

/// Writes a line past the test runner, which only shows what a failed test prints.
pub fn say(line: &str) {
    writeln!(std::io::stderr(), "crash: {line}").expect("stderr");
}

pub struct World {
    pub replicas: Vec<Replica>,
    pub sandbox: SandboxProcess,
    pub clients: std::sync::Arc<Clients>,
    pub kinds: Kinds,
    pub dice: Dice,
    pub cluster: Option<Cluster>,
    pub clock: Clock,
    title: String,
    began: Duration,
    /// What was done to it, and how often.
    happened: BTreeMap<&'static str, usize>,
    orders: Orders,
    _directory: TempDir,
    _turn: Option<MutexGuard<'static, ()>>,
}

/// Chance that `CRASH_SEED` repeats.
pub struct Dice(StdRng);

impl Dice {
    /// From `least` to `most`.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        self.0.random_range(least..=most)
    }
}

impl World {
    /// So many replicas, ready, on one set of books; enough of everything but kettles.
    pub async fn start(what: &str, books: Books, kinds: Kinds, replicas: usize) -> Self {
        Self::start_with(what, books, kinds, replicas, |orders| orders).await
    }

    /// The same, with replicas that are told more.
    pub async fn start_with(
        what: &str,
        books: Books,
        kinds: Kinds,
        replicas: usize,
        tell: impl Fn(Orders) -> Orders,
    ) -> Self {
        let turn = if replicas > 1 { Some(turn().await) } else { None };
        let (clock, directory) = (Clock::system(), tempfile::tempdir().expect("a directory"));
        let began = clock.monotonic();
        let of = if kinds == Kinds::default() { "idempotent" } else { "repeating" };
        let title = format!("{what} ({of} neighbours, {books:?}, CRASH_SEED={})", seed());
        let (mut cluster, url) = match books {
            Books::Sqlite => (None, format!("sqlite://{}/books.db", directory.path().display())),
            Books::Postgres => (None, Postgres::shared().database().await),
            Books::Cluster => (Some(Cluster::start()), String::new()),
            Books::Cramped => (Some(Cluster::start_on_small_disk()), String::new()),
        };
        let url = cluster.as_mut().map_or(url, |cluster| cluster.url.clone());
        let sandbox = SandboxProcess::start(directory.path(), kinds).await;
        sandbox.stock_up().await;
        let orders = tell(Orders::new(&url, &sandbox, kinds));
        let start = (0..replicas).map(|_| Replica::start(orders.clone()));
        let replicas = futures::future::join_all(start).await;
        say(&format!("{title}: begins"));
        Self {
            replicas,
            sandbox,
            clients: Clients::new(),
            kinds,
            dice: Dice(StdRng::seed_from_u64(seed())),
            cluster,
            clock,
            title,
            began,
            happened: BTreeMap::new(),
            orders,
            _directory: directory,
            _turn: turn,
        }
    }

    /// Where the replicas are, also those that are down.
    pub fn doors(&self) -> Vec<SocketAddr> {
        self.replicas.iter().map(|replica| replica.address).collect()
    }

    /// Clients, `CRASH_CLIENTS` of them, at every replica.
    pub fn storm(&self) -> Storm {
        let clients = usize::try_from(setting("CRASH_CLIENTS", 12)).expect("few");
        self.clients.storm(&self.doors(), clients)
    }

    /// Returns once so many more clients were served, between these two.
    pub async fn served(&mut self, least: usize, most: usize) {
        let more = self.dice.between(least, most);
        self.clients.served(more).await;
    }

    pub fn kill(&mut self, replica: usize) {
        self.note("kills");
        self.replicas[replica].kill();
    }

    pub fn stop(&mut self, replica: usize) {
        self.note("stops");
        self.replicas[replica].stop();
    }

    pub fn kill_sandbox(&mut self) {
        self.note("sandbox kills");
        self.sandbox.kill();
    }

    pub fn cluster(&mut self) -> &mut Cluster {
        self.cluster.as_mut().expect("a cluster of its own")
    }

    pub fn stop_database(&mut self) {
        self.note("database stops");
        self.cluster().stop();
    }

    pub fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    /// What every replica is told.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The books, beside the replicas.
    pub async fn books(&self) -> Store {
        open_books(&self.orders.url).await
    }

    /// Returns when the others hold this replica for dead.
    pub async fn until_declared_dead(&self, replica: usize) {
        let (books, name) = (self.books().await, self.replicas[replica].name_ends_with());
        self.until("it is declared dead", async || {
            let heard = books.executors(&self.clock).await.expect("the books");
            let own = heard.iter().filter(|heard| heard.name.ends_with(&name));
            own.clone().count() > 0 && own.into_iter().all(|heard| heard.dead)
        })
        .await;
        books.close().await;
    }

    /// Returns once a replica's `/health/ready` answers so.
    pub async fn until_ready_says(&self, replica: usize, status: u16) {
        let url = format!("http://{}/health/ready", self.replicas[replica].address);
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build();
        let http = http.expect("a client");
        self.until(&format!("`ready` is {status}"), async || {
            http.get(&url).send().await.is_ok_and(|answer| answer.status() == status)
        })
        .await;
    }

    /// Returns when this holds.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let poll = async {
            while !holds().await {
                tokio::task::yield_now().await;
            }
        };
        self.clock.within(PATIENCE, poll).await.unwrap_or_else(|| panic!("never: {what}"));
    }

    /// Mends everything, has every client answered, stops the replicas in an orderly way, and holds
    /// the books against the neighbours' ledgers and against every answer given.
    pub async fn finish(mut self) {
        self.mend().await;
        let doors = self.doors();
        let settled = self.clients.everybody_gets_one_answer(&doors, self.kinds);
        if self.clock.within(PATIENCE, settled).await.is_none() {
            let open = all_sagas(&look_into_books(&self.orders.url).await).await;
            let open: Vec<_> = open.iter().filter(|saga| !saga.is_at_rest()).collect();
            panic!("{}: not everybody was answered: {open:#?}", self.title);
        }
        for replica in &mut self.replicas {
            replica.terminate().await;
        }
        let books = self.books().await;
        audit(&books, &self.sandbox.ledger().await).await;
        let sagas = all_sagas(&books).await;
        self.clients.were_told_what_is_in(&books, &sagas).await;
        for saga in sagas.iter().filter(|saga| !saga.is_at_rest()) {
            let doubt =
                saga.stuck.as_ref().is_some_and(|stuck| stuck.kind.to_string() == "InDoubt");
            assert!(doubt && self.kinds != Kinds::default(), "left in the middle: {saga:?}");
        }
        books.close().await;
        self.tell(&sagas);
    }

    async fn mend(&mut self) {
        if let Some(cluster) = self.cluster.as_mut().filter(|cluster| !cluster.is_up()) {
            cluster.revive();
        }
        if !self.sandbox.is_up() {
            self.sandbox.revive().await;
        }
        self.sandbox.calm_down().await;
        for replica in &mut self.replicas {
            replica.lives();
            if replica.is_asleep() {
                replica.wake();
            } else if !replica.is_up() {
                replica.revive();
            }
            replica.ready().await;
        }
    }

    /// One line of what it was.
    fn tell(&self, sagas: &[Found]) {
        let mut line = format!("{}: {} replicas", self.title, self.replicas.len());
        for (what, count) in &self.happened {
            write!(line, ", {count} {what}").expect("a string");
        }
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for saga in sagas {
            let state = if saga.is_at_rest() { saga.state.as_str() } else { "in doubt" };
            *states.entry(state).or_default() += 1;
        }
        write!(line, "; {} checkouts", self.clients.checkouts()).expect("a string");
        for (state, count) in states {
            write!(line, ", {count} {state}").expect("a string");
        }
        let took = self.clock.monotonic().saturating_sub(self.began);
        let tally = self.clients.tally();
        say(&format!("{line}; answers: {tally}; {:.1} s; the books balance", took.as_secs_f64()));
    }
}

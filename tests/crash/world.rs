//! A world for a scenario to break: replicas, a database, the neighbours and the clients. At its end
//! everything is mended and left alone, comes to rest, and is compared with the ledgers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use order_service::clock::{Clock, random_bits};
use order_service::sandbox::Idempotency;
use order_service::store::{Found, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::audit::{all_sagas, audit};
use super::client::{Clients, Storm};
use super::cluster::Cluster;
use super::postgres::Postgres;
use super::replica::{Orders, Replica, look_into_books, open_books};
use super::sandbox::SandboxProcess;

/// Everything has to come to rest within this time; otherwise something was forgotten.
const PATIENCE: Duration = Duration::from_mins(3);

/// Of the worlds with several replicas two run at a time, which keep two cores two thirds busy: with leases of two
/// seconds more of them would starve each other, and a test would show another one's faults. Worlds with
/// one replica run beside them.
async fn turn() -> SemaphorePermit<'static> {
    TURNS.acquire().await.expect("never closed")
}

/// The turn of a world beside which none with several replicas runs.
pub async fn all_turns() -> SemaphorePermit<'static> {
    TURNS.acquire_many(AT_ONCE).await.expect("never closed")
}

const AT_ONCE: u32 = 2;
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE as usize);

/// The database of a world.
#[derive(Clone, Copy, Debug)]
pub enum Books {
    Sqlite,
    /// PostgreSQL, in the cluster that all tests share.
    Postgres,
    /// PostgreSQL, in a cluster of its own that can be stopped.
    Cluster,
    /// PostgreSQL, in a cluster of its own on the small disk of this run.
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
pub fn either(scenario: u32) -> Idempotency {
    if (seed() >> scenario).is_multiple_of(2) {
        Idempotency::default()
    } else {
        Idempotency::REPEATING
    }
}

/// Prints a line even if the test passes, when the test runner would hide it.
pub fn say(line: &str) {
    writeln!(std::io::stderr(), "crash: {line}").expect("stderr");
}

pub struct World {
    pub replicas: Vec<Replica>,
    pub sandbox: SandboxProcess,
    pub clients: std::sync::Arc<Clients>,
    pub kinds: Idempotency,
    pub dice: Dice,
    pub cluster: Option<Cluster>,
    pub clock: Clock,
    title: String,
    began: Duration,
    /// What was done to this world, and how often.
    happened: BTreeMap<&'static str, usize>,
    orders: Orders,
    _directory: TempDir,
    _turn: Option<SemaphorePermit<'static>>,
}

/// Random numbers that follow from `CRASH_SEED`.
pub struct Dice(StdRng);

impl Dice {
    /// A random number from `least` to `most`.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        self.0.random_range(least..=most)
    }
}

impl World {
    /// This many replicas, ready, on one database; all products in stock, but few kettles.
    pub async fn start(what: &str, books: Books, kinds: Idempotency, replicas: usize) -> Self {
        Self::start_with(what, books, kinds, replicas, |orders| orders).await
    }

    /// The same, with more configuration for the replicas.
    pub async fn start_with(
        what: &str,
        books: Books,
        kinds: Idempotency,
        replicas: usize,
        tell: impl Fn(Orders) -> Orders,
    ) -> Self {
        let turn = if replicas > 1 { Some(turn().await) } else { None };
        let (clock, directory) = (Clock::system(), tempfile::tempdir().expect("a directory"));
        let began = clock.monotonic();
        let of = if kinds == Idempotency::default() { "idempotent" } else { "repeating" };
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

    /// The replicas' addresses, including those that are down.
    pub fn doors(&self) -> Vec<SocketAddr> {
        self.replicas.iter().map(|replica| replica.address).collect()
    }

    /// Starts `CRASH_CLIENTS` clients that use every replica.
    pub fn storm(&self) -> Storm {
        let clients = usize::try_from(setting("CRASH_CLIENTS", 12)).expect("few");
        self.clients.storm(&self.doors(), clients)
    }

    /// Returns once a random number of clients between these two was served.
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

    /// The environment of every replica.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Opens the database beside the replicas.
    pub async fn books(&self) -> Store {
        open_books(&self.orders.url).await
    }

    /// Returns when the others have declared this replica dead.
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

    /// Returns once a replica's `/health/ready` gives this answer.
    pub async fn until_ready_says(&self, replica: usize, status: u16) {
        let url = format!("http://{}/health/ready", self.replicas[replica].address);
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build();
        let http = http.expect("a client");
        self.until(&format!("`ready` is {status}"), async || {
            http.get(&url).send().await.is_ok_and(|answer| answer.status() == status)
        })
        .await;
    }

    /// Returns once every replica says that it is ready.
    pub async fn until_all_are_ready(&self) {
        for replica in 0..self.replicas.len() {
            self.until_ready_says(replica, 200).await;
        }
    }

    /// How a sink stands by the operators' summary of the first replica that gives one.
    pub async fn sink(&self, name: &str) -> Value {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build();
        let http = http.expect("a client");
        for replica in self.replicas.iter().filter(|replica| replica.is_up()) {
            let url = format!("http://{}/api/operator/summary", replica.address);
            let Ok(answer) = http.get(url).bearer_auth("t").send().await else { continue };
            let summary: Value = answer.json().await.unwrap_or_default();
            let sinks = summary["sinks"].as_array().into_iter().flatten();
            if let Some(sink) = sinks.clone().find(|sink| sink["name"] == name) {
                return sink.clone();
            }
        }
        Value::Null
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

    /// Mends everything, waits until every client has its answer, stops the replicas in an orderly way, and
    /// compares the books with the neighbours' ledgers and with every answer that was given.
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
            assert!(doubt && self.kinds != Idempotency::default(), "left in the middle: {saga:?}");
        }
        books.close().await;
        self.tell(&sagas);
    }

    /// A replica that was killed is started, and one that was put to sleep wakes.
    pub fn comes_back(&mut self, replica: usize) {
        let replica = &mut self.replicas[replica];
        if replica.is_asleep() {
            replica.wake();
        } else {
            replica.revive();
        }
    }

    pub async fn mend(&mut self) {
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

    /// One line that says what happened.
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

//! A lane: one database on which many cells run one after the other, one process at a time.
//!
//! Time only moves forward: every process begins after the lease of the one before has lapsed.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::outbox;
use order_service::checkout;
use order_service::clock::Clock;
use order_service::reversal::{CANCELLATION, RETURN};
use order_service::saga::{Catalogue, Definition, Progress};
use order_service::store::{self, Store};
use sea_orm::{ColumnTrait, Database, EntityTrait, QueryFilter};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::audit::all_sagas;
use crate::play::Ending;
use crate::point::Points;
use crate::postgres::Postgres;
use crate::process::{LEASE, Process};
use crate::scenario::Scenario;
use crate::trip;
use crate::world::World;

/// A process that takes longer is taken to hang.
const PATIENCE: Duration = Duration::from_mins(1);
/// Turns of the runtime after a death, in which answers that were given before it are still heard.
const LAST_WORDS: u32 = 24;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Books {
    Sqlite,
    Postgres,
}

impl Books {
    /// Its name in the name of a cell.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// A database with the runtime of the neighbours.
pub struct Lane {
    url: String,
    /// The runtime of the neighbours, who survive every process.
    neighbourhood: Runtime,
    http: reqwest::Client,
    now: DateTime<Utc>,
    directory: TempDir,
}

/// How a process ended.
pub struct Life {
    /// Every point that it passed.
    pub passed: Vec<String>,
    /// What it returned; `None` if it died.
    pub ending: Option<Ending>,
}

impl Lane {
    pub fn open(books: Books) -> Self {
        let neighbourhood = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let neighbourhood = neighbourhood.expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("books.db");
        let url = match books {
            Books::Sqlite => format!("sqlite://{}", file.display()),
            Books::Postgres => neighbourhood.block_on(Postgres::shared().database()),
        };
        neighbourhood.block_on(migrate(&url));
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        Self { url, neighbourhood, http: reqwest::Client::new(), now, directory }
    }

    /// A new world, in which no process has run yet.
    pub fn world(&self, scenario: &Scenario) -> Arc<World> {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        let key = format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        Arc::new(self.neighbourhood.block_on(World::new(scenario, key, self.http.clone())))
    }

    /// What happens while no process runs.
    pub fn mourn(&self, world: &World) {
        self.neighbourhood.block_on(world.mourn());
    }

    /// Runs a process until everything is at rest, or until this point.
    pub fn live(&mut self, world: &Arc<World>, dies_at: Option<&str>) -> Life {
        /// Ids and random numbers follow from it; no two processes have the same.
        static SEEDS: AtomicU64 = AtomicU64::new(1);
        let clock = || Clock::manual(self.now, SEEDS.fetch_add(1, Ordering::Relaxed));
        let points = Arc::new(Points::new(dies_at, clock()));
        let clock = clock();
        let (url, its_world) = (self.url.clone(), world.clone());
        let (its_points, its_clock) = (points.clone(), clock.clone());
        let script = async move {
            Process::start(&url, its_world, its_points, its_clock).await.live().await
        };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let real_time = Clock::system();
        let ending = runtime.block_on(async {
            tokio::select! {
                biased;
                ending = real_time.within(PATIENCE, script) => Some(ending.unwrap_or_else(|| {
                    panic!("hangs after {:?}", points.passed())
                })),
                () = points.died() => {
                    for _turn in 0..LAST_WORDS {
                        tokio::task::yield_now().await;
                    }
                    None
                }
            }
        });
        runtime.shutdown_background();
        self.let_go();
        self.now = clock.now() + LEASE + Duration::from_secs(1);
        Life { passed: points.passed(), ending }
    }

    /// After the last cell: checks what only all of them together can show.
    pub fn close(self) {
        self.neighbourhood.block_on(check_events(&self.url));
    }

    /// The threads of a dead process's SQLite connections finish their work and end by themselves; a real
    /// death would end them at once.
    fn let_go(&self) {
        let is_ours = |file: std::io::Result<DirEntry>| {
            let file = file.and_then(|file| fs::read_link(file.path()));
            file.is_ok_and(|file| file.starts_with(self.directory.path()))
        };
        while fs::read_dir("/proc/self/fd").is_ok_and(|mut files| files.any(is_ours)) {
            std::thread::yield_now();
        }
    }
}

/// The tables of all kinds, for looking at their sagas.
static TABLES: [&Definition; 5] =
    [&checkout::DEFINITION, &CANCELLATION, &RETURN, &trip::DEFINITION, &trip::OLDER];

async fn open_books(url: &str) -> Store {
    let options = store::Options {
        url,
        max_connections: 4,
        silence: Duration::from_secs(5),
        access: store::Access::Owner,
        clock: Clock::system(),
        catalogue: Catalogue::of(&TABLES),
        failpoints: None,
    };
    store::open(options).await.expect("the books")
}

async fn migrate(url: &str) {
    let store = open_books(url).await;
    store.migrate().await.expect("migrations");
    store.close().await;
}

/// Each completed order has exactly one event, and there are no other events.
async fn check_events(url: &str) {
    let store = open_books(url).await;
    let sagas = all_sagas(&store).await.into_iter();
    let completed = sagas.filter(|saga| saga.progress.is_some_and(Progress::is_completed));
    let completed: BTreeSet<_> = completed.map(|saga| saga.order_id.0).collect();
    store.close().await;
    let books = Database::connect(url).await.expect("the books");
    let of_orders = outbox::Column::Kind.eq("order.confirmed");
    let events = outbox::Entity::find().filter(of_orders).all(&books).await;
    let events = events.expect("the outbox");
    books.close().await.expect("closing");
    assert_eq!(events.len(), completed.len(), "one event for each order");
    assert_eq!(events.iter().map(|event| event.order_id).collect::<BTreeSet<_>>(), completed);
}

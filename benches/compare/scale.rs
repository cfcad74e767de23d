//! A database with millions of finished sagas: are checkouts as fast as in an empty one, and does every
//! query find its rows by an index?

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use order_service::checkout::DEFINITIONS;
use order_service::clock::Clock;
use order_service::saga::Catalogue;
use order_service::store::{self, Access, Due, Store};
use sqlx::Row;
use uuid::Uuid;

use crate::Fault;
use crate::database::{Database, Engine};
use crate::fill::{Filling, fill};
use crate::process::{Sandbox, Service, System};
use crate::progress::Progress;
use crate::table::{Bound, Met, median, targets};
use crate::turn::{Shape, Side};

/// The flags of `scale`.
#[derive(Debug, clap::Args)]
pub struct Scale {
    /// Finished sagas; each takes some 5 KiB of disk
    #[arg(long, default_value_t = 5_000_000)]
    sagas: u32,
    /// How often the rate is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measured time of a turn
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

/// How many times each query is timed.
const LOOKS: usize = 15;
/// The longest that a query may take.
const LOOK_MS: f64 = 20.0;

/// Measures, and prints which targets are met.
pub async fn run(scale: Scale) -> Result<(), Fault> {
    let (directory, sandbox) = (tempfile::tempdir()?, Sandbox::start().await?);
    let directory = directory.path();
    let shape = Shape {
        connections: 64,
        rate: None,
        pause: Duration::ZERO,
        warmup: Duration::from_secs(1),
        measured: Duration::from_secs_f64(scale.seconds),
    };
    let mut wrong = BTreeSet::new();
    let full = filled(&scale, &shape, &sandbox, directory, &mut wrong).await?;
    let empty =
        side(Database::fresh(Engine::Postgres, directory, "empty").await?, &sandbox, directory);
    let sides = [full, empty.await?];
    let mut progress = Progress::of(scale.rounds * 2);
    let mut rates = Vec::new();
    for seed in (0..).take(scale.rounds) {
        let mut round = [0.0; 2];
        for ((side, rate), what) in sides.iter().zip(&mut round).zip(["full", "empty"]) {
            progress.begin(what);
            *rate = side.turn(&shape, seed, &sandbox, &mut wrong).await?.rate;
        }
        rates.push(round);
    }
    drop(progress);
    let of = |at: usize| median(rates.iter().map(|round| round[at]).collect());
    println!("{} finished sagas: {:.0}/s; empty: {:.0}/s", scale.sagas, of(0), of(1));
    let [full, _empty] = &sides;
    let mut met = vec![Met {
        what: "throughput, to that of an empty database".to_owned(),
        bound: Bound::AtLeast(0.95),
        measured: median(rates.iter().map(|[full, empty]| full / empty).collect()),
    }];
    met.extend(looks(full).await?);
    met.extend(claims(&full.database.url).await?);
    targets(&met);
    if wrong.is_empty() { Ok(()) } else { Err(Vec::from_iter(wrong).join("\n").into()) }
}

pub async fn side(database: Database, sandbox: &Sandbox, directory: &Path) -> Result<Side, Fault> {
    let service = Service::start(System::Saga, &database.url, sandbox, directory, &[]).await?;
    Ok(Side { service, database })
}

/// A system with a filled database.
async fn filled(
    scale: &Scale,
    shape: &Shape,
    sandbox: &Sandbox,
    directory: &Path,
    wrong: &mut BTreeSet<String>,
) -> Result<Side, Fault> {
    let database = Database::fresh(Engine::Postgres, directory, "full").await?;
    let template = side(database, sandbox, directory).await?;
    eprintln!("makes checkouts to multiply");
    template.turn(shape, 0, sandbox, wrong).await?;
    let Side { service, database } = template;
    drop(service);
    let apart = Duration::from_millis(5);
    let oldest = Clock::system().now() - Duration::from_hours(1) - apart * scale.sagas;
    let copies = i64::from(scale.sagas);
    let filling = Filling { of: "state = 'Completed'", copies, oldest, apart, told: true };
    fill(database.postgres()?, &filling).await?;
    let size = sqlx::query("SELECT pg_size_pretty(pg_database_size(current_database()))");
    let size: String = size.fetch_one(database.postgres()?).await?.get(0);
    println!("the full database has {size}");
    side(database, sandbox, directory).await
}

/// Every list over HTTP, with its second page if there is one.
async fn looks(side: &Side) -> Result<Vec<Met>, Fault> {
    let anybody = sqlx::query("SELECT user_id, id FROM orders ORDER BY created_at LIMIT 1");
    let anybody = anybody.fetch_one(side.database.postgres()?).await?;
    let (user, id): (Uuid, Uuid) = (anybody.get(0), anybody.get(1));
    let sagas = "/api/operator/sagas";
    let history = format!("/api/orders/user/{user}");
    let mut paths: Vec<String> = [
        "",
        "?state=Completed",
        "?state=Paid",
        "?stuck=true",
        "?stuck=false",
        "?kind=checkout",
        "?olderThan=PT2H",
        "?state=Completed&olderThan=PT2H",
        "?stuck=true&olderThan=PT2H",
    ]
    .map(|query| format!("{sagas}{query}"))
    .to_vec();
    paths.push(format!("{sagas}?userId={user}"));
    paths.push(format!("{sagas}?userId={user}&state=Paid"));
    paths.extend(
        ["-createdAt", "createdAt", "-totalAmount", "totalAmount"]
            .map(|sort| format!("{history}?limit=50&sort={sort}")),
    );
    paths.push(format!("{history}?limit=50&status=Confirmed&minAmount=500"));
    paths.push(format!("{history}?limit=50&status=Shipped"));
    paths.push(format!("{history}?limit=50&to=2000-01-01T00:00:00Z"));
    paths.push(history);
    paths.push(format!("/api/orders/{id}"));
    paths.push(format!("/api/orders/{id}/status"));
    paths.push(format!("{sagas}/{id}"));
    paths.push("/api/operator/summary".to_owned());
    let mut met = Vec::new();
    for path in paths {
        let named = path.replace(&user.to_string(), "USER").replace(&id.to_string(), "ID");
        met.push(
            timed(named.clone(), LOOK_MS, async || side.service.page(&path).await.map(drop))
                .await?,
        );
        if let Some(next) = side.service.page(&path).await? {
            let named = format!("{named}, second page");
            met.push(
                timed(named, LOOK_MS, async || side.service.page(&next).await.map(drop)).await?,
            );
        }
    }
    Ok(met)
}

/// The queries that executors repeat all the time.
async fn claims(url: &str) -> Result<Vec<Met>, Fault> {
    let silence = Duration::from_secs(5);
    let (access, failpoints, clock) = (Access::Guest, None, Clock::system());
    let catalogue = Catalogue::of(DEFINITIONS);
    let options =
        store::Options { url, max_connections: 4, silence, access, clock, catalogue, failpoints };
    let store = store::open(options).await?;
    let (clock, nobody) = (Clock::system(), Uuid::nil());
    let due = || {
        let (now, pause) = (clock.now(), Duration::from_mins(10));
        Due { now, usual: now + pause / 10, latest: now + pause, written: now }
    };
    let store: &Store = &store;
    let any = async || store.is_any_claimable(due()).await.map(|_any| ());
    let claim = async || store.claim(nobody, due(), 64).await.map(drop);
    let next = async || store.next_due().await.map(|_due| ());
    let count = async || store.undriven_by_state().await.map(drop);
    let owned = async || store.owned(nobody, 2048).await.map(drop);
    Ok(vec![
        timed("is there anything to claim".to_owned(), LOOK_MS, any).await?,
        timed("a claim".to_owned(), LOOK_MS, claim).await?,
        timed("when is the next due".to_owned(), LOOK_MS, next).await?,
        timed("counting the open".to_owned(), LOOK_MS, count).await?,
        timed("the sweep".to_owned(), LOOK_MS, owned).await?,
    ])
}

/// How long it takes, against the longest that it may.
pub async fn timed<E>(
    what: String,
    most: f64,
    look: impl AsyncFn() -> Result<(), E>,
) -> Result<Met, Fault>
where
    Fault: From<E>,
{
    let clock = Clock::system();
    let mut taken = Vec::new();
    for _ in 0..LOOKS {
        let from = clock.monotonic();
        look().await?;
        taken.push(clock.monotonic().saturating_sub(from).as_secs_f64() * 1000.0);
    }
    let longest = taken.iter().copied().fold(0.0, f64::max);
    let what = format!("{what}, ms (the longest {longest:.1})");
    Ok(Met { what, bound: Bound::AtMost(most), measured: median(taken) })
}

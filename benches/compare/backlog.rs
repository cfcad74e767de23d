//! A database with a million events that nobody was told of: what the sequencer makes of them, and what they
//! cost a checkout, first while they get their positions, then while they wait for a broker that is away.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use order_service::clock::Clock;

use crate::Fault;
use crate::database::{Database, Engine, as_float};
use crate::fill::{Filling, fill};
use crate::process::{Sandbox, Service, System};
use crate::progress::Progress;
use crate::table::{Bound, Met, median, targets};
use crate::turn::{Shape, Side};

/// The flags of `backlog`.
#[derive(Debug, clap::Args)]
pub struct Backlog {
    /// Events without a position
    #[arg(long, default_value_t = 1_000_000)]
    events: u32,
    /// How often each is measured; odd, for a median
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measured time of a turn
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

/// How long a million positions may take.
const PLACED_WITHIN: Duration = Duration::from_mins(20);
/// Nobody listens there.
const AWAY: [(&str, &str); 1] = [("ORDER_SERVICE__BROKER__URL", "amqp://127.0.0.1:1")];

/// Measures, and prints which targets are met.
pub async fn run(backlog: Backlog) -> Result<(), Fault> {
    let (directory, sandbox) = (tempfile::tempdir()?, Sandbox::start().await?);
    let directory = directory.path();
    let shape = Shape {
        connections: 64,
        rate: None,
        pause: Duration::ZERO,
        warmup: Duration::from_secs(1),
        measured: Duration::from_secs_f64(backlog.seconds),
    };
    let mut wrong = BTreeSet::new();
    let empty = Database::fresh(Engine::Postgres, directory, "empty").await?;
    let empty = side(empty, &sandbox, directory).await?;
    let full = filled(&backlog, &shape, &sandbox, directory, &mut wrong).await?;
    let clock = Clock::system();
    let from = clock.monotonic();
    let unplaced = full.unplaced().await?;
    let mut progress = Progress::of(backlog.rounds * 4);
    let (mut during, mut after) = (Vec::new(), Vec::new());
    for seed in (0..).take(backlog.rounds) {
        progress.begin("no backlog");
        let without = empty.turn(&shape, seed, &sandbox, &mut wrong).await?.rate;
        progress.begin("while positions are given");
        let with = full.turn(&shape, seed, &sandbox, &mut wrong).await?.rate;
        if full.unplaced().await? > 0.0 {
            during.push(with / without);
        }
    }
    let all = async {
        while full.unplaced().await? > 0.0 {
            clock.sleep(Duration::from_millis(200)).await;
        }
        Ok::<_, Fault>(())
    };
    clock.within(PLACED_WITHIN, Box::pin(all)).await.ok_or("not all events got a position")??;
    let seconds = clock.monotonic().saturating_sub(from).as_secs_f64();
    for seed in (0..).take(backlog.rounds) {
        progress.begin("no backlog");
        let without = empty.turn(&shape, seed, &sandbox, &mut wrong).await?.rate;
        progress.begin("a broker that is away");
        let with = full.turn(&shape, seed, &sandbox, &mut wrong).await?.rate;
        after.push(with / without);
    }
    drop(progress);
    println!("{unplaced:.0} positions were given in {seconds:.1} s, with checkouts in between");
    let mut met = Vec::new();
    for (what, ratios) in [("while they get positions", during), ("that wait for a broker", after)]
    {
        if !ratios.is_empty() {
            let what = format!("throughput, {} events {what}, to that without", backlog.events);
            met.push(Met { what, bound: Bound::AtLeast(0.9), measured: median(ratios) });
        }
    }
    targets(&met);
    if wrong.is_empty() { Ok(()) } else { Err(Vec::from_iter(wrong).join("\n").into()) }
}

async fn side(database: Database, sandbox: &Sandbox, directory: &Path) -> Result<Side, Fault> {
    let service = Service::start(System::Saga, &database.url, sandbox, directory, &AWAY).await?;
    Ok(Side { service, database })
}

/// A system whose database has the backlog.
async fn filled(
    backlog: &Backlog,
    shape: &Shape,
    sandbox: &Sandbox,
    directory: &Path,
    wrong: &mut BTreeSet<String>,
) -> Result<Side, Fault> {
    let database = Database::fresh(Engine::Postgres, directory, "full").await?;
    let template = side(database, sandbox, directory).await?;
    template.turn(shape, 0, sandbox, wrong).await?;
    let Side { service, database } = template;
    drop(service);
    let (copies, apart) = (i64::from(backlog.events), Duration::from_millis(5));
    let oldest = Clock::system().now() - Duration::from_hours(1) - apart * backlog.events;
    let of = "state = 'Completed'";
    let filling = Filling { of, copies, oldest, apart, told: false };
    fill(database.postgres()?, &filling).await?;
    side(database, sandbox, directory).await
}

impl Side {
    /// Events without a position.
    async fn unplaced(&self) -> Result<f64, Fault> {
        let count = "SELECT count(*) FROM outbox WHERE position IS NULL";
        let count = sqlx::query_scalar::<_, i64>(count);
        Ok(as_float(count.fetch_one(self.database.postgres()?).await?))
    }
}

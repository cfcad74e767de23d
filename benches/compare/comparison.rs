//! The saga and the same flow without one, in alternating turns, under each load, on each database.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::Fault;
use crate::database::{Database, Engine};
use crate::process::{Sandbox, Service, System};
use crate::progress::Progress;
use crate::table::{self, Row};
use crate::turn::{Figures, Shape, Side, name};

/// The flags of the comparison.
#[derive(Debug, clap::Args)]
pub struct Sizes {
    /// Two minutes instead of ten: to see that it works, not to measure
    #[arg(long)]
    quick: bool,
    /// How often each is measured; odd, for a median
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measured time of a turn
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Time before it, which doesn't count
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
    /// On which databases
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Engine::Postgres, Engine::Sqlite])]
    databases: Vec<Engine>,
    /// With neighbours of which sort
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Neighbours::Keep, Neighbours::Repeat])]
    neighbours: Vec<Neighbours>,
    /// Under which loads; `open` needs `64`
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = LOADS)]
    loads: Vec<Loading>,
}

/// What the service believes about the neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Neighbours {
    /// They act once per key
    Keep,
    /// They act on every call, under some of the loads
    Repeat,
}

impl Neighbours {
    fn saga(self) -> System {
        match self {
            Self::Keep => System::Saga,
            Self::Repeat => System::Careful,
        }
    }

    /// What its saga is compared with.
    fn baselines(self) -> &'static [System] {
        match self {
            Self::Keep => &[System::Plain],
            Self::Repeat => &[System::PlainFresh, System::Plain],
        }
    }

    fn has(self, loading: Loading) -> bool {
        match self {
            Self::Keep => true,
            Self::Repeat => {
                matches!(loading, Loading::Slow | Loading::One | Loading::SixtyFour)
            }
        }
    }
}

/// The loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Loading {
    /// One client, neighbours at 5 ms a call
    #[value(name = "slow")]
    Slow,
    /// One client
    #[value(name = "1")]
    One,
    /// 16 clients
    #[value(name = "16")]
    Sixteen,
    /// 64 clients
    #[value(name = "64")]
    SixtyFour,
    /// Open loop at half of the rate that the slower system has with 64 clients
    #[value(name = "open")]
    Open,
}

const LOADS: [Loading; 5] =
    [Loading::Slow, Loading::One, Loading::Sixteen, Loading::SixtyFour, Loading::Open];

impl Loading {
    pub fn name(self) -> &'static str {
        match self {
            Self::Slow => "1 client, 5 ms a call",
            Self::One => "1 client",
            Self::Sixteen => "16 clients",
            Self::SixtyFour => "64 clients",
            Self::Open => "open, half rate",
        }
    }
}

/// The most requests that an open loop may have under way, which it never reaches.
const OPEN_CONNECTIONS: usize = 256;

/// Compares, and prints the table and the targets; an error if the books are wrong.
pub async fn run(mut sizes: Sizes) -> Result<(), Fault> {
    if sizes.quick {
        (sizes.rounds, sizes.seconds, sizes.warmup) = (3, 1.5, 0.4);
    }
    // The open loop's rate follows from that of 64 clients, so these run even if they were not asked for.
    let wanted = |loading: &Loading| {
        let is_open = sizes.loads.contains(&Loading::Open);
        sizes.loads.contains(loading) || (is_open && *loading == Loading::SixtyFour)
    };
    let loads: Vec<_> = LOADS.into_iter().filter(wanted).collect();
    let with = |neighbours: Neighbours| loads.iter().filter(move |load| neighbours.has(**load));
    let sides_of = |neighbours: Neighbours| neighbours.baselines().len() + 1;
    let turns = |neighbours: &Neighbours| with(*neighbours).count() * sides_of(*neighbours);
    let turns: usize = sizes.neighbours.iter().map(turns).sum();
    let turns = sizes.databases.len() * turns * sizes.rounds;
    let mut comparison = Comparison {
        sandbox: Sandbox::start().await?,
        progress: Progress::of(turns),
        rounds: sizes.rounds,
        wrong: BTreeSet::new(),
    };
    let directory = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for engine in &sizes.databases {
        for neighbours in &sizes.neighbours {
            let (saga, baselines) = (neighbours.saga(), neighbours.baselines());
            let systems: Vec<_> = [saga].iter().chain(baselines).copied().collect();
            let sides = sides(*engine, &systems, directory.path(), &comparison.sandbox).await?;
            let mut busiest = f64::INFINITY;
            for loading in with(*neighbours) {
                let shape = sizes.shape(*loading, busiest);
                let rounds = comparison.rounds(&sides, (*engine, *loading), &shape).await?;
                for (nth, baseline) in (1..).zip(baselines) {
                    let rounds = rounds.iter().map(|round| [round[0], round[nth]]).collect();
                    let (engine, loading) = (*engine, *loading);
                    let row = Row { engine, loading, saga, baseline: *baseline, rounds };
                    if loading == Loading::SixtyFour {
                        busiest = row.median(saga).rate.min(row.median(*baseline).rate);
                    }
                    rows.push(row);
                }
            }
        }
    }
    drop(comparison.progress);
    table::print(&rows);
    let wrong: Vec<_> = comparison.wrong.into_iter().collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

impl Sizes {
    fn shape(&self, loading: Loading, busiest: f64) -> Shape {
        let pause = match loading {
            Loading::Slow => Duration::from_millis(5),
            Loading::One | Loading::Sixteen | Loading::SixtyFour | Loading::Open => Duration::ZERO,
        };
        let connections = match loading {
            Loading::Slow | Loading::One => 1,
            Loading::Sixteen => 16,
            Loading::SixtyFour => 64,
            Loading::Open => OPEN_CONNECTIONS,
        };
        Shape {
            connections,
            rate: (loading == Loading::Open).then_some(busiest / 2.0),
            pause,
            warmup: Duration::from_secs_f64(self.warmup),
            measured: Duration::from_secs_f64(self.seconds),
        }
    }
}

/// The systems, the saga first, each with a database of its own that a service has migrated.
async fn sides(
    engine: Engine,
    systems: &[System],
    directory: &Path,
    sandbox: &Sandbox,
) -> Result<Vec<Side>, Fault> {
    let mut sides = Vec::new();
    for system in systems {
        // The flow without a saga has another database for each saga that it is compared with.
        let label = format!("{engine:?}-{:?}-{system:?}", systems[0]);
        let database = Database::fresh(engine, directory, &label).await?;
        let service = Service::start(*system, &database.url, sandbox, directory, &[]).await?;
        // Printed for those who want to attach a profiler.
        eprintln!("{}: {} is process {}", engine.name(), name(*system), service.child.pid());
        sides.push(Side { service, database });
    }
    Ok(sides)
}

/// What is shared by all loads on all databases.
struct Comparison {
    sandbox: Sandbox,
    progress: Progress,
    rounds: usize,
    /// What is wrong with the books.
    wrong: BTreeSet<String>,
}

impl Comparison {
    /// Saga, plain, saga, plain and so on, so that a temporary disturbance of the machine affects both.
    async fn rounds(
        &mut self,
        sides: &[Side],
        (engine, loading): (Engine, Loading),
        shape: &Shape,
    ) -> Result<Vec<Vec<Figures>>, Fault> {
        let mut rounds = Vec::new();
        for seed in (0..).take(self.rounds) {
            let mut round = Vec::new();
            for side in sides {
                let system = name(side.service.system);
                self.progress.begin(&format!("{}, {}, {system}", engine.name(), loading.name()));
                round.push(side.turn(shape, seed, &self.sandbox, &mut self.wrong).await?);
            }
            rounds.push(round);
        }
        Ok(rounds)
    }
}

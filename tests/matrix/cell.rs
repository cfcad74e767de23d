//! The cells of one scenario: its points, with a death at each, and sometimes a second death.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::lane::{Books, Lane};
use crate::play::Ending;
use crate::point::is_a_fault;
use crate::scenario::Scenario;
use crate::table::Row;

/// Which cells are run.
pub struct Chosen {
    /// `SCENARIO/DATABASE/POINT`, with a second `/POINT` for the successor if both die. A scenario that ends
    /// with `*` stands for all whose names begin so.
    cell: Option<Vec<String>>,
    /// Every point of every scenario on both databases. Otherwise, scenarios that differ from others only in
    /// what goes wrong are sampled, from the failing call on.
    pub full: bool,
}

impl Chosen {
    pub fn from_environment() -> Self {
        let cell = std::env::var("MATRIX_CELL").ok();
        let cell = cell.map(|cell| cell.split('/').map(str::to_owned).collect());
        if std::env::var_os("RUST_LOG").is_some() {
            let log = tracing_subscriber::EnvFilter::from_default_env();
            // The other of the two tests may have been faster.
            let _set = tracing_subscriber::fmt().with_env_filter(log).try_init();
        }
        Self { cell, full: std::env::var_os("MATRIX_FULL").is_some() }
    }

    pub fn has(&self, books: Books, scenario: &Scenario) -> bool {
        let Some(cell) = &self.cell else { return self.full || !scenario.is_large };
        if let Some(begins) = cell.first().and_then(|wanted| wanted.strip_suffix('*')) {
            let is_default = self.full || !scenario.is_large;
            return is_default && scenario.name.starts_with(begins);
        }
        let is = |at: usize, word: &str| cell.get(at).is_none_or(|wanted| wanted == word);
        is(0, &scenario.name) && is(1, books.word())
    }

    /// The points at which the first process dies.
    fn first(&self, books: Books, scenario: &Scenario, passed: &[String]) -> Vec<String> {
        if let Some(point) = self.cell.as_ref().and_then(|cell| cell.get(2)) {
            return vec![point.clone()];
        }
        let of_a_saga = passed.iter().filter(|point| !point.contains("start statement")).cloned();
        if self.full || scenario.is_whole {
            return of_a_saga.collect();
        }
        let from = scenario.differs_from.map_or_else(String::new, |call| format!("before {call}"));
        let different = of_a_saga.skip_while(|point| !point.starts_with(&from));
        // PostgreSQL's cells take longer.
        let sample = scenario.sample * (1 + books as usize);
        let different: Vec<_> = different.collect();
        let skipped = (scenario.number + sample / 4 * books as usize) % sample;
        let skipped = skipped % different.len().max(1);
        different.into_iter().skip(skipped).step_by(sample).collect()
    }

    /// The points at which its successor dies, too.
    fn second(&self, at: usize, scenario: &Scenario, passed: &[String]) -> Vec<String> {
        match &self.cell {
            Some(cell) if cell.len() > 2 => cell.get(3).cloned().into_iter().collect(),
            Some(_) | None if scenario.dies_twice => {
                let sample = sample(passed);
                let one = at % sample.len().max(1);
                if self.full { sample } else { sample.get(one).cloned().into_iter().collect() }
            }
            Some(_) | None => Vec::new(),
        }
    }
}

/// The successor's points at which it dies: after it declared the dead one dead, and at its first write
/// and its first call.
fn sample(passed: &[String]) -> Vec<String> {
    let declared = passed.iter().find(|point| *point == "after start statement 3");
    let written = passed.iter().find(|point| *point == "after commit 1");
    let is_effect = |point: &&String| {
        point.starts_with("after ")
            && !["commit", "start statement", "reading"].iter().any(|word| point.contains(word))
    };
    let called = passed.iter().find(is_effect);
    [declared, written, called].into_iter().flatten().cloned().collect()
}

/// Runs a scenario without a death, then with a death at each of its points.
pub fn run_row(lane: &mut Lane, books: Books, scenario: &Scenario, chosen: &Chosen) -> Row {
    let mut row = Row::new(&scenario.name);
    let Some(calm) = run(lane, books, scenario, &[], &mut row) else { return row };
    let points = chosen.first(books, scenario, &calm.passed);
    row.points = points.len();
    for (at, first) in points.iter().enumerate() {
        let Some(cell) = run(lane, books, scenario, &[first], &mut row) else { continue };
        if is_a_fault(first) {
            continue;
        }
        for second in chosen.second(at + books as usize, scenario, &cell.passed) {
            run(lane, books, scenario, &[first, &second], &mut row);
        }
    }
    row
}

/// A cell that succeeded.
struct Cell {
    /// The points that its last process passed.
    passed: Vec<String>,
}

/// Runs a cell; `None` if it failed, which the row has noted.
fn run(
    lane: &mut Lane,
    books: Books,
    scenario: &Scenario,
    deaths: &[&str],
    row: &mut Row,
) -> Option<Cell> {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let ran = lives(lane, scenario, deaths);
        assert!(!deaths.is_empty() || ran.ending == scenario.ends[0], "came to {:?}", ran.ending);
        ran
    }));
    match ran {
        Ok(Ran { passed, ending, met, verdicts }) => {
            row.count(deaths, met, ending, verdicts);
            Some(Cell { passed })
        }
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&word| word.to_owned()));
            let cell = [&[scenario.name.as_str(), books.word()], deaths].concat().join("/");
            let words = words.unwrap_or_default();
            row.failures
                .push(format!("MATRIX_CELL=\"{cell}\" cargo test --test matrix\n    {words}"));
            // What it left behind must not disturb the next cell.
            *lane = Lane::open(books);
            None
        }
    }
}

struct Ran {
    passed: Vec<String>,
    ending: Ending,
    /// Each point was met, so that each process died where it should.
    met: bool,
    verdicts: u32,
}

/// Runs one process after the other, until one survives to the end.
fn lives(lane: &mut Lane, scenario: &Scenario, deaths: &[&str]) -> Ran {
    let world = lane.world(scenario);
    let mut deaths = deaths.iter();
    loop {
        let dies_at = deaths.next();
        let life = lane.live(&world, dies_at.copied());
        if let Some(ending) = life.ending {
            let met = dies_at.is_none_or(|point| life.passed.iter().any(|passed| passed == point));
            return Ran { passed: life.passed, ending, met, verdicts: world.verdicts() };
        }
        lane.mourn(&world);
    }
}

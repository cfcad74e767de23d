//! A simulation: processes, clients, operators and neighbours on one virtual clock, in any order and
//! with any fault that a seed comes to, over the real machine, engine, checkout and store.
//!
//! A failure prints its seed; `SIMULATION_SEED=123 cargo test --test simulation` replays that run
//! event by event.

mod audit;
mod board;
mod books;
mod client;
mod dice;
mod fate;
mod neighbour;
mod network;
mod node;
mod operator;
mod run;
mod story;
mod weather;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use books::Books;
use run::Run;
use tempfile::TempDir;

/// Steps of a run before its weather calms down.
const STORM: u64 = 2_500;

/// A directory in memory, where there is one.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let within = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(within).expect("a directory")
}

/// Empty books, to be copied for each run.
fn blank(directory: &Path) -> PathBuf {
    let path = directory.join("blank.db");
    Books::blank(&format!("sqlite://{}", path.display()));
    path
}

struct Told {
    hash: u64,
    steps: u64,
    tally: BTreeMap<&'static str, u64>,
}

fn play(seed: u64, blank: &Path, aloud: bool) -> Result<Told, String> {
    let directory = directory();
    let books = directory.path().join("books.db");
    std::fs::copy(blank, &books).expect("the books can be copied");
    let mut run = Run::new(seed, &books, aloud);
    run.play(STORM)?;
    Ok(Told { hash: run.story.hash(), steps: run.steps, tally: run.story.tally.clone() })
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn nothing_is_lost_and_nothing_doubled_whatever_the_seed() {
    let directory = directory();
    let blank = blank(directory.path());
    if let Some(seed) = setting("SIMULATION_SEED") {
        let told = play(seed, &blank, true);
        let told = told.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        return println!("seed {seed}: {} steps, {:?}", told.steps, told.tally);
    }
    let wanted = setting("SIMULATION_STEPS").unwrap_or(200_000);
    let (mut steps, mut tally) = (0, BTreeMap::new());
    for seed in 1.. {
        let told = play(seed, &blank, false);
        let told = told.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        steps += told.steps;
        for (what, often) in told.tally {
            let total = tally.entry(what).or_insert(0);
            *total = if what.starts_with("longest") { often.max(*total) } else { *total + often };
        }
        if steps >= wanted || seed % 25 == 0 {
            println!("{seed} seeds, {steps} steps: {tally:?}");
        }
        if steps >= wanted {
            break;
        }
    }
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    let directory = directory();
    let blank = blank(directory.path());
    for seed in 1..=setting("SIMULATION_TWICE").unwrap_or(5) {
        let hash = || play(seed, &blank, false).map(|told| told.hash);
        assert_eq!(hash(), hash(), "seed {seed}");
    }
}

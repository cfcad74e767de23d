//! A simulation: processes, clients, shippers, carriers, operators and neighbours on one virtual clock, in
//! random order and with random faults that follow from a seed, over the real machine, engine, checkout,
//! reversal and store. Every process drives the checkout, the cancellation, the return, and the trip, which
//! exists only in tests.
//!
//! A failure prints its seed; `SIMULATION_SEED=123 cargo test --test simulation` replays that run
//! event by event.

mod archive;
mod attempt;
mod audit;
mod befall;
mod board;
mod books;
mod bulk;
mod bulk_watch;
mod canceller;
mod carrier;
mod client;
mod desk;
mod dice;
mod event_books;
mod fate;
mod forgetting;
mod forgotten;
mod life;
mod listening;
mod mail;
mod neighbour;
mod network;
mod node;
mod operator;
mod orders;
mod passing;
mod receivers;
mod receiving;
mod returner;
mod run;
mod runs;
mod shipper;
mod story;
mod teller;
mod telling;
mod trail;
mod traveller;
#[path = "../trip/mod.rs"]
mod trip;
mod trips;
mod weather;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use books::Books;
use run::Run;
use runs::{Runs, Told};
use tempfile::TempDir;

/// Steps of a run before its faults stop.
const STORM: u64 = 3_000;
/// Steps of all runs together, by default.
const STEPS: u64 = 300_000;
/// How many runs are played at the same time: each mostly waits for its SQL thread.
const AT_ONCE: usize = 3;

/// What has to happen at least once in the default runs; otherwise they would prove little.
const MUST_HAPPEN: [&str; 145] = [
    "a batch arrived in part",
    "a bulk run was taken over",
    "a bulk run's leader died",
    "a bulk run's leader died before it noted what it had done",
    "a confirm came too late",
    "a confirm was lost",
    "a machine's clock was set",
    "a message was published twice",
    "a reader saw an event that was committed late",
    "a reader was told that events are gone",
    "a saga was asked for after it was forgotten",
    "a sequencer was taken over",
    "a sequencer woke to a lost lead",
    "a webhook was delivered",
    "a webhook was delivered at last",
    "a webhook was given up",
    "a webhook was sent twice",
    "an endpoint failed",
    "an endpoint hung",
    "an endpoint was gone",
    "an endpoint's answer was lost",
    "an order was asked for after its saga was forgotten",
    "archive not written",
    "archive written, and not heard of",
    "asked",
    "asked twice at once",
    "bulk item done",
    "bulk item left alone",
    "bulk item moved on",
    "bulk item refused",
    "bulk item relapsed",
    "bulk move refused",
    "bulk request lost",
    "bulk request sent twice",
    "bulk run finished",
    "bulk run halted",
    "bulk run paused",
    "bulk run stopped",
    "call not sent",
    "cancel asked for",
    "cancelled in flight",
    "cancelled when it stood",
    "cancelled when it was decided",
    "commit failed",
    "commit forgotten",
    "commit not heard of",
    "compensate asked for",
    "compensated",
    "completed",
    "confirmed",
    "could not start",
    "database down",
    "database out of a node's reach",
    "database read-only",
    "database's clock set back",
    "delivered",
    "delivered in parts",
    "died between archive and delete",
    "died in the middle of a batch",
    "disk full",
    "drained",
    "effect arrived after its caller had gone",
    "error after",
    "error before",
    "events arrived after their teller had gone",
    "events were forgotten",
    "everything slept",
    "failover",
    "forgotten in the storm",
    "garbage",
    "goods came back of a forgotten checkout",
    "hold asked for",
    "hung up",
    "joined without a key",
    "key reused",
    "killed",
    "left on its way",
    "money possibly out",
    "money surely out",
    "neighbour out of order",
    "old primary reached",
    "operator acted",
    "operator refused",
    "paused",
    "pending",
    "pivot looked up",
    "pivot unsure at the deadline",
    "price changed",
    "read in the middle failed",
    "refusal",
    "refused",
    "refused, not undone yet",
    "rejected",
    "release asked for",
    "reply lost",
    "reported",
    "request late",
    "request lost",
    "resolved: it did not",
    "resolved: it happened",
    "retry asked for",
    "return asked for",
    "return's key reused",
    "returned and not restocked",
    "returned in parts",
    "rollback failed",
    "shed",
    "shipment asked for",
    "shipped",
    "shipped before",
    "statement failed",
    "statement's answer lost",
    "stop refused past the pivot",
    "stuck exhausted",
    "stuck in doubt",
    "stuck refused",
    "taken over",
    "the archive was in the hands of one that had lost its lead",
    "the broker hung",
    "the broker's sink was taken over",
    "the trail was checked in the middle",
    "the webhooks' sink was taken over",
    "told cancelled",
    "told cancelled once it was forgotten",
    "told cancelling",
    "told of no order to ship",
    "told of nothing left to ship",
    "told of too little left to ship",
    "told of too little to return",
    "told returned",
    "told returned before",
    "told returning",
    "told that it can not be returned",
    "told too late to cancel",
    "told too late to ship",
    "trip begun under an older table",
    "trip called off",
    "trip travelled",
    "trip turned back",
    "trip's pivot refused",
    "trip's retriable refused",
    "two replicas wanted to forget",
    "what a dead one had archived was deleted",
    "who asked for a bulk run hung up",
    "who forgot woke to a lost lead",
];

/// A directory in memory, if there is one.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let within = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(within).expect("a directory")
}

/// An empty database, to be copied for each run.
fn blank(directory: &Path) -> PathBuf {
    let path = directory.join("blank.db");
    Books::blank(&format!("sqlite://{}", path.display()));
    path
}

/// Plays the run of one seed; fails with its seed, the fault and the events that led to it.
fn play(seed: u64, blank: &Path, aloud: bool) -> Told {
    let directory = directory();
    let books = directory.path().join("books.db");
    std::fs::copy(blank, &books).expect("the books can be copied");
    let mut run = Run::new(seed, &books, aloud);
    let played = catch_unwind(AssertUnwindSafe(|| run.play(STORM)));
    let fault = match played {
        Ok(Ok(())) => {
            let tally = run.story.tally.clone();
            return Told { hash: run.story.hash(), steps: run.steps, tally };
        }
        Ok(Err(fault)) => fault,
        Err(_panic) => "it panicked, see above".to_owned(),
    };
    let end = run.story.end();
    if aloud {
        println!("its books: {}", directory.keep().display());
    }
    // Not dropped: to drop a node that hangs would never return.
    std::mem::forget(run);
    panic!("\n{end}\nseed {seed}: {fault}\nSIMULATION_SEED={seed} tells the whole story\n");
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn nothing_is_lost_or_doubled_whatever_the_seed() {
    let directory = directory();
    let blank = blank(directory.path());
    if let Some(seed) = setting("SIMULATION_SEED") {
        let told = play(seed, &blank, true);
        return println!("seed {seed}: {} steps, {:?}", told.steps, told.tally);
    }
    let wanted = setting("SIMULATION_STEPS").unwrap_or(STEPS);
    let first = setting("SIMULATION_FROM").unwrap_or(1);
    // A smaller size by hand proves what it proves.
    let must_happen: &[_] = if wanted < STEPS { &[] } else { &MUST_HAPPEN };
    let runs = Runs::from(first, wanted, must_happen);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(seed) = runs.next_seed() {
                    // A fault also ends the runs of the other threads.
                    let unless_done = runs.ends_them_all();
                    let told = play(seed, &blank, false);
                    unless_done.disarm();
                    runs.take_in(seed, told);
                }
            });
        }
    });
    let missing = runs.missing();
    let (progress, tally) = runs.sum();
    println!("{progress}: {tally:#?}");
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let directory = directory();
    let blank = blank(directory.path());
    for seed in 1..=setting("SIMULATION_TWICE").unwrap_or(5) {
        let hash = || play(seed, &blank, false).hash;
        assert_eq!(hash(), hash(), "seed {seed}");
    }
}

//! The crash matrix: for every scenario, every write and every call in it, a process dies just before
//! or just after, and another takes over.
//!
//! docs/PROOF.md says how to read its table and how to run one cell.

#[path = "../it/harness/audit.rs"]
#[expect(dead_code, reason = "the other binaries audit whole books")]
mod audit;
mod cell;
mod checkout_play;
mod checkout_scenarios;
mod lane;
#[path = "../trip/nearby.rs"]
mod nearby;
mod play;
mod point;
#[path = "../it/harness/postgres.rs"]
mod postgres;
mod process;
mod reversal_audit;
mod reversal_play;
mod reversal_scenarios;
mod scenario;
mod table;
#[path = "../trip/mod.rs"]
mod trip;
mod trip_play;
mod trip_scenarios;
mod watched;
mod world;

use std::collections::VecDeque;
use std::sync::Mutex;

use cell::{Chosen, run_row};
use lane::{Books, Lane};
use order_service::clock::Clock;
use table::{Row, Table};

/// How many cells run at the same time, for each database.
const LANES: usize = 3;

/// Runs all cells on this database.
fn matrix(books: Books) {
    let chosen = Chosen::from_environment();
    let mut scenarios = checkout_scenarios::all();
    scenarios.extend(trip_scenarios::all());
    scenarios.extend(reversal_scenarios::all());
    scenarios.iter_mut().zip(0..).for_each(|(scenario, number)| scenario.number = number);
    let scenarios = scenarios.into_iter().filter(|scenario| chosen.has(books, scenario));
    let queue: Mutex<VecDeque<_>> = Mutex::new(scenarios.enumerate().collect());
    let rows: Mutex<Vec<(usize, Row)>> = Mutex::default();
    let clock = Clock::system();
    std::thread::scope(|scope| {
        for _lane in 0..LANES {
            scope.spawn(|| {
                let mut lane = Lane::open(books);
                loop {
                    let next = queue.lock().expect("unpoisoned").pop_front();
                    let Some((at, scenario)) = next else { break };
                    let row = run_row(&mut lane, books, &scenario, &chosen);
                    rows.lock().expect("unpoisoned").push((at, row));
                }
                lane.close();
            });
        }
    });
    let mut rows = rows.into_inner().expect("unpoisoned");
    rows.sort_by_key(|(at, _)| *at);
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    let table = Table { books, is_full: chosen.full, rows };
    table.print(clock.monotonic());
    let failures = table.failures();
    assert!(failures.is_empty(), "{} cells failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn whenever_a_process_dies_everything_comes_to_rest_and_adds_up_on_sqlite() {
    matrix(Books::Sqlite);
}

#[test]
fn whenever_a_process_dies_everything_comes_to_rest_and_adds_up_on_postgresql() {
    matrix(Books::Postgres);
}

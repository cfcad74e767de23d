//! The output: medians of the rounds, ratios, and the targets beside the measured values.

use comfy_table::{CellAlignment, Table, presets};

use crate::comparison::Loading;
use crate::database::Engine;
use crate::process::System;
use crate::turn::{Figures, name};

/// The results of both systems under one load.
pub struct Row {
    pub engine: Engine,
    pub loading: Loading,
    /// Which of the two sagas.
    pub saga: System,
    /// What it is compared with.
    pub baseline: System,
    /// The results of both, round by round.
    pub rounds: Vec<[Figures; 2]>,
}

/// A column: its heading, its decimals, and whether a ratio makes sense.
type Column = (&'static str, usize, fn(&Figures) -> f64);

const COLUMNS: [Column; 10] = [
    ("checkouts/s", 0, |of| of.rate),
    ("p50 ms", 2, |of| of.p50_ms),
    ("p99 ms", 2, |of| of.p99_ms),
    ("CPU ms, service", 3, |of| of.service_cpu_ms),
    ("database", 3, |of| of.database_cpu_ms),
    ("both", 3, |of| both_cpu_ms(of)),
    ("outside", 3, |of| of.outside_cpu_ms),
    ("commits", 2, |of| of.commits),
    ("log KiB", 2, |of| of.log_kib),
    ("RSS MiB", 0, |of| of.resident_mib),
];

fn both_cpu_ms(of: &Figures) -> f64 {
    of.service_cpu_ms + of.database_cpu_ms
}

impl Row {
    /// The median of each figure over the rounds.
    pub fn median(&self, system: System) -> Figures {
        let of = |figure: fn(&Figures) -> f64| self.median_of(system, figure);
        Figures {
            rate: of(|of| of.rate),
            p50_ms: of(|of| of.p50_ms),
            p99_ms: of(|of| of.p99_ms),
            service_cpu_ms: of(|of| of.service_cpu_ms),
            database_cpu_ms: of(|of| of.database_cpu_ms),
            outside_cpu_ms: of(|of| of.outside_cpu_ms),
            commits: of(|of| of.commits),
            log_kib: of(|of| of.log_kib),
            resident_mib: of(|of| of.resident_mib),
            foreign_cores: of(|of| of.foreign_cores),
        }
    }

    fn median_of(&self, system: System, figure: fn(&Figures) -> f64) -> f64 {
        let at = usize::from(system == self.baseline);
        median(self.rounds.iter().map(|round| figure(&round[at])).collect())
    }

    /// The median of the rounds' ratios, as the two turns of a round are close in time.
    fn ratio(&self, figure: fn(&Figures) -> f64) -> f64 {
        let ratio = |[saga, plain]: &[Figures; 2]| figure(saga) / figure(plain);
        median(self.rounds.iter().map(ratio).collect())
    }
}

/// The median; NaN if there are no values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    values.get(low).zip(values.get(high)).map_or(f64::NAN, |(low, high)| f64::midpoint(*low, *high))
}

/// A target for the ratio to the flow without a saga, or for the saga alone if `of` says so.
struct Target {
    what: &'static str,
    on: (Engine, Loading, Pair),
    bound: Bound,
    of: fn(&Row) -> f64,
}

/// The bound on a figure.
#[derive(Clone, Copy)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// A saga, and the flow that it is compared with.
type Pair = (System, System);
const KEYS_KEPT: Pair = (System::Saga, System::Plain);
const REPEATS: Pair = (System::Careful, System::PlainFresh);
const REPEATS_TO_KEPT: Pair = (System::Careful, System::Plain);

const TARGETS: [Target; 15] = [
    Target {
        what: "idempotent neighbours, PostgreSQL, 64 clients: throughput",
        on: (Engine::Postgres, Loading::SixtyFour, KEYS_KEPT),
        bound: Bound::AtLeast(1.0),
        of: |row| row.ratio(|of| of.rate),
    },
    Target {
        what: "... CPU of service and PostgreSQL",
        on: (Engine::Postgres, Loading::SixtyFour, KEYS_KEPT),
        bound: Bound::AtMost(0.9),
        of: |row| row.ratio(both_cpu_ms),
    },
    Target {
        what: "... commits per checkout (not a ratio)",
        on: (Engine::Postgres, Loading::SixtyFour, KEYS_KEPT),
        bound: Bound::AtMost(0.3),
        of: |row| row.median(System::Saga).commits,
    },
    Target {
        what: "... 1 client: p50",
        on: (Engine::Postgres, Loading::One, KEYS_KEPT),
        bound: Bound::AtMost(1.5),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "... 1 client, 5 ms a call: p50",
        on: (Engine::Postgres, Loading::Slow, KEYS_KEPT),
        bound: Bound::AtMost(0.9),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "... open loop at half rate: p50",
        on: (Engine::Postgres, Loading::Open, KEYS_KEPT),
        bound: Bound::AtMost(1.6),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "... open loop at half rate: p99",
        on: (Engine::Postgres, Loading::Open, KEYS_KEPT),
        bound: Bound::AtMost(2.0),
        of: |row| row.ratio(|of| of.p99_ms),
    },
    Target {
        what: "neighbours that repeat, PostgreSQL, 64 clients: throughput, to fresh connections",
        on: (Engine::Postgres, Loading::SixtyFour, REPEATS),
        bound: Bound::AtLeast(0.75),
        of: |row| row.ratio(|of| of.rate),
    },
    Target {
        what: "... to kept connections",
        on: (Engine::Postgres, Loading::SixtyFour, REPEATS_TO_KEPT),
        bound: Bound::AtLeast(0.75),
        of: |row| row.ratio(|of| of.rate),
    },
    Target {
        what: "... 1 client: p50, to fresh connections",
        on: (Engine::Postgres, Loading::One, REPEATS),
        bound: Bound::AtMost(2.4),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "... 1 client, 5 ms a call: p50, to fresh connections",
        on: (Engine::Postgres, Loading::Slow, REPEATS),
        bound: Bound::AtMost(1.12),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "idempotent neighbours, SQLite, 64 clients: throughput",
        on: (Engine::Sqlite, Loading::SixtyFour, KEYS_KEPT),
        bound: Bound::AtLeast(0.8),
        of: |row| row.ratio(|of| of.rate),
    },
    Target {
        what: "... 16 clients: throughput",
        on: (Engine::Sqlite, Loading::Sixteen, KEYS_KEPT),
        bound: Bound::AtLeast(0.9),
        of: |row| row.ratio(|of| of.rate),
    },
    Target {
        what: "... 1 client: p50",
        on: (Engine::Sqlite, Loading::One, KEYS_KEPT),
        bound: Bound::AtMost(1.7),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "... 1 client: CPU",
        on: (Engine::Sqlite, Loading::One, KEYS_KEPT),
        bound: Bound::AtMost(1.7),
        of: |row| row.ratio(both_cpu_ms),
    },
];

/// Prints both tables, in Markdown.
pub fn print(rows: &[Row]) {
    let mut figures = new_table();
    let heads = COLUMNS.iter().map(|(head, ..)| *head);
    figures.set_header(["database", "load", ""].into_iter().chain(heads));
    for row in rows {
        for system in [row.saga, row.baseline] {
            let median = row.median(system);
            let cells = COLUMNS.iter().map(|(_, digits, of)| format!("{:.digits$}", of(&median)));
            figures.add_row(labels(row, name(system)).into_iter().chain(cells));
        }
        let ratios = COLUMNS.iter().map(|(_, _, of)| match row.ratio(*of) {
            ratio if ratio.is_finite() => format!("{ratio:.2}"),
            _of_nothing => "-".to_owned(),
        });
        figures.add_row(labels(row, "ratio").into_iter().chain(ratios));
    }
    align(&mut figures, 3);
    println!("\nMedians of the rounds; CPU, commits and log for each checkout.\n\n{figures}\n");

    let measured = TARGETS.iter().filter_map(|Target { what, on, bound, of }| {
        let is_it = |row: &&Row| (row.engine, row.loading, (row.saga, row.baseline)) == *on;
        let row = rows.iter().find(is_it)?;
        Some(Met { what: (*what).to_owned(), bound: *bound, measured: of(row) })
    });
    targets(&measured.collect::<Vec<_>>());
    let foreign = rows.iter().flat_map(|row| row.rounds.iter().flatten());
    let foreign = median(foreign.map(|figures| figures.foreign_cores).collect());
    println!("Everything else on this machine took {foreign:.1} cores meanwhile.");
}

/// A target, and what was measured for it.
pub struct Met {
    pub what: String,
    pub bound: Bound,
    pub measured: f64,
}

/// Prints which targets are met, in Markdown.
pub fn targets(measured: &[Met]) {
    let mut table = new_table();
    table.set_header(["target", "wanted", "measured", ""]);
    for Met { what, bound, measured } in measured {
        let (wanted, met) = match *bound {
            Bound::AtLeast(least) => (format!(">= {least}"), *measured >= least),
            Bound::AtMost(most) => (format!("<= {most}"), *measured <= most),
        };
        let met = if met { "met" } else { "not met" };
        table.add_row([what.as_str(), &wanted, &format!("{measured:.2}"), met]);
    }
    println!("{table}\n");
}

fn labels(row: &Row, third: &str) -> [String; 3] {
    [row.engine.name().to_owned(), row.loading.name().to_owned(), third.to_owned()]
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table
}

/// Numbers are aligned to the right.
fn align(table: &mut Table, from: usize) {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

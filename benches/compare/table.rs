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
    /// The saga's and the plain flow's results, round by round.
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
        median(self.rounds.iter().map(|round| figure(&round[at(system)])).collect())
    }

    /// The median of the rounds' ratios, as the two turns of a round are close in time.
    fn ratio(&self, figure: fn(&Figures) -> f64) -> f64 {
        let ratio = |[saga, plain]: &[Figures; 2]| figure(saga) / figure(plain);
        median(self.rounds.iter().map(ratio).collect())
    }
}

fn at(system: System) -> usize {
    match system {
        System::Saga | System::Careful => 0,
        System::Plain => 1,
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
    on: (Engine, Loading),
    bound: Bound,
    of: fn(&Row) -> f64,
}

/// The bound on a figure.
#[derive(Clone, Copy)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

const TARGETS: [Target; 7] = [
    Target {
        what: "throughput, 64 clients, PostgreSQL",
        on: (Engine::Postgres, Loading::SixtyFour),
        bound: Bound::AtLeast(0.9),
        of: |row| row.ratio(|of| of.rate),
    },
    Target {
        what: "CPU of service and PostgreSQL, 64 clients",
        on: (Engine::Postgres, Loading::SixtyFour),
        bound: Bound::AtMost(1.3),
        of: |row| row.ratio(both_cpu_ms),
    },
    Target {
        what: "p50, 1 client, 5 ms a call",
        on: (Engine::Postgres, Loading::Slow),
        bound: Bound::AtMost(0.9),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "p50, 1 client",
        on: (Engine::Postgres, Loading::One),
        bound: Bound::AtMost(1.6),
        of: |row| row.ratio(|of| of.p50_ms),
    },
    Target {
        what: "p99, open loop at half rate",
        on: (Engine::Postgres, Loading::Open),
        bound: Bound::AtMost(1.5),
        of: |row| row.ratio(|of| of.p99_ms),
    },
    Target {
        what: "commits per checkout, 64 clients (not a ratio)",
        on: (Engine::Postgres, Loading::SixtyFour),
        bound: Bound::AtMost(0.3),
        of: |row| row.median(System::Saga).commits,
    },
    Target {
        what: "throughput, 64 clients, SQLite",
        on: (Engine::Sqlite, Loading::SixtyFour),
        bound: Bound::AtLeast(0.8),
        of: |row| row.ratio(|of| of.rate),
    },
];

/// Prints both tables, in Markdown.
pub fn print(rows: &[Row]) {
    let mut figures = new_table();
    let heads = COLUMNS.iter().map(|(head, ..)| *head);
    figures.set_header(["database", "load", ""].into_iter().chain(heads));
    for row in rows {
        for system in [row.saga, System::Plain] {
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
        let is_it = |row: &&Row| (row.engine, row.loading) == *on && row.saga == System::Saga;
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

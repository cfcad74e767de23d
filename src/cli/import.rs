//! `import`: the orders of the old database, out of two files.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::flag::DATABASE;
use super::out::{self, TableStyle};
use super::{Error, view};
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, Overrides};
use crate::import::{Files, Options, Progress, Report, Step, Writing};
use crate::order::OrderStatus;

/// Flags of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Both files are CSV with a header line, or JSON: an object a line, or one array as FOR JSON makes it. They
need not be in any order. The columns are those of the old tables, found by name, beside any others:
  orders: Id, UserId, TotalAmount, CreatedAt
  items:  Id, OrderId, ProductId, Quantity, UnitPrice
Amounts are rupees; times are UTC unless they have an offset. The files have to be UTF-8.

An order is imported with all its lines or not at all. A row that can't be imported goes to the rejects, as a
JSON line {file, line, id, reason, row}, and so does a row that differs from what is there, which is never
changed. Run twice, it does nothing the second time; killed half way, the same command goes on. Imported orders
are shown like all others, and can't be cancelled, shipped or returned. No event tells of them.

With SQLite, stop the service first. With PostgreSQL it may run. docs/CUTOVER.md has the whole move.

Examples:
  order-service import --orders orders.csv --items items.csv --dry-run
  order-service import --orders orders.jsonl --items items.jsonl --rejects /tmp/rejects.jsonl

Exit codes: 0 what had to be there is there, also with rejects; 1 something differs, is not there, or is
rejected with --strict, or the database can't be used; 2 wrong usage, or not a file to import.")]
pub struct ImportArgs {
    /// The old table of orders
    #[arg(long, value_name = "FILE")]
    orders: PathBuf,
    /// The old table of their lines
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// Judge every row, and write nothing but the rejects
    #[arg(long)]
    dry_run: bool,
    /// The status that the orders get
    #[arg(long, value_enum, ignore_case = true, default_value = "Delivered")]
    status: Status,
    /// Write rejects to FILE [default: the orders' file with .rejects.jsonl after its name]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Fail if anything is rejected
    #[arg(long)]
    strict: bool,
    #[arg(long, value_name = "URL", help = DATABASE)]
    database_url: Option<String>,
}

/// What an order may be that nothing happens to any more.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Status {
    Confirmed,
    Shipped,
    Delivered,
    Cancelled,
}

impl From<Status> for OrderStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Confirmed => Self::Confirmed,
            Status::Shipped => Self::Shipped,
            Status::Delivered => Self::Delivered,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl ImportArgs {
    /// Prints both sides by month. Fails unless they agree.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let overrides = Overrides { database_url: self.database_url, ..Overrides::default() };
        let config = Config::load(file, overrides)?;
        let files = Files { orders: self.orders, items: self.items, rejects: self.rejects };
        let writing = if self.dry_run { Writing::DryRun } else { Writing::Write };
        let options = Options { status: self.status.into(), writing };
        let bars = Bars::default();
        let bar = bars.bar.clone();
        let tell = move |progress| bars.show(progress);
        let report = app::import(&config, &files, options, &Clock::system(), tell).await;
        bar.finish_and_clear();
        let report = report?;
        out::line(&view::imported(&report, TableStyle::of_stdout()))?;
        if is_fine(&report, self.strict) { Ok(()) } else { Err(Error::NotAsItShouldBe) }
    }
}

fn is_fine(report: &Report, strict: bool) -> bool {
    let is_there = match report.writing {
        Writing::Write => report.agrees(),
        Writing::DryRun => true,
    };
    is_there && report.differing == 0 && !(strict && report.rejected > 0)
}

/// One bar on stderr, if that is a terminal, for one step after the other.
struct Bars {
    bar: ProgressBar,
    step: Mutex<Option<Step>>,
}

impl Default for Bars {
    fn default() -> Self {
        Self { bar: ProgressBar::no_length(), step: Mutex::new(None) }
    }
}

impl Bars {
    /// Reading ends before writing begins, and what comes late of a step that is over is not shown.
    fn show(&self, progress: Progress) {
        let Ok(mut step) = self.step.lock() else { return };
        if *step != Some(progress.step) {
            let (what, counted) = match progress.step {
                Step::Reading => ("reading ", "{bytes} of {total_bytes}, {bytes_per_sec}"),
                Step::Writing => ("writing ", "{human_pos} of {human_len} rows, {per_sec}"),
                Step::Checking => ("checking", "{human_pos} of {human_len} orders, {per_sec}"),
            };
            let template = format!("{what} [{{bar:40}}] {counted}, {{eta}} left");
            self.bar.reset();
            if let Ok(style) = ProgressStyle::with_template(&template) {
                self.bar.set_style(style.progress_chars("=> "));
            }
            *step = Some(progress.step);
        }
        self.bar.set_length(progress.of);
        self.bar.set_position(progress.done);
    }
}

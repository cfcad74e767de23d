//! `audit`: compares the books with themselves and with the payment service, and checks the audit trail.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::flag::DATABASE;
use super::out::{self, Progress, TableStyle};
use super::{Error, ids, view};
use crate::app;
use crate::audit::Options;
use crate::clock::Clock;
use crate::config::{Config, Overrides};

/// The flags of `audit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Compares every saga with its log, its order and its event, and asks the payment service what it has
recorded for it. Runs beside the service: it only reads, and what changes while it is looked at is
looked at again. It checks the chain of the audit trail, too, and writes down how much differs, which
the service shows as a metric; with --since, or where something could not be compared, it only adds to
that. A neighbour that doesn't answer leaves the audit incomplete, which is a failure.

A charge for a checkout that the books have lost is found only by its id, which has to come from
elsewhere: --ids takes an export of the payment service's, or what clients were answered (a proxy's
log of `Location`); the first id of each line counts. Recorded there and in no books is a difference.

Examples:
  order-service audit
  order-service audit --since 25h --rate 20     once a day, gently
  order-service audit --json | jq -r '.findings[] | select(.verdict == \"differs\") | .id'
  order-service audit --ids payments.csv         is there a payment that no books know

Exit codes: 0 everything was compared and agrees, 1 something differs or could not be compared.")]
pub struct AuditArgs {
    /// Ask the payment service at most N times a second
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Only sagas that changed within this time: 30m, 25h
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Look for these orders, too: a file with one id per line, or - for standard input
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    #[arg(long, value_name = "URL", help = DATABASE)]
    database_url: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl AuditArgs {
    /// Prints what was found. Fails if something differs or could not be compared.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let overrides = Overrides { database_url: self.database_url, ..Overrides::default() };
        let config = Config::load(file, overrides)?;
        let clock = Clock::system();
        let since = self.since.map(|ago| {
            clock.now().checked_sub_signed(chrono::Duration::from_std(ago).unwrap_or_default())
        });
        let options = Options { rate: self.rate, since: since.flatten() };
        let mut progress = Progress::new(clock.clone());
        let ids = self.ids.as_deref().map(ids::read).transpose()?.unwrap_or_default();
        let report = app::audit(&config, options, &ids, clock, |report, total| {
            let (seen, differ) = (report.sagas + report.skipped, report.differences);
            progress.show(|| format!("audit: {seen} of {total} sagas, {differ} differences"));
        });
        let report = Box::pin(report).await;
        progress.end();
        let report = report?;
        if self.json {
            out::json(&report)?;
        } else {
            out::line(&view::audited(&report, TableStyle::of_stdout()))?;
        }
        if report.is_clean() { Ok(()) } else { Err(Error::NotAsItShouldBe) }
    }
}

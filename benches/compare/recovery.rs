//! A start with many interrupted sagas in the database: how soon the first is taken up, how fast all of
//! them come to rest, and how new checkouts fare meanwhile.
//!
//! The sagas are made by a service that is killed while neighbours hang, and then copied (`fill`).

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::{Call, Fault as Misbehaviour, FaultKind};
use sqlx::Row;

use crate::Fault;
use crate::database::{Database, Engine, as_float};
use crate::fill::{Filling, fill};
use crate::load::{Load, Report, cart};
use crate::process::{self, Sandbox, Service, System};
use crate::progress::Progress;
use crate::table::{Bound, Met, targets};
use crate::turn::{Figures, Shape, Side};
use crate::usage;

/// The flags of `recovery`.
#[derive(Debug, clap::Args)]
pub struct Recovery {
    /// Sagas that are interrupted
    #[arg(long, default_value_t = 100_000)]
    sagas: u32,
    /// How long the steady rate is measured
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

/// How many interrupted sagas of each sort are made, to be copied.
const EACH: usize = 100;
/// The rate of new checkouts during recovery, as a share of the steady rate.
const SHARE: f64 = 0.2;
const OPEN: &str = "state NOT IN ('Completed', 'Compensated', 'Rejected')";
const TALLIED: &str = "SELECT COALESCE(sum(sagas), 0)::int8 FROM saga_tally";
/// The age of the interrupted sagas, which is more than any deadline.
const AGE: Duration = Duration::from_mins(20);

/// The result of a start.
struct Recovered {
    first: Duration,
    all: Duration,
    resident_mib: f64,
    report: Report,
}

/// Measures, and checks that everything came to rest and the books are right.
pub async fn run(recovery: Recovery) -> Result<(), Fault> {
    let (directory, sandbox) = (tempfile::tempdir()?, Sandbox::start().await?);
    let directory = directory.path();
    let database = Database::fresh(Engine::Postgres, directory, "recovery").await?;
    let service = Service::start(System::Saga, &database.url, &sandbox, directory, &[]).await?;
    let side = Side { service, database };

    eprintln!("measures the steady rate");
    let mut wrong = BTreeSet::new();
    let busy = Shape {
        connections: 64,
        rate: None,
        pause: Duration::ZERO,
        warmup: Duration::from_secs(1),
        measured: Duration::from_secs_f64(recovery.seconds),
    };
    let steady = side.turn(&busy, 0, &sandbox, &mut wrong).await?;
    let gentle = Shape { connections: 256, rate: Some(steady.rate * SHARE), ..busy };
    let calm = side.turn(&gentle, 1, &sandbox, &mut wrong).await?;

    interrupt(&side, &sandbox).await?;
    let Side { service, database } = side;
    drop(service);
    let apart = Duration::from_millis(1);
    let filling = Filling {
        of: OPEN,
        copies: i64::from(recovery.sagas),
        oldest: Clock::system().now() - AGE - apart * recovery.sagas,
        apart,
        told: false,
    };
    fill(database.postgres()?, &filling).await?;
    sandbox.renew(Duration::ZERO).await?;
    let before = Before::of(&database).await?;
    let recovered = recover(&database, &sandbox, directory, &before, &gentle).await?;
    before.check(&database, &sandbox, &recovered.report, &mut wrong).await?;
    print(&recovered, &before, &steady, &calm);
    if wrong.is_empty() { Ok(()) } else { Err(Vec::from_iter(wrong).join("\n").into()) }
}

fn print(recovered: &Recovered, before: &Before, steady: &Figures, calm: &Figures) {
    let Recovered { first, all, resident_mib, report } = recovered;
    let created = as_float(i64::try_from(report.created).unwrap_or(i64::MAX));
    let rate = (as_float(before.open) + created) / all.as_secs_f64();
    println!(
        "steady {:.0}/s, p99 {:.1} ms; {} interrupted at rest after {:.1} s; new checkouts' p99 \
         {:.1} ms, {:.1} ms without",
        steady.rate,
        steady.p99_ms,
        before.open,
        all.as_secs_f64(),
        report.p99_ms,
        calm.p99_ms
    );
    let met = |what: &str, bound, measured| Met { what: what.to_owned(), bound, measured };
    targets(&[
        met("first one resumed after ready, s", Bound::AtMost(1.0), first.as_secs_f64()),
        met(
            "rate to rest, new ones too, to the steady rate",
            Bound::AtLeast(0.8),
            rate / steady.rate,
        ),
        met("new checkouts' p99 meanwhile", Bound::AtMost(3.0), report.p99_ms / calm.p99_ms),
        met("... to that of the steady rate", Bound::AtMost(3.0), report.p99_ms / steady.p99_ms),
        met("RSS at most, MiB", Bound::AtMost(300.0), *resident_mib),
    ]);
}

/// Interrupts sagas in the middle of their reads, their charge and their reservations.
async fn interrupt(side: &Side, sandbox: &Sandbox) -> Result<(), Fault> {
    eprintln!("interrupts sagas");
    sandbox.renew(Duration::ZERO).await?;
    for (call, state) in
        [(Call::Reserve, "Paid"), (Call::Process, "Priced"), (Call::GetProduct, "Started")]
    {
        // The first fault that matches applies, so those of earlier rounds go on hanging.
        sandbox.inject(&Misbehaviour::on(call, FaultKind::HangBefore)).await?;
        let bodies = cart::bodies(0);
        for body in bodies.into_iter().take(EACH) {
            side.service.accept(body).await?;
        }
        let count = format!("SELECT count(*) FROM saga_instance WHERE state = '{state}'");
        let wanted = i64::try_from(EACH)?;
        while count_of(&side.database, &count).await? < wanted {
            Clock::system().sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

async fn count_of(database: &Database, sql: &str) -> Result<i64, Fault> {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    Ok(sqlx::query(sql).fetch_one(database.postgres()?).await?.get(0))
}

/// Starts the service and waits until everything that was interrupted is at rest.
async fn recover(
    database: &Database,
    sandbox: &Sandbox,
    directory: &Path,
    before: &Before,
    gentle: &Shape,
) -> Result<Recovered, Fault> {
    let clock = Clock::system();
    let service = Service::start(System::Saga, &database.url, sandbox, directory, &[]).await?;
    let ready = clock.monotonic();
    let rate = gentle.rate.unwrap_or(1.0);
    // For about half of the time that recovery should take.
    let seconds = (as_float(before.open) * SHARE / rate / 2.0).clamp(2.0, 20.0);
    let load = Load {
        address: service.address,
        connections: gentle.connections,
        rate: gentle.rate,
        warmup_ms: u64::try_from(gentle.warmup.as_millis())?,
        measured_ms: u64::try_from(Duration::from_secs_f64(seconds).as_millis())?,
        seed: 2,
    };
    let (_client, mut lines) = process::load(&load)?;
    while service.metric("order_service_sagas_taken_over_total").await? < 1.0 {
        clock.sleep(Duration::from_millis(5)).await;
    }
    let first = clock.monotonic().saturating_sub(ready);
    let steps = u32::try_from(before.open)?;
    let mut progress = Progress::of(usize::try_from(steps)?);
    let (mut resident_mib, mut left) = (0_f64, before.open);
    while left > 0 {
        clock.sleep(Duration::from_millis(250)).await;
        // Sagas at rest, new ones included, are tallied; open sagas are counted only at the end.
        let rested = count_of(database, TALLIED).await? - before.tallied;
        if rested >= before.open {
            let open =
                format!("SELECT count(*) FROM saga_instance WHERE {OPEN} AND created_at < $1");
            let open = sqlx::query(sqlx::AssertSqlSafe(open)).bind(before.at);
            left = open.fetch_one(database.postgres()?).await?.get(0);
        }
        resident_mib = resident_mib.max(usage::resident_mib(service.child.pid())?);
        progress.at(steps.min(u32::try_from(rested)?), "comes to rest");
    }
    drop(progress);
    let all = clock.monotonic().saturating_sub(ready);
    while let Some(line) = lines.recv().await {
        if let Ok(report) = serde_json::from_str(&line) {
            return Ok(Recovered { first, all, resident_mib, report });
        }
    }
    Err("the load ended without a word".into())
}

/// What was in the database before the start.
struct Before {
    at: chrono::DateTime<chrono::Utc>,
    open: i64,
    /// Sagas at rest, by the tally.
    tallied: i64,
    orders: i64,
    /// The total of all orders, in paise.
    amount: i64,
    /// The charges of the interrupted sagas, which the neighbours have forgotten.
    paid: i64,
}

impl Before {
    async fn of(database: &Database) -> Result<Self, Fault> {
        let sum = "SELECT COALESCE(sum(total_amount), 0)::int8 FROM";
        Ok(Self {
            at: Clock::system().now(),
            open: count_of(database, &format!("SELECT count(*) FROM saga_instance WHERE {OPEN}"))
                .await?,
            tallied: count_of(database, TALLIED).await?,
            orders: count_of(database, "SELECT count(*) FROM orders").await?,
            amount: count_of(database, &format!("{sum} orders")).await?,
            paid: count_of(database, &format!("{sum} saga_instance WHERE state = 'Paid'")).await?,
        })
    }

    async fn check(
        &self,
        database: &Database,
        sandbox: &Sandbox,
        report: &Report,
        wrong: &mut BTreeSet<String>,
    ) -> Result<(), Fault> {
        let (after, totals) = (Self::of(database).await?, sandbox.ledger().await?.totals);
        let created = i64::try_from(report.created)?;
        let mut same = |what: &str, have: i64, want: i64| {
            if have != want {
                wrong.insert(format!("{what}: {have}, not {want}"));
            }
        };
        same("open sagas", after.open, 0);
        same("orders", after.orders - self.orders, self.open + created);
        same("charged", totals.charged - totals.refunded, after.amount - self.amount - self.paid);
        wrong.extend(report.failed.iter().map(|(what, times)| format!("{times} times {what}")));
        Ok(())
    }
}

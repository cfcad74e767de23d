//! One turn: a system under one load, with all the resources that it used, and a check of the books
//! afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::Ledger;

use crate::Fault;
use crate::database::{Database, Totals, as_float};
use crate::load::{Load, MARK, Report, cart};
use crate::process::{self, Sandbox, Service, System};
use crate::usage;

/// A load on a system.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub connections: usize,
    /// Requests a second; `None`: a closed loop, in which each client waits for its answer.
    pub rate: Option<f64>,
    /// How long each neighbour takes for a call.
    pub pause: Duration,
    pub warmup: Duration,
    pub measured: Duration,
}

/// What was measured. Except for rates and latencies, all figures are per checkout.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub service_cpu_ms: f64,
    pub database_cpu_ms: f64,
    /// CPU of clients and neighbours.
    pub outside_cpu_ms: f64,
    pub commits: f64,
    pub log_kib: f64,
    /// Resident memory after the load.
    pub resident_mib: f64,
    /// Cores used by everything else on this machine, which disturbed the turn.
    pub foreign_cores: f64,
}

/// A system with its database.
pub struct Side {
    pub service: Service,
    pub database: Database,
}

/// What each process had used at the start or the end of the measured time.
struct Used {
    service_cpu_ms: f64,
    database_cpu_ms: f64,
    outside_cpu_ms: f64,
    commits: f64,
    log_bytes: f64,
    machine_cpu_ms: f64,
}

impl Side {
    /// Runs the load, and checks the result: everything that is wrong with the books is added to `wrong`.
    pub async fn turn(
        &self,
        shape: &Shape,
        seed: u64,
        sandbox: &Sandbox,
        wrong: &mut BTreeSet<String>,
    ) -> Result<Figures, Fault> {
        sandbox.renew(shape.pause).await?;
        let since = Clock::system().now();
        let millis = |duration: Duration| u64::try_from(duration.as_millis());
        let load = Load {
            address: self.service.address,
            connections: shape.connections,
            rate: shape.rate,
            warmup_ms: millis(shape.warmup)?,
            measured_ms: millis(shape.measured)?,
            seed,
        };
        let (client, mut lines) = process::load(&load)?;
        let silent = "the load ended without a word";
        let mut marks = Vec::new();
        let report: Report = loop {
            let line = lines.recv().await.ok_or(silent)?;
            if line != MARK {
                break serde_json::from_str(&line)?;
            }
            marks.push(self.used(sandbox, client.pid()).await?);
        };
        let [from, to] = <[Used; 2]>::try_from(marks).map_err(|_| silent)?;
        let (books, ledger) = (self.database.totals(since).await?, sandbox.ledger().await?);
        self.check(&report, books, &ledger, wrong)?;
        let resident_mib = usage::resident_mib(self.service.child.pid())?;
        Ok(Figures { resident_mib, ..figures(&report, &from, &to) })
    }

    async fn used(&self, sandbox: &Sandbox, client: u32) -> Result<Used, Fault> {
        let done = self.database.done(&self.service).await?;
        Ok(Used {
            service_cpu_ms: usage::cpu_ms(self.service.child.pid())?,
            database_cpu_ms: done.cpu_ms,
            outside_cpu_ms: usage::cpu_ms(sandbox.child.pid())? + usage::cpu_ms(client)?,
            commits: done.commits,
            log_bytes: done.log_bytes,
            machine_cpu_ms: usage::machine_cpu_ms()?,
        })
    }

    /// Compares the books with the answers that were given, and with the neighbours' own ledger.
    fn check(
        &self,
        report: &Report,
        books: Totals,
        ledger: &Ledger,
        wrong: &mut BTreeSet<String>,
    ) -> Result<(), Fault> {
        let created = i64::try_from(report.created)?;
        let acts = i64::try_from(ledger.totals.acted)?;
        let lines = created * i64::try_from(cart::LINES)?;
        let totals = &ledger.totals;
        let mut same = |what: &str, have: i64, want: i64| {
            if have != want {
                wrong.insert(format!("{:?}: {what}: {have}, not {want}", self.service.system));
            }
        };
        same("orders, of 201s", books.orders, created);
        same("lines, of 201s", books.lines, lines);
        same("money in orders, charged", books.amount, totals.charged - totals.refunded);
        same("pieces in orders, reserved", books.quantity, totals.reserved - totals.released);
        same("effects", acts, created + lines);
        same("effects that happened twice", i64::try_from(ledger.repeated.len())?, 0);
        same("sagas that are not completed", books.unfinished, 0);
        for (what, times) in &report.failed {
            wrong.insert(format!("{:?}: {times} times {what}", self.service.system));
        }
        Ok(())
    }
}

fn figures(report: &Report, from: &Used, to: &Used) -> Figures {
    let count = as_float(i64::try_from(report.measured).unwrap_or(i64::MAX)).max(1.0);
    let each = |of: fn(&Used) -> f64| (of(to) - of(from)) / count;
    let (service_cpu_ms, database_cpu_ms, outside_cpu_ms) = (
        each(|used| used.service_cpu_ms),
        each(|used| used.database_cpu_ms),
        each(|used| used.outside_cpu_ms),
    );
    let ours = service_cpu_ms + database_cpu_ms + outside_cpu_ms;
    let foreign_ms = (each(|used| used.machine_cpu_ms) - ours) * count;
    Figures {
        rate: count / report.seconds,
        p50_ms: report.p50_ms,
        p99_ms: report.p99_ms,
        service_cpu_ms,
        database_cpu_ms,
        outside_cpu_ms,
        commits: each(|used| used.commits),
        log_kib: each(|used| used.log_bytes) / 1024.0,
        resident_mib: 0.0,
        foreign_cores: foreign_ms / 1000.0 / report.seconds,
    }
}

/// The systems' names in the output.
pub fn name(system: System) -> &'static str {
    match system {
        System::Saga => "saga",
        System::Careful => "saga, no keys kept",
        System::Plain => "no saga",
        System::PlainFresh => "no saga, fresh connections",
    }
}

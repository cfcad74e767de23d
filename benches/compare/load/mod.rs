//! The load, in a process of its own: a thread and a blocking connection for each client, so that it
//! takes little of the machine and only the clock decides when a request is sent.
//!
//! Closed loop: each client sends its next request as soon as it has the answer to the last one. Open
//! loop: requests are sent at fixed times, whether or not earlier ones are answered, and a latency counts
//! from the time at which its request should have been sent. So if a service stops for a while, that
//! counts for every request that would have come in the meantime (no coordinated omission).

pub mod cart;
pub mod connection;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, OnceLock};
use std::time::Duration;

use hdrhistogram::Histogram;
use order_service::clock::Clock;
use serde::{Deserialize, Serialize};

use crate::Fault;
use connection::Connection;

/// The flags of `load`.
#[derive(Clone, Debug, clap::Args)]
pub struct Load {
    #[arg(long)]
    pub address: SocketAddr,
    /// Clients; in an open loop, the most requests under way
    #[arg(long)]
    pub connections: usize,
    /// Requests a second; without, a closed loop
    #[arg(long)]
    pub rate: Option<f64>,
    #[arg(long)]
    pub warmup_ms: u64,
    #[arg(long)]
    pub measured_ms: u64,
    /// Which carts
    #[arg(long)]
    pub seed: u64,
}

/// Printed when the measured time begins and when it ends.
pub const MARK: &str = "mark";

/// The result.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// 201s in the measured time; `created` counts all of them.
    pub measured: u64,
    pub created: u64,
    /// Every other answer or failure, with its count.
    pub failed: BTreeMap<String, u64>,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// The schedule, on a clock that all clients share.
struct Schedule {
    clock: Clock,
    begins: Duration,
    measured_from: Duration,
    ends: Duration,
    /// The time between two requests of an open loop.
    interval: Option<Duration>,
    next_slot: AtomicU64,
}

/// What one client measured.
struct Seen {
    latencies: Histogram<u64>,
    created: u64,
    failed: BTreeMap<String, u64>,
}

impl Seen {
    fn nothing() -> Self {
        Self { latencies: histogram(), created: 0, failed: BTreeMap::new() }
    }
}

/// Runs the load, and prints the marks and the report.
pub fn run(load: &Load) -> Result<(), Fault> {
    let warmup = Duration::from_millis(load.warmup_ms);
    let measured = Duration::from_millis(load.measured_ms);
    let clock = Clock::system();
    let requests = cart::requests(load.seed);
    // Starting the clients takes a while on a busy machine, and must not count as latency.
    let (ready, schedule) = (Barrier::new(load.connections + 1), OnceLock::new());
    let seen = std::thread::scope(|scope| {
        let client = |number| {
            let (ready, schedule, requests) = (&ready, &schedule, &requests);
            // Far apart, so that no two ever send equal requests at once, which would be joined.
            let start = number * requests.len() / load.connections;
            let own = requests.iter().cycle().skip(start);
            scope.spawn(move || {
                let seen = Seen::nothing();
                ready.wait();
                shop(load.address, schedule.wait(), own, seen)
            })
        };
        let clients: Vec<_> = (0..load.connections).map(client).collect();
        ready.wait();
        let begins = clock.monotonic();
        let schedule = schedule.get_or_init(|| Schedule {
            begins,
            measured_from: begins + warmup,
            ends: begins + warmup + measured,
            interval: load.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
            next_slot: AtomicU64::new(0),
            clock,
        });
        schedule.sleep_until(schedule.measured_from);
        println!("{MARK}");
        schedule.sleep_until(schedule.ends);
        println!("{MARK}");
        let join = |client: std::thread::ScopedJoinHandle<'_, _>| client.join();
        clients.into_iter().map(join).collect::<Result<Vec<Seen>, _>>()
    });
    let report = report(seen.map_err(|_| "a client panicked")?, measured)?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Runs one client until the time is over.
fn shop<'a>(
    address: SocketAddr,
    schedule: &Schedule,
    mut requests: impl Iterator<Item = &'a Vec<u8>>,
    mut seen: Seen,
) -> Seen {
    let mut connection = None;
    while let Some((due, request)) = schedule.next().zip(requests.next()) {
        let answered = match &mut connection {
            Some(open) => Connection::ask(open, request),
            None => Connection::open(address).and_then(|open| connection.insert(open).ask(request)),
        };
        let now = schedule.clock.monotonic();
        match answered {
            Ok(201) => {
                seen.created += 1;
                // In a closed loop the time of the answer counts, so that the rate is one of answers.
                let counts = if schedule.interval.is_some() { due } else { now };
                if (schedule.measured_from..schedule.ends).contains(&counts) {
                    let micros =
                        u64::try_from(now.saturating_sub(due).as_micros()).unwrap_or(u64::MAX);
                    seen.latencies.saturating_record(micros);
                }
            }
            Ok(other) => *seen.failed.entry(other.to_string()).or_default() += 1,
            Err(error) => {
                *seen.failed.entry(error.to_string()).or_default() += 1;
                connection = None;
            }
        }
    }
    seen
}

impl Schedule {
    /// Waits until the next request is to be sent, and returns that time; `None` at the end.
    fn next(&self) -> Option<Duration> {
        let due = match self.interval {
            None => self.clock.monotonic(),
            Some(interval) => {
                let slot = self.next_slot.fetch_add(1, Ordering::Relaxed);
                let nanos = u64::try_from(interval.as_nanos()).ok()?.checked_mul(slot)?;
                let due = self.begins + Duration::from_nanos(nanos);
                if due < self.ends {
                    self.sleep_until(due);
                }
                due
            }
        };
        (due < self.ends).then_some(due)
    }

    #[expect(clippy::disallowed_methods, reason = "a thread of its own, that nothing else runs on")]
    fn sleep_until(&self, at: Duration) {
        std::thread::sleep(at.saturating_sub(self.clock.monotonic()));
    }
}

/// From a microsecond to a minute, with three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order")
}

fn report(seen: Vec<Seen>, measured: Duration) -> Result<Report, Fault> {
    let mut latencies = histogram();
    let mut report = Report { seconds: measured.as_secs_f64(), ..Report::default() };
    for one in seen {
        latencies.add(one.latencies)?;
        report.created += one.created;
        for (what, times) in one.failed {
            *report.failed.entry(what).or_default() += times;
        }
    }
    let millis = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1000.0;
    report.measured = latencies.len();
    report.p50_ms = millis(latencies.value_at_quantile(0.50));
    report.p99_ms = millis(latencies.value_at_quantile(0.99));
    report.max_ms = millis(latencies.max());
    Ok(report)
}

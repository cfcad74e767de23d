//! Orders that are cancelled and forgotten as fast as they come, for an hour: the size of what is forgotten,
//! the rate and the latencies at the end are those of the beginning.
//!
//! Each client orders, cancels, and begins anew. Orders, lines and what is left of a forgotten saga stay, so
//! those tables grow; those of sagas, logs and events must not. `FORGETTING_SECONDS` says how long it takes
//! (two minutes unless said; 3600 by hand).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use order_service::clock::Clock;
use serde_json::Value;
use sqlx::Row;

use crate::Fault;
use crate::database::{Database, Engine};
use crate::load::cart;
use crate::process::{Sandbox, Service, System};
use crate::table::{Bound, Met, median, targets};

/// The flags of `forgetting`.
#[derive(Debug, clap::Args)]
pub struct Forgetting {
    /// How long, in seconds [default: `FORGETTING_SECONDS`, or 120]
    #[arg(long)]
    seconds: Option<u64>,
    /// Clients that wait for their answers
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// How long sagas and events are kept
    #[arg(long, default_value = "5s")]
    keep: String,
}

/// So many windows are measured.
const WINDOWS: u32 = 12;
/// The tables that must not grow.
const FORGOTTEN: &str = "SELECT CAST(sum(pg_total_relation_size(oid)) AS bigint) FROM pg_class \
                         WHERE relname IN ('saga_instance', 'step_log', 'outbox')";

/// What all clients have measured since the last window.
struct Seen {
    is_over: AtomicBool,
    wrong: AtomicU64,
    latencies: Mutex<Histogram<u64>>,
}

/// A window.
struct Window {
    rate: f64,
    p99_ms: f64,
    size_mib: f64,
    forgotten: f64,
}

/// Measures, and prints which targets are met.
pub async fn run(forgetting: Forgetting) -> Result<(), Fault> {
    let from_environment = std::env::var("FORGETTING_SECONDS").ok();
    let from_environment = from_environment.map(|text| text.parse()).transpose()?;
    let seconds = forgetting.seconds.or(from_environment).unwrap_or(120);
    let (directory, sandbox) = (tempfile::tempdir()?, Sandbox::start().await?);
    sandbox.renew(Duration::ZERO).await?;
    let database = Database::fresh(Engine::Postgres, directory.path(), "forgetting").await?;
    let archive = directory.path().join("archive").display().to_string();
    let set = [
        ("ORDER_SERVICE__RETENTION__SAGAS", forgetting.keep.as_str()),
        ("ORDER_SERVICE__RETENTION__EVENTS", forgetting.keep.as_str()),
        ("ORDER_SERVICE__RETENTION__ARCHIVE", archive.as_str()),
        ("ORDER_SERVICE__RETENTION__EVERY", "1s"),
    ];
    let service =
        Service::start(System::Saga, &database.url, &sandbox, directory.path(), &set).await?;
    let seen = Arc::new(Seen {
        is_over: AtomicBool::new(false),
        wrong: AtomicU64::new(0),
        latencies: Mutex::new(Histogram::new_with_bounds(1, 600_000_000, 3)?),
    });
    let clients: Vec<_> = (0_u64..)
        .take(forgetting.clients)
        .map(|number| tokio::spawn(shop(service.address.to_string(), number, seen.clone())))
        .collect();
    let each = Duration::from_secs(seconds) / WINDOWS;
    let mut windows = Vec::new();
    for number in 0..WINDOWS {
        let window = window(&seen, each, &database, &service).await?;
        println!(
            "{:>5} s: {:>6.0} orders/s, p99 {:>6.1} ms, sagas, logs and events {:>7.1} MiB, {} \
             sagas forgotten",
            (each * (number + 1)).as_secs(),
            window.rate,
            window.p99_ms,
            window.size_mib,
            window.forgotten,
        );
        windows.push(window);
    }
    seen.is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await?;
    }
    let wrong = seen.wrong.load(Ordering::Relaxed);
    met(&windows);
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} answers were wrong").into()) }
}

/// The end against the beginning, without the window in which everything is still empty and cold.
fn met(windows: &[Window]) {
    let of = |part: &[Window], what: fn(&Window) -> f64| median(part.iter().map(what).collect());
    let (first, last) = (&windows[2..5], &windows[windows.len() - 3..]);
    let ratio = |what| of(last, what) / of(first, what);
    let row = |what: &str, bound, measured| Met { what: what.to_owned(), bound, measured };
    targets(&[
        row("rate, the end to the beginning", Bound::AtLeast(0.9), ratio(|it| it.rate)),
        row("p99, the end to the beginning", Bound::AtMost(1.5), ratio(|it| it.p99_ms)),
        row(
            "size of sagas, logs and events, the end to the beginning",
            Bound::AtMost(1.25),
            ratio(|it| it.size_mib),
        ),
    ]);
}

async fn window(
    seen: &Seen,
    each: Duration,
    database: &Database,
    service: &Service,
) -> Result<Window, Fault> {
    seen.latencies.lock().unwrap_or_else(PoisonError::into_inner).reset();
    Clock::system().sleep(each).await;
    let (count, p99) = {
        let latencies = seen.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        (latencies.len(), latencies.value_at_quantile(0.99))
    };
    let size: i64 = sqlx::query(FORGOTTEN).fetch_one(database.postgres()?).await?.get(0);
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    Ok(Window {
        rate: count as f64 / each.as_secs_f64(),
        p99_ms: p99 as f64 / 1000.0,
        size_mib: size as f64 / f64::from(1 << 20),
        forgotten: service.metric("order_service_sagas_forgotten").await?,
    })
}

/// Orders and cancels until it is over.
async fn shop(address: String, number: u64, seen: Arc<Seen>) {
    let (http, clock) = (reqwest::Client::new(), Clock::system());
    for body in cart::bodies(number).iter().cycle() {
        if seen.is_over.load(Ordering::Relaxed) {
            return;
        }
        let began = clock.monotonic();
        let request = http.post(format!("http://{address}/api/orders/create"));
        let request = request.header("content-type", "application/json").body(body.clone());
        let request = request.header("prefer", "wait=30");
        let order = answer(request.header("idempotency-key", clock.fresh_id().to_string()), 201);
        let Some(order) = order.await else {
            seen.wrong.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let took = clock.monotonic().saturating_sub(began);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        seen.latencies.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
        let id = order["id"].as_str().unwrap_or_default();
        let cancel = http.post(format!("http://{address}/api/orders/{id}/cancel"));
        if answer(cancel.header("prefer", "wait=30"), 200).await.is_none() {
            seen.wrong.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The body of an answer of this status.
async fn answer(request: reqwest::RequestBuilder, status: u16) -> Option<Value> {
    let answer = request.send().await.ok().filter(|answer| answer.status() == status)?;
    answer.json().await.ok()
}

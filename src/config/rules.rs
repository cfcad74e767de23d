//! What must hold between and within the values, as tables of limits.
//!
//! Every duration has an upper limit too: a clock plus a thousand years overflows.

use std::time::Duration;

use humantime::format_duration;

use super::{Error, schema::Config};

/// A year as `humantime` counts it, so that it prints as one.
const YEAR: Duration = Duration::from_hours(8766);
const MINUTE: Duration = Duration::from_mins(1);
const TICK: Duration = Duration::from_millis(1);
/// Below this, one slow commit would lose a lease.
const SHORTEST_LEASE: Duration = Duration::from_millis(500);
/// More than a process can have in flight; semaphores overflow far above it.
const MANY: u64 = 1_000_000;

/// The head of a request: what every client may need, and what no client does.
const HEADER_BYTES: std::ops::RangeInclusive<u32> = 8192..=1_048_576;

/// Finds the first rule that `config` breaks.
pub(super) fn check(config: &Config) -> Result<(), Error> {
    durations(config)?;
    counts(config)?;
    let retry = &config.retry;
    if !(0.0..=1.0).contains(&retry.jitter) {
        return Err(broken(
            "retry.jitter",
            format!("must be between 0 and 1, not {}", retry.jitter),
        ));
    }
    if !(1.0..=1000.0).contains(&retry.multiplier) {
        return Err(broken(
            "retry.multiplier",
            format!("must be between 1 and 1000, not {}", retry.multiplier),
        ));
    }
    if retry.initial > retry.max {
        return Err(broken(
            "retry.initial",
            format!(
                "must be at most `retry.max` ({}), not {}",
                format_duration(retry.max),
                format_duration(retry.initial)
            ),
        ));
    }
    Ok(())
}

fn durations(config: &Config) -> Result<(), Error> {
    let services = &config.services;
    let limits = [
        ("http.header_timeout", config.http.header_timeout, TICK, YEAR),
        ("http.body_timeout", config.http.body_timeout, TICK, YEAR),
        ("http.write_timeout", config.http.write_timeout, TICK, YEAR),
        ("http.idle_timeout", config.http.idle_timeout, TICK, YEAR),
        ("http.http2_ping", config.http.http2_ping, TICK, YEAR),
        ("services.user.timeout", services.user.timeout, TICK, YEAR),
        ("services.product.timeout", services.product.timeout, TICK, YEAR),
        ("services.product.key_memory", services.product.key_memory, TICK, YEAR),
        ("services.payment.timeout", services.payment.timeout, TICK, YEAR),
        ("services.payment.key_memory", services.payment.key_memory, TICK, YEAR),
        ("circuit.pause", config.circuit.pause, TICK, YEAR),
        ("checkout.wait", config.checkout.wait, Duration::ZERO, MINUTE),
        ("checkout.deadline", config.checkout.deadline, TICK, YEAR),
        ("checkout.deadline_attended", config.checkout.deadline_attended, TICK, YEAR),
        ("executor.lease", config.executor.lease, SHORTEST_LEASE, YEAR),
        ("retry.initial", config.retry.initial, TICK, YEAR),
        ("retry.max", config.retry.max, TICK, YEAR),
        ("retry.stuck_after", config.retry.stuck_after, TICK, YEAR),
        ("shutdown.grace", config.shutdown.grace, Duration::ZERO, YEAR),
    ];
    for (key, value, least, most) in limits {
        let (bound, limit) = match value {
            value if value < least => ("least", least),
            value if value > most => ("most", most),
            _ => continue,
        };
        let (limit, value) = (format_duration(limit), format_duration(value));
        return Err(broken(key, format!("must be at {bound} {limit}, not {value}")));
    }
    Ok(())
}

fn counts(config: &Config) -> Result<(), Error> {
    let services = &config.services;
    let header_bytes = config.http.header_bytes;
    if !HEADER_BYTES.contains(&header_bytes) {
        let (least, most) = (HEADER_BYTES.start(), HEADER_BYTES.end());
        let problem = format!("must be between {least} and {most}, not {header_bytes}");
        return Err(broken("http.header_bytes", problem));
    }
    let limits = [
        ("http.connections", wide(config.http.connections), MANY),
        ("http.http2_streams", u64::from(config.http.http2_streams), MANY),
        ("http.http2_resets", wide(config.http.http2_resets), MANY),
        ("database.max_connections", u64::from(config.database.max_connections), 10_000),
        ("services.user.concurrency", wide(services.user.concurrency), MANY),
        ("services.product.concurrency", wide(services.product.concurrency), MANY),
        ("services.payment.concurrency", wide(services.payment.concurrency), MANY),
        ("circuit.failures", u64::from(config.circuit.failures), MANY),
        ("circuit.retries", u64::from(config.circuit.retries), MANY),
        ("checkout.backlog", config.checkout.backlog, 1_000_000_000_000),
        ("executor.concurrency", wide(config.executor.concurrency), MANY),
    ];
    for (key, value, most) in limits {
        if !(1..=most).contains(&value) {
            return Err(broken(key, format!("must be between 1 and {most}, not {value}")));
        }
    }
    Ok(())
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn broken(key: &str, problem: String) -> Error {
    Error::new(problem).at(key)
}

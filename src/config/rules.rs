//! The rules that values must obey, each by itself and together, as tables of limits.
//!
//! Every duration has an upper limit too, since adding a thousand years to a time would overflow.

use std::time::Duration;

use humantime::format_duration;
use url::Url;

use super::{
    Error,
    schema::{Config, NamedToken},
    users::{UserAuth, UsersConfig},
};

/// The upper limit of durations: a year as `humantime` counts it, so that it is printed as one.
const YEAR: Duration = Duration::from_hours(8766);
/// The upper limit of `retention`: nobody keeps anything for longer, and yet not for ever.
const CENTURY: Duration = Duration::from_hours(876_600);
/// The upper limit of `checkout.wait`.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The shortest time between two audits.
const SHORTEST_AUDIT: Duration = Duration::from_mins(1);
/// The lower limit of durations that must not be zero.
const SHORTEST: Duration = Duration::from_millis(1);
/// With a shorter lease, one slow commit would lose it.
const SHORTEST_LEASE: Duration = Duration::from_millis(500);
/// The upper limit of counts: more than one process can have in flight, and far below where semaphores
/// overflow.
const MOST: u64 = 1_000_000;

/// The queue of dead letters, which can't be where orders come from.
const DEAD_LETTERS: &str = "orders.dead";

/// The longest name of an exchange or a queue, in bytes.
const LONGEST_NAME: usize = 255;
/// The most pauses of `webhooks.schedule`.
const LONGEST_SCHEDULE: usize = 100;

/// The shortest key of HS256, in bytes: as long as its digest (RFC 7518, 3.2).
const SHORTEST_KEY: usize = 32;

/// The limits of `http.header_bytes`: every client may need the lower one, and none needs the upper one.
const HEADER_BYTES: std::ops::RangeInclusive<u32> = 8192..=1_048_576;

/// Whether a file's name can be put behind it, for a URL.
fn is_prefix(text: &str) -> bool {
    let has_space = text.contains(|one: char| one.is_whitespace() || one.is_control());
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.is_some_and(|url| {
        url.query().is_none() && url.fragment().is_none() && text.ends_with('/') && !has_space
    })
}

/// Returns the first rule that `config` breaks, as an error.
pub(super) fn check(config: &Config) -> Result<(), Error> {
    durations(config)?;
    counts(config)?;
    operators(&config.operator.tokens)?;
    users(&config.users)?;
    let source = &config.events.source;
    if source.is_empty() || source.contains(|one: char| one.is_whitespace() || one.is_control()) {
        return Err(broken("events.source", "must not be empty, nor have spaces".to_owned()));
    }
    if !config.events.schemas.is_empty() && !is_prefix(&config.events.schemas) {
        let rule = "must be an http or https URL that ends with a slash, or empty";
        return Err(broken("events.schemas", rule.to_owned()));
    }
    names(config)?;
    if config.retention.sagas.is_some() && config.retention.archive.is_none() {
        let rule = "needs `retention.archive`: sagas are archived before they are deleted";
        return Err(broken("retention.sagas", rule.to_owned()));
    }
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
        ("http.header_timeout", config.http.header_timeout, SHORTEST, YEAR),
        ("http.body_timeout", config.http.body_timeout, SHORTEST, YEAR),
        ("http.write_timeout", config.http.write_timeout, SHORTEST, YEAR),
        ("http.idle_timeout", config.http.idle_timeout, SHORTEST, YEAR),
        ("http.http2_ping", config.http.http2_ping, SHORTEST, YEAR),
        ("services.user.timeout", services.user.timeout, SHORTEST, YEAR),
        ("services.product.timeout", services.product.timeout, SHORTEST, YEAR),
        ("services.product.key_memory", services.product.key_memory, SHORTEST, YEAR),
        ("services.payment.timeout", services.payment.timeout, SHORTEST, YEAR),
        ("services.payment.key_memory", services.payment.key_memory, SHORTEST, YEAR),
        ("circuit.pause", config.circuit.pause, SHORTEST, YEAR),
        ("checkout.wait", config.checkout.wait, Duration::ZERO, LONGEST_WAIT),
        ("checkout.deadline", config.checkout.deadline, SHORTEST, YEAR),
        ("checkout.deadline_attended", config.checkout.deadline_attended, SHORTEST, YEAR),
        ("executor.lease", config.executor.lease, SHORTEST_LEASE, YEAR),
        ("retry.initial", config.retry.initial, SHORTEST, YEAR),
        ("retry.max", config.retry.max, SHORTEST, YEAR),
        ("retry.stuck_after", config.retry.stuck_after, SHORTEST, YEAR),
        ("shutdown.grace", config.shutdown.grace, Duration::ZERO, YEAR),
        ("webhooks.timeout", config.webhooks.timeout, SHORTEST, YEAR),
        ("retention.every", config.retention.every, SHORTEST, YEAR),
    ];
    let retention = &config.retention;
    let kept = [
        ("retention.sagas", retention.sagas),
        ("retention.events", retention.events),
        ("retention.deliveries", retention.deliveries),
    ];
    let kept =
        kept.into_iter().filter_map(|(key, keep)| Some((key, keep?, Duration::ZERO, CENTURY)));
    let audit = config.audit.every.map(|every| ("audit.every", every, SHORTEST_AUDIT, YEAR));
    let schedule = config.webhooks.schedule.iter();
    let schedule = schedule.map(|pause| ("webhooks.schedule", *pause, SHORTEST, YEAR));
    for (key, value, least, most) in limits.into_iter().chain(audit).chain(schedule).chain(kept) {
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
    if config.webhooks.schedule.len() > LONGEST_SCHEDULE {
        let problem = format!("must not have more than {LONGEST_SCHEDULE} pauses");
        return Err(broken("webhooks.schedule", problem));
    }
    let limits = [
        ("http.streams", wide(config.http.streams), MOST),
        ("http.connections", wide(config.http.connections), MOST),
        ("http.http2_streams", u64::from(config.http.http2_streams), MOST),
        ("http.http2_resets", wide(config.http.http2_resets), MOST),
        ("database.max_connections", u64::from(config.database.max_connections), 10_000),
        ("services.user.concurrency", wide(services.user.concurrency), MOST),
        ("services.product.concurrency", wide(services.product.concurrency), MOST),
        ("services.payment.concurrency", wide(services.payment.concurrency), MOST),
        ("circuit.failures", u64::from(config.circuit.failures), MOST),
        ("circuit.retries", u64::from(config.circuit.retries), MOST),
        ("checkout.backlog", config.checkout.backlog, 1_000_000_000_000),
        ("intake.prefetch", u64::from(config.intake.prefetch), 10_000),
        ("executor.concurrency", wide(config.executor.concurrency), MOST),
    ];
    for (key, value, most) in limits {
        if !(1..=most).contains(&value) {
            return Err(broken(key, format!("must be between 1 and {most}, not {value}")));
        }
    }
    Ok(())
}

/// Names and tokens must be unique: otherwise it would be unclear who asks, and what they may do.
fn operators(tokens: &[NamedToken]) -> Result<(), Error> {
    for (at, token) in tokens.iter().enumerate() {
        let before = &tokens[..at];
        if before.iter().any(|other| other.name == token.name) {
            return Err(broken("operator.tokens", format!("has `{}` twice", token.name)));
        }
        if let Some(other) = before.iter().find(|other| other.sha256 == token.sha256) {
            let problem = format!("has the same token for `{}` and `{}`", other.name, token.name);
            return Err(broken("operator.tokens", problem));
        }
    }
    Ok(())
}

/// Names at RabbitMQ.
fn names(config: &Config) -> Result<(), Error> {
    let queue = &config.intake.queue;
    for (key, name) in [("broker.exchange", &config.broker.exchange), ("intake.queue", queue)] {
        let is_short = (1..=LONGEST_NAME).contains(&name.len());
        // It keeps this prefix to itself.
        if !is_short || name.chars().any(char::is_control) || name.starts_with("amq.") {
            let problem =
                format!("must be a name of 1 to {LONGEST_NAME} bytes, not beginning with amq.");
            return Err(broken(key, problem));
        }
    }
    if queue == DEAD_LETTERS {
        let problem = format!("must not be {DEAD_LETTERS}, which is for what is no order");
        return Err(broken("intake.queue", problem));
    }
    Ok(())
}

/// If users need a token, exactly one source of keys must be set, with issuer and audience.
fn users(users: &UsersConfig) -> Result<(), Error> {
    let jwt = &users.jwt;
    if users.auth == UserAuth::Off {
        return Ok(());
    }
    let keys = [
        ("users.jwt.key", jwt.key.is_some()),
        ("users.jwt.public_key", jwt.public_key.is_some()),
        ("users.jwt.jwks_url", jwt.jwks_url.is_some()),
    ];
    let mut set = keys.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key);
    match (set.next(), set.next()) {
        (Some(first), Some(second)) => {
            return Err(broken(second, format!("must not be set beside `{first}`")));
        }
        (None, _) => {
            let problem = "must be set where `users.auth` is `jwt`, or else `users.jwt.public_key` or \
                           `users.jwt.jwks_url`";
            return Err(broken("users.jwt.key", problem.to_owned()));
        }
        (Some(_), None) => {}
    }
    if jwt.key.as_ref().is_some_and(|key| key.reveal().len() < SHORTEST_KEY) {
        return Err(broken("users.jwt.key", format!("must be at least {SHORTEST_KEY} bytes long")));
    }
    for (key, value) in [("users.jwt.issuer", &jwt.issuer), ("users.jwt.audience", &jwt.audience)] {
        if value.is_empty() {
            return Err(broken(key, "must be set where `users.auth` is `jwt`".to_owned()));
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

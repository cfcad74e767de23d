//! Logs and traces, and metrics for a collector.
//!
//! Logs go to stderr, so that the output of a command can be piped. On a terminal they are text for
//! people, elsewhere one JSON object per line. Traces and metrics are exported over OTLP when
//! `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector. None of this can stop the service: a bad filter or
//! endpoint only leads to a line in the log, and if the reader of stderr stalls, lines are dropped.

mod collector;
mod export;
mod log;
mod openmetrics;
mod otlp;
mod resource;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    env,
    io::{self, IsTerminal as _, Write as _},
    panic::PanicHookInfo,
    sync::OnceLock,
    time::Duration,
};

use serde_json::json;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{LevelFilter, ParseError, Targets},
    fmt::{
        format::Writer,
        time::{FormatTime as _, SystemTime},
        writer::BoxMakeWriter,
    },
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

pub use self::export::{MetricsExport, Reading};
use self::log::Log;

/// How long the process waits for the last spans to be sent when it ends.
const FLUSH: Duration = Duration::from_secs(3);
/// How long it then waits for the last log lines to be written.
const FLUSH_LINES: Duration = Duration::from_secs(1);
/// The service's log. A tool has none and writes to stderr directly, since it may block.
static LOG: OnceLock<Log> = OnceLock::new();
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// What the process is for, which decides how much it logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It runs until told to stop: logs from `info` up, traces exported when asked.
    Service,
    /// It prints a result and ends: logs from `warn` up, no traces.
    Tool,
}

/// Holds the trace exporter. [`shutdown`](Self::shutdown) sends the remaining spans.
#[must_use = "without a shutdown the last spans are lost"]
#[derive(Debug)]
pub struct Guard {
    traces: Option<SdkTracerProvider>,
}

/// Starts logging and, for a [`Role::Service`], tracing. `RUST_LOG` outranks the role's level.
pub fn start(role: Role) -> Guard {
    let (filter, filter_fault) = filter(role);
    let (traces, traces_fault) = match (role, is_export_asked()) {
        (Role::Service, true) => match exporter() {
            Ok(provider) => (Some(provider), None),
            Err(error) => (None, Some(error)),
        },
        (Role::Service, false) | (Role::Tool, _) => (None, None),
    };

    let lines = tracing_subscriber::fmt::layer().with_writer(stderr(role));
    let lines = if io::stderr().is_terminal() {
        lines.boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).with_ansi(false).boxed()
    };
    // The exporter's own HTTP client makes spans, too, and exporting those would make more, without end.
    let ours = Targets::new()
        .with_target("order_service", LevelFilter::DEBUG)
        .with_target("tower_http", LevelFilter::DEBUG);
    let spans = traces.as_ref().map(|provider| {
        tracing_opentelemetry::layer().with_tracer(provider.tracer("order-service"))
    });
    let spans = spans.map(|layer| layer.with_filter(ours));
    let lines = lines.with_filter(filter);
    let started = tracing_subscriber::registry().with(lines).with(spans).try_init();

    if let Err(error) = started {
        // A test may have set a subscriber of its own.
        tracing::debug!(%error, "logging was started before");
    }
    if let Some(error) = filter_fault {
        tracing::warn!(%error, "RUST_LOG can't be read and is not used");
    }
    if let Some(error) = traces_fault {
        tracing::warn!(%error, "traces can't be exported; the service runs without");
    }
    Guard { traces }
}

impl Guard {
    /// Sends the last spans, for at most 3 seconds, then writes the last log lines, for at most one more.
    /// Blocks the calling thread.
    pub fn shutdown(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(FLUSH)
        {
            tracing::warn!(%error, "the last traces may be lost");
        }
        if let Some(log) = LOG.get() {
            log.flush(FLUSH_LINES);
        }
    }
}

/// Writes a line to stderr that is not a log event, such as the reason why the process ends. It is written
/// after the log lines that are still in the buffer.
pub fn say(line: &str) {
    let line = format!("{line}\n");
    match LOG.get() {
        Some(log) => log.line(line.as_bytes()),
        // If stderr is closed, nobody is left to read the error.
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}

/// Where the lines go.
fn stderr(role: Role) -> BoxMakeWriter {
    let log = match role {
        Role::Tool => None,
        Role::Service => Log::start(io::stderr(), dropped).ok(),
    };
    match log {
        None => BoxMakeWriter::new(io::stderr),
        Some(log) => {
            // The usual hook writes to stderr from the thread that panics, which could block there.
            std::panic::set_hook(Box::new(panicked));
            BoxMakeWriter::new(LOG.get_or_init(|| log).clone())
        }
    }
}

fn panicked(panic: &PanicHookInfo<'_>) {
    let cause = panic.payload_as_str().unwrap_or("unknown");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(cause, place, backtrace, "a thread panicked");
}

/// The line that says how many lines were dropped. The log's own thread writes it, which can't log an
/// event, so it is formatted here like the others.
fn dropped(lines: u64) -> String {
    let message = format!("{lines} log lines were dropped: whoever reads them was too slow");
    let (level, target) = ("WARN", "order_service::telemetry");
    let mut timestamp = String::new();
    SystemTime.format_time(&mut Writer::new(&mut timestamp)).ok();
    if io::stderr().is_terminal() {
        return format!("{timestamp}  {level} {target}: {message}\n");
    }
    let line = json!({
        "timestamp": timestamp,
        "level": level,
        "message": message,
        "dropped": lines,
        "target": target,
    });
    format!("{line}\n")
}

fn filter(role: Role) -> (EnvFilter, Option<ParseError>) {
    let level = match role {
        // At `info`, the migrations would be listed at every start. What fails at RabbitMQ, and certificates
        // that are not trusted, are logged by us, once and not with each attempt.
        Role::Service => {
            "info,sea_orm_migration=warn,sqlx=warn,lapin=off,rustls_platform_verifier=off"
        }
        Role::Tool => "warn,lapin=off",
    };
    match env::var("RUST_LOG") {
        Ok(asked) if !asked.trim().is_empty() => match EnvFilter::try_new(asked) {
            Ok(filter) => (filter, None),
            Err(error) => (EnvFilter::new(level), Some(error)),
        },
        _ => (EnvFilter::new(level), None),
    }
}

fn is_export_asked() -> bool {
    ENDPOINTS.iter().any(|name| env::var(name).is_ok_and(|value| !value.trim().is_empty()))
}

/// Exports on a thread of its own with a blocking client, so that a busy runtime doesn't delay traces
/// and a slow collector doesn't delay the runtime.
fn exporter() -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter =
        SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource::of_service())
        .build())
}

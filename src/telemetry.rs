//! Logs and traces.
//!
//! Logs go to stderr, so that what a command prints can be piped: for the eye on a terminal, a JSON
//! object a line elsewhere. Traces are exported over OTLP when `OTEL_EXPORTER_OTLP_ENDPOINT` names a
//! collector. Neither can stop the service: a bad filter or a bad endpoint is a line in the log.

use std::{
    env,
    io::{self, IsTerminal as _},
    time::Duration,
};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{LevelFilter, ParseError, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// How long the end of the process waits for the last spans to leave.
const FLUSH: Duration = Duration::from_secs(3);
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// What the process is for, which decides how much it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It runs until told to stop: logs from `info` up, traces exported when asked.
    Service,
    /// It prints a result and ends: logs from `warn` up, no traces.
    Tool,
}

/// Keeps the exporter. [`shutdown`](Self::shutdown) sends what it still holds.
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

    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = if io::stderr().is_terminal() {
        lines.boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).with_ansi(false).boxed()
    };
    // The exporter's own client makes spans too, which must not be exported in turn.
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
        // Only where the process already logs elsewhere, as under a test's own subscriber.
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
    /// Sends what the exporter still holds, for at most 3 seconds. Blocks the calling thread.
    pub fn shutdown(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(FLUSH)
        {
            tracing::warn!(%error, "the last traces may be lost");
        }
    }
}

fn filter(role: Role) -> (EnvFilter, Option<ParseError>) {
    let level = match role {
        // Every start would list the migrations that there are.
        Role::Service => "info,sea_orm_migration=warn,sqlx=warn",
        Role::Tool => "warn",
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

/// Exports from a thread of its own with a blocking client: a full runtime must not hold traces
/// back, nor a slow collector the runtime.
fn exporter() -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter =
        SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name("order-service").build())
        .build())
}

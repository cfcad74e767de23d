//! What is exported of a service's metrics: the page that `/metrics` shows.

use crate::api::metrics_page;
use crate::clock::Clock;
use crate::engine::Executor;
use crate::events::Events;
use crate::telemetry::{MetricsExport, Reading};

/// Exports them where the environment names a collector.
pub(super) fn export_metrics(
    executor: &Executor,
    events: &Events,
    clock: &Clock,
) -> Option<MetricsExport> {
    // Not the executor: its log writer ends with the last handle.
    let (metrics, events, clock) = (executor.metrics(), events.clone(), clock.clone());
    let instance = clock.fresh_id().to_string();
    MetricsExport::start(instance, move || Reading {
        page: metrics_page(&metrics, &events),
        at: clock.machine_time(),
    })
}

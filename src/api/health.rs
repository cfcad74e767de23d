//! Probes, which say whether the process is alive and whether it should get requests; and metrics.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::engine::Metrics;
use crate::events::Events;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The health answer, in the form that all of the platform's services use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `Healthy`.
    status: &'static str,
    /// Always `order-service`.
    service: &'static str,
}

/// The result of a probe.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Probe {
    /// `live`, `ready` or `unavailable`.
    status: &'static str,
    /// Why it is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The health check of the platform's services
#[utoipa::path(
    get,
    path = "/api/health",
    tag = "probes",
    responses((status = 200, description = "The process lives", body = Health)),
)]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "Healthy", service: "order-service" })
}

/// Liveness
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "probes",
    responses((status = 200, description = "The process lives", body = Probe)),
)]
pub(super) async fn live() -> Json<Probe> {
    Json(Probe { status: "live", reason: None })
}

/// Readiness
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "probes",
    responses(
        (status = 200, description = "It can take checkouts", body = Probe),
        (status = 503, description = "It can't, and why", body = Probe),
    ),
)]
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Response {
    let reason = match api.executor.not_ready() {
        None => api.store.unusable_now().await,
        reason => reason,
    };
    let (code, status) = match reason {
        None => (StatusCode::OK, "ready"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (code, Json(Probe { status, reason })).into_response()
}

/// Metrics
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "probes",
    responses(
        (status = 200, description = "OpenMetrics text, as Prometheus reads it", body = String, content_type = "application/openmetrics-text"),
    ),
)]
pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    let page = metrics_page(&api.metrics, &api.events);
    ([(header::CONTENT_TYPE, OPENMETRICS)], page).into_response()
}

/// All metrics of this process as they are now, in OpenMetrics text.
pub fn metrics_page(metrics: &Metrics, events: &Events) -> String {
    for sink in events.standings() {
        metrics.sink(&sink.name, sink.backlog, sink.age_seconds);
    }
    metrics.render()
}

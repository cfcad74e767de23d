//! The route table of the operators' API, and the middleware around it.

use axum::routing::any;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bulk::{change as bulk_change, look, prepare};
use super::webhooks::{again, change, deliveries, endpoints};
use super::{Operators, act, cancel, groups, hold, inspect, list, note, summary, trail};
use crate::auth::Person;
use crate::web;
use crate::web::Problem;

/// The routes with their descriptions. Each has its method and path above its handler.
fn table() -> OpenApiRouter<Operators> {
    OpenApiRouter::default()
        .routes(routes!(list::list_sagas))
        .routes(routes!(inspect::get_saga))
        .routes(routes!(note::add_note))
        .routes(routes!(act::retry_saga))
        .routes(routes!(act::compensate_saga))
        .routes(routes!(act::resolve_saga))
        .routes(routes!(hold::hold_saga))
        .routes(routes!(hold::release_saga))
        .routes(routes!(groups::list_groups))
        .routes(routes!(look::list_runs, prepare::prepare_run))
        .routes(routes!(look::get_run))
        .routes(routes!(bulk_change::start_run))
        .routes(routes!(bulk_change::pause_run))
        .routes(routes!(bulk_change::resume_run))
        .routes(routes!(bulk_change::stop_run))
        .routes(routes!(summary::get_summary))
        .routes(routes!(trail::list_audit_entries))
        .routes(routes!(cancel::cancel_order))
        .routes(routes!(endpoints::list_webhooks, change::add_webhook))
        .routes(routes!(endpoints::get_webhook, change::change_webhook, change::remove_webhook))
        .routes(routes!(change::rotate_webhook))
        .routes(routes!(again::test_webhook))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(again::resend_delivery))
        .routes(routes!(again::recover_deliveries))
}

/// The operators' part of the `OpenAPI` document.
#[must_use]
pub fn document() -> OpenApi {
    table().into_openapi()
}

/// The operators' API, all of it below `/api/operator`, unknown paths too: who has no token is not told which
/// there are.
pub fn router(operators: Operators) -> Router {
    Router::from(table())
        .route("/api/operator/{*rest}", any(no_such_path))
        .method_not_allowed_fallback(web::no_such_method)
        .route_layer(CatchPanicLayer::custom(web::panicked))
        .route_layer(middleware::from_fn(web::trace_and_report))
        .with_state(operators)
}

async fn no_such_path(_who: Person) -> Problem {
    web::no_such_path().await
}

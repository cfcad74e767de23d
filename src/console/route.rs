//! The paths of the console, and the order in which a request is judged: whether it comes from a page of ours,
//! who asks, whether they may, and only then what they ask for.

use axum::routing::{any, get, post};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;

use super::page::{Failure, broken};
use super::{
    action, asset, audit, bulk, find, order, order_cancel, overview, policy, saga, sagas, sign_in,
    webhooks,
};
use crate::operator::Operators;
use crate::web::{self, Problem};

/// The console's routes, all of them at or below `/console`.
pub fn router(operators: Operators) -> Router {
    Router::new()
        .route("/console", get(overview::show))
        .route("/console/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/find", get(find::find))
        .route("/console/sagas", get(sagas::list))
        .route("/console/sagas/{id}", get(saga::show))
        .route("/console/sagas/{id}/{action}", get(saga::show_form).post(action::act))
        .route("/console/bulk", get(bulk::list).post(bulk::prepare))
        .route("/console/bulk/{id}", get(bulk::show))
        .route("/console/bulk/{id}/{move}", get(bulk::back).post(bulk::change))
        .route("/console/orders/{id}", get(order::show))
        .route(
            "/console/orders/{id}/cancel",
            get(order_cancel::show_form).post(order_cancel::cancel),
        )
        .route("/console/webhooks", get(webhooks::list).post(webhooks::add))
        .route("/console/webhooks/{id}", get(webhooks::show))
        .route("/console/webhooks/{id}/{change}", get(webhooks::back).post(webhooks::change))
        .route("/console/audit", get(audit::list))
        .route("/console/assets/{file}", get(asset::asset))
        .route("/console/{*rest}", any(nothing_here))
        .method_not_allowed_fallback(wrong_method)
        .route_layer(middleware::from_fn(policy::only_from_here))
        .route_layer(CatchPanicLayer::custom(broken))
        .route_layer(middleware::from_fn(web::trace_and_report))
        .with_state(operators)
}

async fn nothing_here() -> Failure {
    Failure::from(Problem::not_found("There is no such page"))
}

async fn wrong_method() -> Failure {
    let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    Failure::from(Problem::new(status, "There is nothing to send here"))
}

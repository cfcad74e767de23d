//! The routes of each neighbour. The handlers only translate between HTTP and the neighbourhood.

mod body;
mod caller;
mod control;
mod payment;
mod product;
mod user;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::header,
    routing::{get, post, put},
};
use serde_json::{Value, json};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use super::{neighbourhood::Neighbourhood, service::Service};

/// The largest body of a call, in bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// The largest body of a control call, in bytes. A reset may carry many users and products.
const CONTROL_LIMIT: usize = 64 * 1024 * 1024;

/// All routes of a neighbour.
pub(super) fn router(service: Service, neighbours: Arc<Neighbourhood>) -> Router {
    let own = match service {
        Service::User => Router::new()
            .route("/api/users", get(user::list).post(user::create))
            .route("/api/users/{id}", get(user::profile).put(user::update))
            .route("/api/users/{id}/wallet/debit", post(user::debit))
            .route("/api/users/{id}/wallet/credit", post(user::credit))
            .route("/api/users/add-balance", post(user::add_balance))
            .route("/api/users/by-userid/{user_id}", get(user::get))
            .route("/api/users/phone-exists/{number}", get(user::phone_exists)),
        Service::Product => Router::new()
            .route("/api/products", get(product::list))
            .route("/api/products/{id}", get(product::get))
            .route("/api/products/{id}/reserve", post(product::reserve))
            .route("/api/products/{id}/release", post(product::release)),
        Service::Payment => Router::new()
            .route("/api/payments/process", post(payment::process))
            .route("/api/payments/refund", post(payment::refund))
            .route("/api/payments/status/{order_id}", get(payment::status)),
    };
    let control = Router::new()
        .route("/_sandbox/ledger", get(control::ledger))
        .route(
            "/_sandbox/faults",
            get(control::faults).post(control::inject).delete(control::clear_faults),
        )
        .route("/_sandbox/kinds", put(control::set_kinds).get(control::kinds))
        .route("/_sandbox/reset", post(control::reset))
        .route("/_sandbox/users", post(control::put_user))
        .route("/_sandbox/products", post(control::put_product));
    own.route("/api/health", get(async move || Json(health(service))))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .merge(control.layer(DefaultBodyLimit::max(CONTROL_LIMIT)))
        .layer(cors())
        .with_state(neighbours)
}

/// Web pages from any origin may call, since the platform's web client may be served from anywhere.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::any())
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::LOCATION, header::RETRY_AFTER])
}

fn health(service: Service) -> Value {
    json!({"status": "Healthy", "service": format!("{service}-service")})
}

//! The doors: which paths each neighbour answers. The handlers only translate.

mod body;
mod caller;
mod control;
mod payment;
mod product;
mod user;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post, put},
};

use super::{neighbourhood::Neighbourhood, service::Service};

/// Bytes of a call's body at the most.
const BODY_LIMIT: usize = 64 * 1024;
/// Bytes of a control call's body at the most: a reset may carry many users and products.
const CONTROL_LIMIT: usize = 64 * 1024 * 1024;

/// Everything that one neighbour's door answers.
pub(super) fn router(service: Service, here: Arc<Neighbourhood>) -> Router {
    let own = match service {
        Service::User => Router::new()
            .route("/api/users", get(user::list))
            .route("/api/users/by-userid/{user_id}", get(user::get)),
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
    own.layer(DefaultBodyLimit::max(BODY_LIMIT))
        .merge(control.layer(DefaultBodyLimit::max(CONTROL_LIMIT)))
        .with_state(here)
}

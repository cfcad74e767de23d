//! The one route table of the operators' API, and the layers around it.

use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Operators, act, inspect, list, summary, token};
use crate::api;

/// The routes with what the document says of them; each names its method and path above its handler.
fn table() -> OpenApiRouter<Operators> {
    OpenApiRouter::default()
        .routes(routes!(list::list_sagas))
        .routes(routes!(inspect::get_saga))
        .routes(routes!(act::retry_saga))
        .routes(routes!(summary::get_summary))
}

/// The operators' part of the `OpenAPI` document.
#[must_use]
pub fn document() -> OpenApi {
    table().into_openapi()
}

/// The operators' API, all of it below `/api/operator`. Merges with the clients' router, which
/// answers for unknown paths.
pub fn router(operators: Operators) -> Router {
    let token = token::Expected::new(operators.token.as_deref());
    Router::from(table())
        .method_not_allowed_fallback(api::no_such_method)
        .route_layer(middleware::from_fn_with_state(token, token::check))
        .route_layer(CatchPanicLayer::custom(api::panicked))
        .route_layer(middleware::from_fn(api::walk_in))
        .with_state(operators)
}

//! The one route table of the clients' API, and the layers around it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Api, Options, create, docs, health, history, order, status};
use crate::config::Undecided;
use crate::web;

/// What a handler gets.
#[derive(Clone, Debug)]
pub(super) struct Front {
    pub(super) api: Api,
    pub(super) default_wait: Duration,
    pub(super) undecided: Undecided,
}

/// The routes with what the document says of them; each names its method and path above its handler.
fn table() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::default()
        .routes(routes!(create::create))
        .routes(routes!(order::get_order))
        .routes(routes!(history::list_orders))
        .routes(routes!(status::get_status))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::health))
        .routes(routes!(health::metrics))
}

/// The clients' part of the `OpenAPI` document.
#[must_use]
pub fn document() -> OpenApi {
    table().into_openapi()
}

/// The clients' API, which shows the document of everything at this address. Merges with other
/// routers; its answer to unknown paths is theirs then, too.
pub fn router(api: Api, options: Options, document: Value) -> Router {
    let (default_wait, undecided) = (options.default_wait, options.undecided);
    let front = Arc::new(Front { api, default_wait, undecided });
    let routes = Router::from(table())
        .route("/openapi.json", get(async move || Json(document)))
        .route("/docs", get(docs::page))
        .route("/docs/{file}", get(docs::asset))
        .route("/swagger", get(docs::moved))
        .route("/swagger/{*rest}", get(docs::moved))
        .fallback(web::no_such_path)
        .method_not_allowed_fallback(web::no_such_method)
        .layer(CatchPanicLayer::custom(web::panicked))
        .layer(middleware::from_fn(web::walk_in));
    with_cors(routes, options.cors_origins).with_state(front)
}

/// The routes, with what lets a page of one of these origins call them and read what they answer,
/// errors too. None: no such headers at all.
pub fn with_cors<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    origins: Vec<String>,
) -> Router<S> {
    // Config has checked that each is an origin, so that it can be sent in a header.
    let origins = origins.into_iter().filter_map(|origin| HeaderValue::try_from(origin).ok());
    let origins = origins.collect::<Vec<_>>();
    let named = HeaderName::from_static;
    if origins.is_empty() {
        return routes;
    }
    routes.layer(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([
                header::CONTENT_TYPE,
                header::AUTHORIZATION,
                named("idempotency-key"),
                named("prefer"),
                named("traceparent"),
                named("tracestate"),
            ])
            .expose_headers([
                header::LOCATION,
                header::LINK,
                header::RETRY_AFTER,
                named("idempotent-replayed"),
                named("preference-applied"),
            ])
            // Else a browser asks before nearly every call.
            .max_age(Duration::from_mins(10)),
    )
}

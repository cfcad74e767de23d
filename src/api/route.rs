//! The route table of the clients' API, and the middleware around it.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    Api, cancel, create, docs, feed, health, history, order, reports, returns, schemas, shipments,
    status, stream, tracking,
};
use crate::web;

/// The routes with their descriptions. Each has its method and path above its handler.
fn table() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(order::get_order))
        .routes(routes!(history::list_orders))
        .routes(routes!(status::get_status))
        .routes(routes!(stream::follow_order))
        .routes(routes!(cancel::cancel_order))
        .routes(routes!(cancel::preview_cancellation))
        .routes(routes!(shipments::ship_order))
        .routes(routes!(shipments::get_shipment))
        .routes(routes!(reports::report_shipment))
        .routes(routes!(tracking::track_order))
        .routes(routes!(returns::return_goods))
        .routes(routes!(returns::get_return))
        .routes(routes!(feed::read_events))
        .routes(routes!(schemas::list_event_types))
        .routes(routes!(schemas::get_event_schema))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::health))
        .routes(routes!(health::metrics))
}

/// Creating an order, whose answers are counted.
fn creating() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(create::create))
}

/// The clients' part of the `OpenAPI` document.
#[must_use]
pub fn document() -> OpenApi {
    creating().merge(table()).into_openapi()
}

/// The clients' API. It serves `document`, which describes everything at this address, and web pages from
/// `cors_origins` may call it. If it is merged with other routers, it answers unknown paths for all of them.
pub fn router(api: Api, cors_origins: Vec<String>, document: Value) -> Router {
    let metrics = api.metrics.clone();
    let count = move |answer: Response| {
        metrics.created(answer.status().as_u16());
        future::ready(answer)
    };
    let routes = Router::from(creating())
        .layer(middleware::map_response(count))
        .merge(Router::from(table()))
        .route("/openapi.json", get(async move || Json(document)))
        .route("/docs", get(docs::page))
        .route("/docs/{file}", get(docs::asset))
        .route("/swagger", get(docs::moved))
        .route("/swagger/{*rest}", get(docs::moved))
        .fallback(web::no_such_path)
        .method_not_allowed_fallback(web::no_such_method)
        .layer(CatchPanicLayer::custom(web::panicked))
        .layer(middleware::from_fn(web::trace_and_report));
    with_cors(routes, cors_origins).with_state(Arc::new(api))
}

/// The routes with CORS headers, so that web pages from these origins can call them and read all answers,
/// errors included. Without origins there are no such headers.
pub fn with_cors<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    origins: Vec<String>,
) -> Router<S> {
    // Each is a valid header value, since the configuration accepts only origins.
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
            // Otherwise browsers send a preflight request before nearly every call.
            .max_age(Duration::from_mins(10)),
    )
}

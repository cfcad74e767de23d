//! The middleware around every request: its trace begins before the handler runs, and a problem becomes
//! a document after it. The request's body is not touched.

use std::any::Any;

use axum::Json;
use axum::extract::{MatchedPath, OriginalUri, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use opentelemetry_http::HeaderExtractor;
use tracing::Instrument;

use super::problem::Problem;
use crate::trace::TraceParent;

/// The middleware of every route. It gives the request a span and, as an extension, its
/// [`TraceParent`]; it turns a [`Problem`] that the handler returned into its document.
pub(crate) async fn trace_and_report(mut request: Request, next: Next) -> Response {
    let trace = TraceParent::from_request(&HeaderExtractor(request.headers()))
        .unwrap_or_else(TraceParent::fresh);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!(
        "request",
        method = %request.method(),
        route,
        trace_id = trace.trace_id(),
    );
    trace.adopt(&span);
    // The path as the client wrote it, which may be another spelling of the route's.
    let asked = request.extensions().get::<OriginalUri>();
    let path = asked.map_or(request.uri(), |OriginalUri(uri)| uri).path().to_owned();
    request.extensions_mut().insert(trace.clone());
    let mut response = next.run(request).instrument(span).await;
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => with_document(&response, problem, &path, &trace),
        None => response,
    }
}

fn with_document(bare: &Response, problem: Problem, path: &str, trace: &TraceParent) -> Response {
    let document = Json(problem.into_body(path, trace.trace_id()));
    let mut response = (bare.status(), bare.headers().clone(), document).into_response();
    let json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// The answer if a handler panicked.
pub(crate) fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let cause = cause
        .downcast::<String>()
        .or_else(|other| other.downcast::<&str>().map(|words| Box::new((*words).to_owned())));
    let cause = cause.map_or_else(|_unknown| "unknown".to_owned(), |words| *words);
    tracing::error!(cause, "a handler panicked");
    Problem::internal().into_response()
}

/// The answer if no route has this path.
pub(crate) async fn no_such_path() -> Problem {
    Problem::not_found("Not found").detail("there is nothing at this path; see /docs")
}

/// The answer if the route has only other methods; axum adds the header `Allow`.
pub(crate) async fn no_such_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
        .detail("the header Allow has the methods of this path")
}

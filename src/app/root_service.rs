//! The service behind the address, from the first moment on. Until the books are open, health probes
//! are told what it waits for and all other requests get a 503; then the routes answer.

use std::sync::{Arc, OnceLock, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tower::ServiceExt;

use crate::api::with_cors;
use crate::console;
use crate::web;

/// The paths of health probes and of the metrics.
const PROBES: [&str; 4] = ["/health/live", "/health/ready", "/api/health", "/metrics"];

/// Answers every request. Clones share its state.
#[derive(Clone, Debug)]
pub(super) struct RootService {
    /// The routes, once the books are open.
    routes: Arc<OnceLock<Router>>,
    /// Answers until then.
    not_ready: Router,
    /// Answers on connections beyond the limit.
    too_many: Router,
    waiting_for: Arc<RwLock<String>>,
}

impl RootService {
    /// Pages from these origins can read why they have to wait.
    pub(super) fn new(cors_origins: &[String]) -> Self {
        let waiting_for = Arc::new(RwLock::new("starting".to_owned()));
        let reason = waiting_for.clone();
        let not_ready = Router::new().fallback(async move |request: Request| {
            let reason = reason.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            not_ready_yet(&request, &reason)
        });
        let too_many = Router::new().fallback(async |request: Request| {
            let detail = "as many connections are open as may be";
            unavailable("Too many connections", detail, path_asked_for(&request))
        });
        let with_cors = |router| with_cors(router, cors_origins.to_vec());
        let (not_ready, too_many) = (with_cors(not_ready), with_cors(too_many));
        Self { routes: Arc::default(), not_ready, too_many, waiting_for }
    }

    /// Sets why the service isn't ready yet.
    pub(super) fn wait_for(&self, reason: &str) {
        let mut waiting_for =
            self.waiting_for.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        reason.clone_into(&mut waiting_for);
    }

    /// Has these routes answer from now on. Only the first call counts.
    pub(super) fn open(&self, routes: Router) {
        drop(self.routes.set(routes));
    }

    /// The response to a request.
    pub(super) async fn respond(&self, mut request: Request) -> Response {
        if let Some(uri) = web::canonical_uri(request.uri()) {
            // Responses name the path as the client wrote it.
            let asked = std::mem::replace(request.uri_mut(), uri);
            request.extensions_mut().insert(OriginalUri(asked));
        }
        let router = self.routes.get().unwrap_or(&self.not_ready);
        answer(router, request).await
    }

    /// The response to a request on a connection beyond the limit: only probes are answered.
    pub(super) async fn respond_to_probes(&self, request: Request) -> Response {
        let canonical = web::canonical_uri(request.uri());
        let path = canonical.as_ref().unwrap_or(request.uri()).path();
        if PROBES.contains(&path) {
            self.respond(request).await
        } else {
            answer(&self.too_many, request).await
        }
    }
}

/// What the router answers. Everything below `/console`, errors included, has the headers of the console.
async fn answer(router: &Router, request: Request) -> Response {
    let is_console = console::is_ours(request.uri().path());
    let answer = router.clone().oneshot(request).await.into_response();
    if is_console { console::under_policy(answer) } else { answer }
}

fn not_ready_yet(request: &Request, reason: &str) -> Response {
    let (status, body) = match request.uri().path() {
        "/health/live" => (StatusCode::OK, json!({"status": "live"})),
        "/health/ready" => {
            (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "unavailable", "reason": reason}))
        }
        _other => {
            return unavailable("The database is unavailable", reason, path_asked_for(request));
        }
    };
    let headers = [(CONTENT_TYPE, "application/json"), (RETRY_AFTER, "1")];
    (status, headers, Body::from(body.to_string())).into_response()
}

/// The path as the client wrote it.
fn path_asked_for(request: &Request) -> &str {
    let asked = request.extensions().get::<OriginalUri>();
    asked.map_or(request.uri(), |OriginalUri(uri)| uri).path()
}

/// A 503 in the form that the routes would give it.
fn unavailable(error: &str, detail: &str, path: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": detail,
        "instance": path,
        "error": error,
        "traceId": crate::trace::TraceParent::fresh().trace_id(),
    });
    let headers = [(CONTENT_TYPE, "application/problem+json"), (RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Body::from(body.to_string())).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};

    use super::*;

    const CLIENT: &str = "http://localhost:3000";

    #[tokio::test]
    async fn a_page_can_read_why_it_has_to_wait() {
        let service = RootService::new(&[CLIENT.to_owned()]);
        service.wait_for("the database is out of reach");
        let request = Request::post("/api/orders/create").header(ORIGIN, CLIENT);
        let request = request.body(Body::empty()).expect("a request");
        let answer = service.respond(request).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(allowed.map(|origin| origin.as_bytes()), Some(CLIENT.as_bytes()));
    }
}

//! What answers while the books can't be opened yet: probes tell why, everything else is asked to
//! come again. The service then stands behind the same address.

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
use crate::web;

/// What whoever watches over this process asks.
const PROBES: [&str; 4] = ["/health/live", "/health/ready", "/api/health", "/metrics"];

/// The address's front. Clones share what is behind it.
#[derive(Clone, Debug)]
pub(super) struct Front {
    behind: Arc<OnceLock<Router>>,
    /// What answers as long as nothing is behind.
    closed: Router,
    /// What answers on a connection too many.
    full: Router,
    waits_for: Arc<RwLock<String>>,
}

impl Front {
    /// A page of one of these origins can read why it has to wait.
    pub(super) fn new(cors_origins: &[String]) -> Self {
        let waits_for = Arc::new(RwLock::new("starting".to_owned()));
        let reason = waits_for.clone();
        let closed = Router::new().fallback(async move |request: Request| {
            let reason = reason.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            not_yet(&request, &reason)
        });
        let full = Router::new().fallback(async |request: Request| {
            let detail = "as many connections are open as may be";
            unavailable("Too many connections", detail, asked(&request))
        });
        let with_cors = |router| with_cors(router, cors_origins.to_vec());
        let (closed, full) = (with_cors(closed), with_cors(full));
        Self { behind: Arc::default(), closed, full, waits_for }
    }

    /// Says why the service isn't there yet.
    pub(super) fn waits_for(&self, reason: &str) {
        let mut waits_for =
            self.waits_for.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        reason.clone_into(&mut waits_for);
    }

    /// Opens. Only the first one counts.
    pub(super) fn open(&self, router: Router) {
        drop(self.behind.set(router));
    }

    /// The answer to a request.
    pub(super) async fn answer(&self, mut request: Request) -> Response {
        if let Some(uri) = web::canonical_uri(request.uri()) {
            // For those who say what was asked for.
            let asked = std::mem::replace(request.uri_mut(), uri);
            request.extensions_mut().insert(OriginalUri(asked));
        }
        let router = self.behind.get().unwrap_or(&self.closed);
        router.clone().oneshot(request).await.into_response()
    }

    /// The answer to a request on a connection too many: only probes come through.
    pub(super) async fn answer_probes(&self, request: Request) -> Response {
        let canonical = web::canonical_uri(request.uri());
        let path = canonical.as_ref().unwrap_or(request.uri()).path();
        if PROBES.contains(&path) {
            self.answer(request).await
        } else {
            self.full.clone().oneshot(request).await.into_response()
        }
    }
}

fn not_yet(request: &Request, reason: &str) -> Response {
    let (status, body) = match request.uri().path() {
        "/health/live" => (StatusCode::OK, json!({"status": "live"})),
        "/health/ready" => {
            (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "unavailable", "reason": reason}))
        }
        _other => return unavailable("The database is unavailable", reason, asked(request)),
    };
    let headers = [(CONTENT_TYPE, "application/json"), (RETRY_AFTER, "1")];
    (status, headers, Body::from(body.to_string())).into_response()
}

/// The path as the client has it.
fn asked(request: &Request) -> &str {
    let asked = request.extensions().get::<OriginalUri>();
    asked.map_or(request.uri(), |OriginalUri(uri)| uri).path()
}

/// A 503 as the routes have it, where there are none.
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
        let front = Front::new(&[CLIENT.to_owned()]);
        front.waits_for("the database is out of reach");
        let request = Request::post("/api/orders/create").header(ORIGIN, CLIENT);
        let request = request.body(Body::empty()).expect("a request");
        let answer = front.answer(request).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(allowed.map(|origin| origin.as_bytes()), Some(CLIENT.as_bytes()));
    }
}

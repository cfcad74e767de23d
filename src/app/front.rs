//! What answers while the books can't be opened yet: probes tell why, everything else is asked to
//! come again. The service then stands behind the same address.

use std::sync::{Arc, OnceLock, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tower::ServiceExt;

use crate::api::with_cors;
use crate::web;

/// The address's front. Clones share what is behind it.
#[derive(Clone, Debug)]
pub(super) struct Front {
    behind: Arc<OnceLock<Router>>,
    /// What answers as long as nothing is behind.
    closed: Router,
    waits_for: Arc<RwLock<String>>,
}

impl Front {
    /// A page of one of these origins can read why it has to wait.
    pub(super) fn new(cors_origins: &[String]) -> Self {
        let waits_for = Arc::new(RwLock::new("starting".to_owned()));
        let reason = waits_for.clone();
        let closed = Router::new().fallback(async move |request: Request| {
            let reason = reason.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            not_yet(request.uri().path(), &reason)
        });
        Self { behind: Arc::default(), closed: with_cors(closed, cors_origins.to_vec()), waits_for }
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

    pub(super) fn router(self) -> Router {
        Router::new().fallback(move |request: Request| {
            let front = self.clone();
            async move { front.answer(request).await }
        })
    }

    async fn answer(&self, mut request: Request) -> Response {
        if let Some(uri) = web::canonical_uri(request.uri()) {
            *request.uri_mut() = uri;
        }
        let router = self.behind.get().unwrap_or(&self.closed);
        router.clone().oneshot(request).await.into_response()
    }
}

fn not_yet(path: &str, reason: &str) -> Response {
    let (status, kind, body) = match path {
        "/health/live" => (StatusCode::OK, "application/json", json!({"status": "live"})),
        "/health/ready" => (
            StatusCode::SERVICE_UNAVAILABLE,
            "application/json",
            json!({"status": "unavailable", "reason": reason}),
        ),
        _other => (
            StatusCode::SERVICE_UNAVAILABLE,
            "application/problem+json",
            json!({
                "type": "about:blank",
                "title": "Service Unavailable",
                "status": 503,
                "detail": reason,
                "instance": path,
                "error": "The database is unavailable",
                "traceId": crate::trace::TraceParent::fresh().trace_id(),
            }),
        ),
    };
    let headers = [(CONTENT_TYPE, kind), (RETRY_AFTER, "1")];
    (status, headers, Body::from(body.to_string())).into_response()
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
        let answer = front.router().oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(allowed.map(|origin| origin.as_bytes()), Some(CLIENT.as_bytes()));
    }
}

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

use crate::web;

/// The address's front. Clones share what is behind it.
#[derive(Clone, Debug)]
pub(super) struct Front {
    behind: Arc<OnceLock<Router>>,
    waits_for: Arc<RwLock<String>>,
}

impl Front {
    pub(super) fn new() -> Self {
        let waits_for = Arc::new(RwLock::new("starting".to_owned()));
        Self { behind: Arc::default(), waits_for }
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
        match self.behind.get() {
            Some(router) => router.clone().oneshot(request).await.into_response(),
            None => self.not_yet(request.uri().path()),
        }
    }

    fn not_yet(&self, path: &str) -> Response {
        let reason =
            self.waits_for.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
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
}

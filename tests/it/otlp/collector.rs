//! A collector that remembers what it is sent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::Notify;

#[derive(Default)]
struct Shared {
    is_willing: AtomicBool,
    exports: Mutex<Vec<ExportMetricsServiceRequest>>,
    more: Notify,
}

/// It listens until its test ends.
pub struct Collector {
    url: String,
    shared: Arc<Shared>,
}

impl Collector {
    /// One that takes everything.
    pub async fn willing() -> Self {
        let collector = Self::unwilling().await;
        collector.be_willing();
        collector
    }

    /// One that answers 503.
    pub async fn unwilling() -> Self {
        let shared = Arc::new(Shared::default());
        let routes = Router::new().route("/v1/metrics", post(take)).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, shared }
    }

    pub fn be_willing(&self) {
        self.shared.is_willing.store(true, Ordering::SeqCst);
    }

    /// The variable that names it.
    pub fn endpoint(&self) -> (&'static str, &str) {
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &self.url)
    }

    /// What was sent so far, taken or not.
    pub fn exports(&self) -> Vec<ExportMetricsServiceRequest> {
        self.shared.exports.lock().expect("no panic").clone()
    }

    /// Returns when this holds of what was sent.
    pub async fn until(&self, holds: impl Fn(&[ExportMetricsServiceRequest]) -> bool) {
        loop {
            let more = self.shared.more.notified();
            if holds(&self.exports()) {
                return;
            }
            more.await;
        }
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let export = ExportMetricsServiceRequest::decode(body).expect("an export");
    shared.exports.lock().expect("no panic").push(export);
    shared.more.notify_one();
    if shared.is_willing.load(Ordering::SeqCst) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

//! Exports the process's metrics over OTLP, for those who don't fetch `/metrics`.
//!
//! On a thread of its own with a blocking client, so that a slow collector delays nobody and a busy runtime
//! doesn't delay the export. Nothing is kept for later: sums are cumulative, so the next export says all that one
//! which failed would have said.

use std::env;
use std::io::Read as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use chrono::{DateTime, Utc};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::resource::v1::Resource as Described;
use prost::Message as _;
use reqwest::blocking::{Client, Response};
use reqwest::header::CONTENT_TYPE;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::collector::Collector;
use super::otlp::{Span, request};

/// How much of a collector's answer is read, in bytes.
const ANSWER: u64 = 64 * 1024;

/// The page of metrics at a time.
#[derive(Debug)]
pub struct Reading {
    /// As `/metrics` shows it.
    pub page: String,
    /// By the machine's clock.
    pub at: DateTime<Utc>,
}

/// Exports until it is stopped or dropped.
#[derive(Debug)]
pub struct MetricsExport {
    stop: Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl MetricsExport {
    /// Exports what `read` gives, in the name of this `instance`, which no other process has. `None` where the
    /// environment names no collector, or one that can't be used, which is logged.
    pub fn start(instance: String, read: impl Fn() -> Reading + Send + 'static) -> Option<Self> {
        let collector = match Collector::named_by(|name| env::var(name).ok()) {
            Ok(collector) => collector?,
            Err(error) => return not_exported(&error),
        };
        let ((stop, asked), (ended, stopped)) = (channel(), oneshot::channel());
        let began = nanos(read().at);
        let resource = Described::from(&super::resource::of_instance(instance));
        let export = Export { collector, resource, began, read, fails: false };
        let work = move || {
            export.run(&asked);
            // Nobody may be waiting.
            ended.send(()).ok();
        };
        match thread::Builder::new().name("metrics".to_owned()).spawn(work) {
            Ok(_runs_until_told) => Some(Self { stop, stopped }),
            Err(error) => not_exported(&error.to_string()),
        }
    }

    /// Exports once more, and returns when that has succeeded or failed. Whoever doesn't wait for it loses only
    /// that.
    pub async fn stop(self) {
        self.stop.send(()).ok();
        self.stopped.await.ok();
    }
}

fn not_exported(error: &str) -> Option<MetricsExport> {
    warn!(error, "metrics can't be exported; the service runs without");
    None
}

/// What the thread works with.
struct Export<R> {
    collector: Collector,
    resource: Described,
    /// Since when the process counts, in nanoseconds since 1970.
    began: u64,
    read: R,
    /// Whether the last export failed, which has been logged.
    fails: bool,
}

impl<R: Fn() -> Reading> Export<R> {
    fn run(mut self, stop: &Receiver<()>) {
        let headers = self.collector.headers.clone();
        let client = Client::builder().timeout(self.collector.timeout).default_headers(headers);
        let client = match client.build() {
            Ok(client) => client,
            Err(error) => return drop(not_exported(&error.to_string())),
        };
        loop {
            let is_last =
                stop.recv_timeout(self.collector.interval) != Err(RecvTimeoutError::Timeout);
            let sent = self.send(&client);
            match (&sent, self.fails) {
                (Ok(()), false) | (Err(_), true) => {}
                (Ok(()), true) => info!("metrics are exported again"),
                (Err(error), false) => {
                    warn!(error, "metrics can't be exported; this is tried again and again");
                }
            }
            self.fails = sent.is_err();
            if is_last {
                return;
            }
        }
    }

    fn send(&self, client: &Client) -> Result<(), String> {
        let Reading { page, at } = (self.read)();
        let span = Span { began: self.began, read: nanos(at).max(self.began) };
        let body = request(&page, span, &self.resource).encode_to_vec();
        let post = client.post(self.collector.url.clone());
        let post = post.header(CONTENT_TYPE, "application/x-protobuf").body(body);
        // A URL may have a password.
        let answer = post.send().and_then(Response::error_for_status);
        let answer = answer.map_err(|error| chain(&error.without_url()))?;
        let mut told = Vec::new();
        answer.take(ANSWER).read_to_end(&mut told).map_err(|error| error.to_string())?;
        // A collector that says more than it should has taken the metrics all the same.
        let told = ExportMetricsServiceResponse::decode(&*told).unwrap_or_default();
        match told.partial_success.filter(|partial| partial.rejected_data_points > 0) {
            None => Ok(()),
            Some(partial) => Err(format!(
                "{} were rejected: {}",
                partial.rejected_data_points, partial.error_message
            )),
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

fn nanos(at: DateTime<Utc>) -> u64 {
    at.timestamp_nanos_opt().and_then(|nanos| u64::try_from(nanos).ok()).unwrap_or_default()
}

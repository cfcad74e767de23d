//! Metrics over OTLP: a collector gets what `/metrics` shows, and one that is slow, gone or unwilling holds up
//! nothing.

mod collector;
mod numbers;

use std::time::Duration;

use order_service::clock::Clock;
use tokio::net::TcpListener;

use collector::Collector;
use numbers::{exported, shown};

use crate::harness::Served;

/// A test that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(2);

async fn patiently<T>(test: impl Future<Output = T>) -> T {
    Clock::system().within(PATIENCE, Box::pin(test)).await.expect("the test hangs")
}

#[tokio::test]
async fn a_collector_gets_every_number_of_the_page() {
    let collector = Collector::willing().await;
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "20");
    let served = Served::start(&[collector.endpoint(), often]).await;
    patiently(async {
        served.create().await;
        loop {
            let before = served.metrics().await;
            // The first of these may have been read before the page was.
            let seen = collector.exports().len();
            collector.until(|exports| exports.len() >= seen + 2).await;
            let after = served.metrics().await;
            // Something may have happened in between.
            if before == after {
                let exports = collector.exports();
                assert_eq!(exported(&exports[seen + 1]), shown(&before));
                break;
            }
        }
    })
    .await;
    let (export, page) = (collector.exports().remove(0), served.metrics().await);
    assert!(page.contains("order_service_creates_total{code=\"2xx\"} 1\n"), "{page}");
    numbers::is_cumulative(&export);
    assert_eq!(numbers::attribute(&export, "service.name"), "order-service");
    assert!(!numbers::attribute(&export, "service.instance.id").is_empty());
    served.terminate().await;
}

#[tokio::test]
async fn the_last_counts_are_exported_when_the_process_ends() {
    let collector = Collector::willing().await;
    let hourly = ("OTEL_METRIC_EXPORT_INTERVAL", "3600000");
    let served = Served::start(&[collector.endpoint(), hourly]).await;
    patiently(served.create()).await;
    let page = patiently(served.metrics()).await;
    assert_eq!(collector.exports().len(), 0);
    served.terminate().await;
    let exports = collector.exports();
    assert_eq!(exports.len(), 1);
    let (last, shown) = (exported(&exports[0]), shown(&page));
    // What it holds at the moment may have changed while it stopped.
    let counted =
        shown.iter().filter(|(name, _)| name.contains("_total") || name.contains("_bucket"));
    for (name, value) in counted {
        assert_eq!(last.get(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn one_line_says_that_exports_fail_and_one_that_they_succeed_again() {
    let collector = Collector::unwilling().await;
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "1");
    let served = Served::start(&[collector.endpoint(), often]).await;
    patiently(async {
        collector.until(|exports| exports.len() >= 20).await;
        collector.be_willing();
        served.line(|line| line["message"] == "metrics are exported again").await;
    })
    .await;
    served.create().await;
    let log = served.terminate().await;
    assert_eq!(log.matches("metrics can't be exported").count(), 1, "{log}");
    assert!(log.contains("503"), "{log}");
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_up_nothing() {
    // Connections are made, and that is all.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let settings = [
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*endpoint),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
        // Longer than the process may take to end.
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
    ];
    let served = Served::start(&settings).await;
    let _asked = patiently(silent.accept()).await.expect("an export");
    patiently(served.create()).await;
    // Long before the collector's time is over.
    served.terminate().await;
}

#[tokio::test]
async fn a_bad_endpoint_is_a_line_in_the_log() {
    let served = Served::start(&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "localhost:4318")]).await;
    patiently(served.create()).await;
    let log = served.terminate().await;
    assert!(log.contains("metrics can't be exported; the service runs without"), "{log}");
}

//! Where metrics are exported to, and how often, by OpenTelemetry's own environment variables.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// A collector that takes metrics over OTLP/HTTP.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Collector {
    pub(super) url: Url,
    /// Sent with each request, such as an authorization.
    pub(super) headers: HeaderMap,
    /// How long one export may take.
    pub(super) timeout: Duration,
    /// How long after one export the next begins.
    pub(super) interval: Duration,
}

/// Specified by OpenTelemetry.
const TIMEOUT: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_mins(1);

impl Collector {
    /// The collector that these variables name, or `None` where they name none.
    ///
    /// # Errors
    /// What is wrong with a variable.
    pub(super) fn named_by(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        if variable("OTEL_METRICS_EXPORTER").is_some_and(|exporter| exporter.trim() == "none") {
            return Ok(None);
        }
        // The variables of metrics outrank those of everything.
        let of_metrics = |word: &str| variable(&format!("OTEL_EXPORTER_OTLP_METRICS_{word}"));
        let of_all = |word: &str| variable(&format!("OTEL_EXPORTER_OTLP_{word}"));
        let url = match (of_metrics("ENDPOINT"), of_all("ENDPOINT")) {
            (Some(url), _) => url,
            (None, Some(base)) => format!("{}/v1/metrics", base.trim().trim_end_matches('/')),
            (None, None) => return Ok(None),
        };
        let url: Url = url.trim().parse().map_err(|error| format!("the endpoint: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the endpoint: write a URL such as http://127.0.0.1:4318".to_owned());
        }
        let headers = of_metrics("HEADERS").or_else(|| of_all("HEADERS"));
        let timeout = of_metrics("TIMEOUT").or_else(|| of_all("TIMEOUT"));
        let interval = variable("OTEL_METRIC_EXPORT_INTERVAL");
        Ok(Some(Self {
            url,
            headers: headers_of(headers.as_deref().unwrap_or_default())
                .ok_or("the headers: write name=value,name=value")?,
            timeout: millis(timeout, TIMEOUT).ok_or("the timeout: write milliseconds")?,
            interval: millis(interval, INTERVAL).ok_or("the interval: write milliseconds")?,
        }))
    }
}

/// As many milliseconds as are said, or this many where nothing is said; `None` where that is no number above 0.
fn millis(said: Option<String>, otherwise: Duration) -> Option<Duration> {
    let Some(said) = said else { return Some(otherwise) };
    said.trim().parse().ok().filter(|millis| *millis > 0).map(Duration::from_millis)
}

/// `name=value,name=value`, the values as in a URL.
fn headers_of(list: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for header in list.split(',').map(str::trim).filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        headers.insert(name.trim().parse::<HeaderName>().ok()?, value);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_by(variables: &[(&str, &str)]) -> Result<Option<Collector>, String> {
        Collector::named_by(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn collector(variables: &[(&str, &str)]) -> Collector {
        named_by(variables).expect("good variables").expect("a collector")
    }

    #[test]
    fn nothing_is_exported_unless_somebody_asks() {
        assert_eq!(named_by(&[]), Ok(None));
        assert_eq!(named_by(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(None));
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:4318/v1/traces");
        assert_eq!(named_by(&[traces]), Ok(None));
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert_eq!(named_by(&[all, ("OTEL_METRICS_EXPORTER", "none")]), Ok(None));
    }

    #[test]
    fn the_variables_of_metrics_outrank_those_of_everything() {
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/");
        let of_all = collector(&[all]);
        assert_eq!(of_all.url.as_str(), "http://127.0.0.1:4318/v1/metrics");
        assert_eq!((of_all.timeout, of_all.interval), (TIMEOUT, INTERVAL));
        let of_metrics = collector(&[
            all,
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://metrics.test/here"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "7"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "8"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "authorization=Basic%20eA==, b = 2"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "9"),
        ]);
        assert_eq!(of_metrics.url.as_str(), "https://metrics.test/here");
        assert_eq!(of_metrics.timeout, Duration::from_millis(8));
        assert_eq!(of_metrics.interval, Duration::from_millis(9));
        let sent = ["authorization", "b", "a"].map(|name| of_metrics.headers.get(name));
        let sent = sent.map(|value| value.and_then(|value| value.to_str().ok()));
        assert_eq!(sent, [Some("Basic eA=="), Some("2"), None]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        for (name, value, about) in [
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "localhost:4318", "endpoint"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization", "headers"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "timeout"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "0", "interval"),
        ] {
            let fault = named_by(&[all, (name, value)]).expect_err(name);
            assert!(fault.contains(about), "{fault}");
        }
    }
}

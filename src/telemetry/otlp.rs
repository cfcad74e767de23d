//! Metrics as OTLP has them: cumulative sums, gauges and histograms with their buckets.
//!
//! Names follow OpenTelemetry's rules for metrics that come from Prometheus: without the suffixes `_total` and
//! that of the unit, which Prometheus appends when it takes in OTLP. So rules and dashboards find the names that
//! they know, however the metrics got there.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValueOf;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::openmetrics::{Family, Sample, families};

const CUMULATIVE: i32 = AggregationTemporality::Cumulative as i32;

/// Since when the process counts, and when it was read. Nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) began: u64,
    pub(super) read: u64,
}

/// The request that exports a page of this process, which is described by `resource`.
pub(super) fn request(page: &str, span: Span, resource: &Resource) -> ExportMetricsServiceRequest {
    let metrics = families(page).iter().filter_map(|family| metric(family, span)).collect();
    let scope = InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let scope_metrics = ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() };
    let of_process = ResourceMetrics {
        resource: Some(resource.clone()),
        scope_metrics: vec![scope_metrics],
        ..ResourceMetrics::default()
    };
    ExportMetricsServiceRequest { resource_metrics: vec![of_process] }
}

fn metric(family: &Family<'_>, span: Span) -> Option<Metric> {
    let data_points = || family.samples.iter().filter_map(|sample| number(sample, span)).collect();
    let data = match family.kind {
        "counter" => Data::Sum(Sum {
            data_points: data_points(),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: true,
        }),
        "gauge" => Data::Gauge(Gauge { data_points: data_points() }),
        "histogram" => Data::Histogram(Histogram {
            data_points: histograms(&family.samples, span),
            aggregation_temporality: CUMULATIVE,
        }),
        _other => return None,
    };
    let without_unit =
        family.name.strip_suffix(family.unit).and_then(|name| name.strip_suffix('_'));
    Some(Metric {
        name: without_unit.unwrap_or(family.name).to_owned(),
        description: family.help.to_owned(),
        // As UCUM abbreviates it.
        unit: if family.unit == "seconds" { "s" } else { family.unit }.to_owned(),
        data: Some(data),
        ..Metric::default()
    })
}

fn number(sample: &Sample<'_>, span: Span) -> Option<NumberDataPoint> {
    let whole = sample.value.parse().map(Value::AsInt);
    let value = whole.or_else(|_| sample.value.parse().map(Value::AsDouble)).ok()?;
    Some(NumberDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: span.began,
        time_unix_nano: span.read,
        value: Some(value),
        ..NumberDataPoint::default()
    })
}

/// The samples of a histogram come as a sum, a count and the buckets, for one set of labels after the other. A
/// bucket of the page counts what is in those before it, too; one of OTLP does not.
fn histograms(samples: &[Sample<'_>], span: Span) -> Vec<HistogramDataPoint> {
    let mut points: Vec<HistogramDataPoint> = Vec::new();
    let mut before = 0;
    for sample in samples {
        match (sample.suffix, points.last_mut()) {
            ("_sum", _) => {
                before = 0;
                points.push(HistogramDataPoint {
                    attributes: attributes(&sample.labels),
                    start_time_unix_nano: span.began,
                    time_unix_nano: span.read,
                    sum: sample.value.parse().ok(),
                    ..HistogramDataPoint::default()
                });
            }
            ("_count", Some(point)) => point.count = sample.value.parse().unwrap_or_default(),
            ("_bucket", Some(point)) => {
                let until: u64 = sample.value.parse().unwrap_or(before);
                point.bucket_counts.push(until.saturating_sub(before));
                before = until;
                let bound = sample.labels.iter().find(|(key, _)| *key == "le");
                let bound = bound.and_then(|(_, bound)| bound.parse().ok());
                // The last bucket has no bound.
                point.explicit_bounds.extend(bound.filter(|bound: &f64| bound.is_finite()));
            }
            _ => {}
        }
    }
    points
}

fn attributes(labels: &[(&str, String)]) -> Vec<KeyValue> {
    let of_label = |(key, value): &(&str, String)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue { value: Some(AnyValueOf::StringValue(value.clone())) }),
        ..KeyValue::default()
    };
    labels.iter().map(of_label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Span = Span { began: 1, read: 2 };

    fn only(page: &str) -> Metric {
        let request = request(page, SPAN, &Resource::default());
        let mut of_process = request.resource_metrics.into_iter().flat_map(|all| all.scope_metrics);
        let metrics = of_process.next().expect("one scope").metrics;
        <[Metric; 1]>::try_from(metrics).expect("one metric").into_iter().next().expect("it")
    }

    #[test]
    fn a_histogram_has_what_lies_between_its_bounds() {
        let metric = only(
            "# HELP order_service_step_duration_seconds One attempt.\n\
             # TYPE order_service_step_duration_seconds histogram\n\
             # UNIT order_service_step_duration_seconds seconds\n\
             order_service_step_duration_seconds_sum{step=\"a\"} 7.5\n\
             order_service_step_duration_seconds_count{step=\"a\"} 6\n\
             order_service_step_duration_seconds_bucket{le=\"0.5\",step=\"a\"} 2\n\
             order_service_step_duration_seconds_bucket{le=\"1.0\",step=\"a\"} 5\n\
             order_service_step_duration_seconds_bucket{le=\"+Inf\",step=\"a\"} 6\n\
             order_service_step_duration_seconds_sum{step=\"b\"} 0.0\n\
             order_service_step_duration_seconds_count{step=\"b\"} 0\n\
             order_service_step_duration_seconds_bucket{le=\"0.5\",step=\"b\"} 0\n\
             order_service_step_duration_seconds_bucket{le=\"1.0\",step=\"b\"} 0\n\
             order_service_step_duration_seconds_bucket{le=\"+Inf\",step=\"b\"} 0\n\
             # EOF\n",
        );
        assert_eq!((&*metric.name, &*metric.unit), ("order_service_step_duration", "s"));
        assert_eq!(metric.description, "One attempt.");
        let Some(Data::Histogram(histogram)) = metric.data else { panic!("{metric:?}") };
        assert_eq!(histogram.aggregation_temporality, CUMULATIVE);
        let [a, b] = &histogram.data_points[..] else { panic!("{histogram:?}") };
        assert_eq!(a.attributes, attributes(&[("step", "a".to_owned())]));
        assert_eq!((a.sum, a.count), (Some(7.5), 6));
        assert_eq!(
            (&a.explicit_bounds[..], &a.bucket_counts[..]),
            (&[0.5, 1.0][..], &[2, 3, 1][..])
        );
        assert_eq!((a.start_time_unix_nano, a.time_unix_nano), (1, 2));
        assert_eq!((b.count, &b.bucket_counts[..]), (0, &[0, 0, 0][..]));
    }

    #[test]
    fn a_name_keeps_a_suffix_that_is_not_its_unit() {
        let metric = only(
            "# HELP order_service_last_timestamp_seconds When.\n\
             # TYPE order_service_last_timestamp_seconds gauge\n\
             order_service_last_timestamp_seconds 1.5\n",
        );
        assert_eq!((&*metric.name, &*metric.unit), ("order_service_last_timestamp_seconds", ""));
        let Some(Data::Gauge(Gauge { data_points })) = metric.data else { panic!("{metric:?}") };
        assert_eq!(data_points[0].value, Some(Value::AsDouble(1.5)));
    }
}

//! Every number of an export, and of a page, under the name that it has on the page.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Text;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};

/// By name and labels. What is said about a metric counts as one of its names.
type Numbers = BTreeMap<String, f64>;

/// Those of the page.
pub fn shown(page: &str) -> Numbers {
    let mut numbers = Numbers::new();
    for line in page.lines().filter(|line| *line != "# EOF") {
        if line.starts_with('#') {
            numbers.insert(line.to_owned(), 0.0);
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        let labels = labels.strip_suffix('}').expect("its end").split(',');
        let labels = labels.filter_map(|label| label.split_once('='));
        let labels =
            labels.map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()));
        numbers.insert(named(name, labels.collect()), value.parse().expect("a number"));
    }
    numbers
}

/// Those of an export.
pub fn exported(export: &ExportMetricsServiceRequest) -> Numbers {
    let mut numbers = Numbers::new();
    for metric in metrics(export) {
        let unit = if metric.unit == "s" { "seconds" } else { &metric.unit };
        let name = match unit {
            "" => metric.name.clone(),
            unit => format!("{}_{unit}", metric.name),
        };
        let kind = match metric.data.as_ref().expect("data") {
            Data::Sum(sum) => {
                add(&mut numbers, &format!("{name}_total"), &sum.data_points, "counter")
            }
            Data::Gauge(gauge) => add(&mut numbers, &name, &gauge.data_points, "gauge"),
            Data::Histogram(histogram) => {
                for point in &histogram.data_points {
                    let labels = labels(&point.attributes);
                    numbers.insert(
                        named(&format!("{name}_count"), labels.clone()),
                        float(point.count),
                    );
                    let sum = point.sum.expect("a sum");
                    numbers.insert(named(&format!("{name}_sum"), labels.clone()), sum);
                    let bounds = point.explicit_bounds.iter().copied().chain([f64::INFINITY]);
                    let mut until = 0;
                    for (bound, count) in bounds.zip(&point.bucket_counts) {
                        until += count;
                        let mut labels = labels.clone();
                        labels.push(("le".to_owned(), bound.to_string()));
                        numbers.insert(named(&format!("{name}_bucket"), labels), float(until));
                    }
                }
                "histogram"
            }
            other => panic!("{other:?}"),
        };
        numbers.insert(format!("# HELP {name} {}", metric.description), 0.0);
        numbers.insert(format!("# TYPE {name} {kind}"), 0.0);
        if !unit.is_empty() {
            numbers.insert(format!("# UNIT {name} {unit}"), 0.0);
        }
    }
    numbers
}

/// Everything that is counted is counted since one time, which is before that of the export.
pub fn is_cumulative(export: &ExportMetricsServiceRequest) {
    for metric in metrics(export) {
        let (temporality, points) = match metric.data.as_ref().expect("data") {
            Data::Sum(sum) => {
                assert!(sum.is_monotonic);
                let times =
                    sum.data_points.iter().map(|at| (at.start_time_unix_nano, at.time_unix_nano));
                (sum.aggregation_temporality, times.collect::<Vec<_>>())
            }
            Data::Histogram(histogram) => {
                let points = &histogram.data_points;
                let times = points.iter().map(|at| (at.start_time_unix_nano, at.time_unix_nano));
                (histogram.aggregation_temporality, times.collect())
            }
            _ => continue,
        };
        assert_eq!(temporality, 2, "{metric:?}");
        assert!(points.iter().all(|(began, at)| *began > 0 && began <= at), "{metric:?}");
    }
}

/// What the process says of itself.
pub fn attribute(export: &ExportMetricsServiceRequest, key: &str) -> String {
    let resource = export.resource_metrics[0].resource.as_ref().expect("a resource");
    let attributes = labels(&resource.attributes);
    attributes.into_iter().find(|(name, _)| name == key).expect("the attribute").1
}

fn metrics(export: &ExportMetricsServiceRequest) -> &[Metric] {
    let [of_process] = &export.resource_metrics[..] else { panic!("{export:?}") };
    let [scope] = &of_process.scope_metrics[..] else { panic!("{export:?}") };
    &scope.metrics
}

fn add(
    numbers: &mut Numbers,
    name: &str,
    points: &[NumberDataPoint],
    kind: &'static str,
) -> &'static str {
    for point in points {
        let value = match point.value.expect("a value") {
            Value::AsInt(whole) => float(whole.try_into().expect("none is negative")),
            Value::AsDouble(value) => value,
        };
        numbers.insert(named(name, labels(&point.attributes)), value);
    }
    kind
}

fn labels(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |attribute: &KeyValue| match &attribute.value.as_ref().expect("a value").value {
        Some(Text::StringValue(text)) => text.clone(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}

/// A bound is written as one number, however it was written.
fn named(name: &str, mut labels: Vec<(String, String)>) -> String {
    labels.sort();
    let labels = labels.iter().map(|(key, value)| match (key.as_str(), value.parse::<f64>()) {
        ("le", Ok(bound)) => format!("le={bound}"),
        _ => format!("{key}={value}"),
    });
    format!("{name} {}", labels.collect::<Vec<_>>().join(","))
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).expect("a test counts little"))
}

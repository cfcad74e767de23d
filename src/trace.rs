//! W3C trace context: one trace for each checkout, from the client's request to every call that is made
//! for it.
//!
//! Headers are read and written by OpenTelemetry's propagator. The saga's row keeps the `traceparent`,
//! so the trace goes on after a restart or on another replica. It does not keep the `tracestate`, which
//! belongs to the vendors of the client's tracing and may be long: neighbours receive it only while the
//! process that accepted the checkout drives it.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::clock::random_bits;

const HEADER: &str = "traceparent";

/// A caller's span, the parent of our own spans. Displays as a `traceparent` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent(SpanContext);

impl TraceParent {
    /// The first span of a new trace.
    pub fn fresh() -> Self {
        let high = u128::from(random_bits()) << 64;
        let trace = TraceId::from(high | u128::from(random_bits() | 1));
        let span = SpanId::from(random_bits() | 1);
        Self(SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default()))
    }

    /// Reads a `traceparent` by itself; `None` if it is not valid.
    pub fn parse(header: &str) -> Option<Self> {
        Self::from_request(&Stored(header))
    }

    /// Reads `traceparent` and `tracestate` from a request's headers; `None` if the first is not valid. An
    /// invalid `tracestate` is ignored.
    pub fn from_request(headers: &dyn Extractor) -> Option<Self> {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), headers);
        let parent = Self(context.span().span_context().clone());
        // The propagator also accepts ids that are too short, which the standard does not allow.
        let ids = format!("-{}-{}-", parent.0.trace_id(), parent.0.span_id());
        let is_whole = headers.get(HEADER)?.trim().get(2..53) == Some(ids.as_str());
        (parent.0.is_valid() && is_whole).then_some(parent)
    }

    /// Writes `traceparent` and, where there is one, `tracestate` to a request's headers.
    pub fn write_to(&self, headers: &mut dyn Injector) {
        let context = Context::new().with_remote_span_context(self.0.clone());
        TraceContextPropagator::new().inject_context(&context, &mut WithoutEmpty(headers));
    }

    /// The same trace, another span.
    #[must_use]
    pub fn child(&self) -> Self {
        let (trace, flags) = (self.0.trace_id(), self.0.trace_flags());
        let span = SpanId::from(random_bits() | 1);
        Self(SpanContext::new(trace, span, flags, true, self.0.trace_state().clone()))
    }

    /// Makes a span and all spans inside it part of this trace. Does nothing if spans are not exported.
    pub fn adopt(&self, span: &tracing::Span) {
        let context = Context::new().with_remote_span_context(self.0.clone());
        // An error only means that the span is not exported.
        let _unexported = span.set_parent(context);
    }

    /// The trace's id as 32 hexadecimal digits, as error bodies show it.
    pub fn trace_id(&self) -> String {
        self.0.trace_id().to_string()
    }
}

impl std::fmt::Display for TraceParent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut header = OnlyParent(String::new());
        self.write_to(&mut header);
        f.write_str(&header.0)
    }
}

/// A `traceparent` as a saga's row keeps it.
struct Stored<'a>(&'a str);

impl Extractor for Stored<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == HEADER).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER]
    }
}

/// Takes the `traceparent` and nothing else.
struct OnlyParent(String);

impl Injector for OnlyParent {
    fn set(&mut self, key: &str, value: String) {
        if key == HEADER {
            self.0 = value;
        }
    }
}

/// Leaves out headers without a value, since the propagator also writes an empty `tracestate`.
struct WithoutEmpty<'a>(&'a mut dyn Injector);

impl Injector for WithoutEmpty<'_> {
    fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.set(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_child_stays_in_its_trace() {
        let parent = TraceParent::parse(EXAMPLE).expect("the recommendation's own example");
        assert_eq!(parent.to_string(), EXAMPLE);
        assert_eq!(parent.child().trace_id(), parent.trace_id());
        assert_ne!(parent.child(), parent);
        assert!(TraceParent::parse(&TraceParent::fresh().to_string()).is_some());
    }

    #[test]
    fn what_is_not_a_traceparent_is_not_taken_for_one() {
        for bad in [
            "",
            "00-1-2-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "zz-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_tracestate_goes_along_where_it_is_valid() {
        let asked = headers(&[("traceparent", EXAMPLE), ("tracestate", "vendor=value,other=1")]);
        let parent = TraceParent::from_request(&asked).expect("a parent");
        let mut sent = HashMap::new();
        parent.child().write_to(&mut sent);
        assert_eq!(sent["tracestate"], "vendor=value,other=1");
        assert_eq!(
            TraceParent::from_request(&sent).map(|sent| sent.trace_id()),
            Some(parent.trace_id())
        );
        for state in ["", "no pair"] {
            let asked = headers(&[("traceparent", EXAMPLE), ("tracestate", state)]);
            let mut sent = HashMap::new();
            TraceParent::from_request(&asked).expect("a parent").write_to(&mut sent);
            assert_eq!(sent, headers(&[("traceparent", EXAMPLE)]), "{state}");
        }
    }
}

//! W3C trace context: one trace per checkout, from the client's request through every call made for
//! it, also after a restart (the saga's row keeps it).

use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::clock::random_bits;

/// A `traceparent` header: `00-TRACE-SPAN-FLAGS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl TraceParent {
    /// A new trace.
    pub fn fresh() -> Self {
        let high = u128::from(random_bits()) << 64;
        Self { trace: high | u128::from(random_bits() | 1), span: random_bits() | 1, sampled: true }
    }

    /// Reads the header; `None` where it is not version 00 as the recommendation has it.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lengths = (version.len(), trace.len(), span.len(), flags.len());
        if version != "00" || lengths != (2, 32, 16, 2) || parts.next().is_some() {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace, span, sampled: flags & 1 == 1 })
    }

    /// The same trace, another span.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span: random_bits() | 1, ..self.clone() }
    }

    /// Has a span, and all in it, exported as part of this trace. Without an exporter, nothing.
    pub fn adopt(&self, span: &tracing::Span) {
        use opentelemetry::trace::{
            SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState,
        };
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let (trace, parent) = (TraceId::from(self.trace), SpanId::from(self.span));
        let remote = SpanContext::new(trace, parent, flags, true, TraceState::default());
        let context = opentelemetry::Context::new().with_remote_span_context(remote);
        // It fails where no exporter looks at the span.
        let _unexported = span.set_parent(context);
    }

    /// The trace's id as 32 hexadecimal digits, as error bodies show it.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl std::fmt::Display for TraceParent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_stays_in_its_trace() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent = TraceParent::parse(header).expect("the recommendation's own example");
        assert_eq!(parent.to_string(), header);
        assert_eq!(parent.child().trace_id(), parent.trace_id());
        assert_ne!(parent.child(), parent);
    }

    #[test]
    fn what_is_not_a_traceparent_is_not_taken_for_one() {
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for bad in
            ["", "00-1-2-01", zero, "zz-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]
        {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }
}

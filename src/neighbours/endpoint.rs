//! Calls to one neighbour: limits how many are made at once, asks the breaker and the caller's lease
//! before each, and reports each. The transport carries the requests.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::breaker::{Breaker, BreakerView};
use super::response::Response;
use super::transport::{Request, Transport, TransportError};
use crate::clock::Clock;
use crate::saga::{Effect, Outcome, Report};
use crate::trace::TraceParent;

/// On whose behalf a call is made.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    /// The saga's trace.
    pub trace: &'a TraceParent,
    /// Asked right before an effect is sent: does the caller still own the saga, and does its lease hold?
    pub may_send: &'a (dyn Fn() -> bool + Sync),
    /// The attempt's number, from 1. From the second on, attempts use up the neighbour's retry budget.
    pub attempt: u32,
}

/// One attempt at a call.
pub(super) struct Attempt {
    /// The report, without the response's body.
    pub(super) report: Report,
    /// The response, if a complete one arrived.
    pub(super) response: Option<Response>,
}

impl Attempt {
    /// The report with the response's body, if that can be kept.
    pub(super) fn into_report(self) -> Report {
        let response = self.response.and_then(|response| response.kept_body());
        Report { response, ..self.report }
    }
}

/// Why there is no response to judge.
struct NoResponse {
    error: TransportError,
    /// How long to wait before the next attempt, if the breaker says so.
    retry_after_ms: Option<u64>,
}

impl NoResponse {
    fn not_sent(message: &str) -> Self {
        let error = TransportError { outcome: Outcome::NotSent, message: message.to_owned() };
        Self { error, retry_after_ms: None }
    }
}

/// One neighbour, as this process calls it.
#[derive(Debug)]
pub struct Endpoint {
    transport: Arc<dyn Transport>,
    permits: Semaphore,
    breaker: Breaker,
    pub(super) clock: Clock,
}

impl Endpoint {
    /// An endpoint with at most `concurrency` calls in flight at once.
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        concurrency: usize,
        breaker: Breaker,
        clock: Clock,
    ) -> Self {
        Self { transport, permits: Semaphore::new(concurrency), breaker, clock }
    }

    /// Makes one attempt and reports it. `judge` says what a complete response means for the step;
    /// if it can't make sense of the response, the outcome is [`Outcome::Unknown`].
    pub async fn call(
        &self,
        context: CallContext<'_>,
        effect: Effect,
        request: Request<'_>,
        judge: impl FnOnce(&Response) -> Result<Outcome, String>,
    ) -> Report {
        self.attempt(context, effect, request, judge).await.into_report()
    }

    /// As [`call`](Self::call), but also returns the response that was judged.
    pub(super) async fn attempt(
        &self,
        context: CallContext<'_>,
        effect: Effect,
        request: Request<'_>,
        judge: impl FnOnce(&Response) -> Result<Outcome, String>,
    ) -> Attempt {
        let _permit = self.permits.acquire().await;
        let (started_at, started) = (self.clock.now(), self.clock.monotonic());
        let sent = self.send_guarded(context, &request).await;
        let took = self.clock.monotonic().saturating_sub(started);
        let (outcome, error, retry_after_ms, response) = match sent {
            Ok(response) => {
                let judged = judge(&response);
                let outcome = *judged.as_ref().unwrap_or(&Outcome::Unknown);
                let retry_after_ms = response.retry_after_ms;
                (outcome, explain(judged, &response), retry_after_ms, Some(response))
            }
            Err(NoResponse { error, retry_after_ms }) => {
                (error.outcome, Some(error.message), retry_after_ms, None)
            }
        };
        let report = Report {
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            status: response.as_ref().map(|response| response.status),
            request: request.body,
            error,
            retry_after_ms,
            ..Report::new(effect, outcome, started_at)
        };
        Attempt { report, response }
    }

    /// Sends the request if the breaker admits it and the caller may still send.
    async fn send_guarded(
        &self,
        context: CallContext<'_>,
        request: &Request<'_>,
    ) -> Result<Response, NoResponse> {
        let admitted = self.breaker.admit(context.attempt).map_err(|rejected| {
            let retry_after_ms = u64::try_from(rejected.retry_in().as_millis()).ok();
            NoResponse { retry_after_ms, ..NoResponse::not_sent(rejected.message()) }
        })?;
        if !(context.may_send)() {
            return Err(NoResponse::not_sent("not sent: no longer ours to send"));
        }
        let sent = self.transport.send(request).await;
        match &sent {
            Ok(response) if response.is_healthy() => admitted.succeeded(),
            Ok(_) | Err(_) => admitted.failed(),
        }
        sent.map_err(|error| NoResponse { error, retry_after_ms: None })
    }

    /// Sends a read that belongs to no saga: it needs no lease, and the breaker neither stops nor
    /// counts it.
    ///
    /// # Errors
    /// Why there is no response, as a sentence.
    pub(super) async fn send_unguarded(&self, request: Request<'_>) -> Result<Response, String> {
        let _permit = self.permits.acquire().await;
        self.transport.send(&request).await.map_err(|error| error.message)
    }

    pub(super) fn breaker(&self) -> BreakerView {
        self.breaker.view()
    }
}

/// The error for the report of a response.
fn explain(judged: Result<Outcome, String>, response: &Response) -> Option<String> {
    let status = response.status;
    match judged {
        Ok(Outcome::Done) => None,
        Ok(Outcome::Refused | Outcome::NotSent | Outcome::Unknown) => {
            Some(response.error().map_or_else(
                || format!("answered {status}"),
                |said| format!("answered {status}: {said}"),
            ))
        }
        Err(unreadable) => Some(format!("answered {status}: {unreadable}")),
    }
}

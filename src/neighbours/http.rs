//! One call to a neighbour: its place among others, its owner's right to make it, and what its
//! answer means. How it gets there is the wire's business.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::wire::{Lost, Parcel, Wire};
use crate::clock::Clock;
use crate::saga::{Outcome, Report, Step};
use crate::trace::TraceParent;

/// The longest answer that is kept in a saga's log, in bytes.
const MAX_KEPT: usize = 4 * 1024;

/// On whose behalf a call is made.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    /// The saga's trace.
    pub trace: &'a TraceParent,
    /// Asked right before an effect is sent: does the caller still own the saga, and is it in time?
    pub may_send: &'a (dyn Fn() -> bool + Sync),
}

/// What is asked of a neighbour.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) key: &'a str,
    pub(super) body: Option<Value>,
    /// No idle connection: a stale one would make doubt where doubt can't be resolved.
    pub(super) fresh_connection: bool,
}

/// A complete answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Body,
    retry_after_ms: Option<u64>,
}

/// An answer's body.
pub(super) enum Body {
    Empty,
    Json(Value),
    /// Of a gateway in between, say: our neighbours speak JSON.
    Other,
}

impl Answer {
    /// A refusal is only believed in the form that the contract gives it: JSON or nothing. A page
    /// of some gateway's says nothing of what the neighbour did.
    pub(super) fn refuses(&self, with: &[u16]) -> bool {
        with.contains(&self.status) && !matches!(self.body, Body::Other)
    }

    /// The body, where it is JSON.
    pub(super) fn json(&self) -> Option<&Value> {
        match &self.body {
            Body::Json(value) => Some(value),
            Body::Empty | Body::Other => None,
        }
    }
}

/// The way to one neighbour.
#[derive(Debug)]
pub struct Http {
    wire: Arc<dyn Wire>,
    places: Semaphore,
    pub(super) clock: Clock,
}

impl Http {
    pub(super) fn new(wire: Arc<dyn Wire>, concurrency: usize, clock: Clock) -> Self {
        Self { wire, places: Semaphore::new(concurrency), clock }
    }

    /// Makes one attempt and reports it. `judge` says what a complete answer means; the step's
    /// refusals are its business, everything else is [`Outcome::Unknown`] here.
    pub(super) async fn call(
        &self,
        errand: Errand<'_>,
        step: Step,
        line: Option<u16>,
        request: Request<'_>,
        judge: impl Fn(&Answer) -> Result<Outcome, String>,
    ) -> (Report, Option<Value>) {
        let sent_body = request.body.clone();
        let _place = self.places.acquire().await;
        let (started_at, started) = (self.clock.now(), self.clock.monotonic());
        let answered = if (errand.may_send)() {
            self.send(errand.trace, request).await
        } else {
            Err(Lost {
                outcome: Outcome::NotSent,
                error: "not sent: no longer ours to send".to_owned(),
            })
        };
        let took = self.clock.monotonic().saturating_sub(started);
        let mut report = Report {
            step,
            line,
            outcome: Outcome::Unknown,
            started_at,
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            status: None,
            request: sent_body,
            response: None,
            error: None,
            retry_after_ms: None,
        };
        match answered {
            Err(none) => {
                report.outcome = none.outcome;
                report.error = Some(none.error);
                (report, None)
            }
            Ok(answer) => {
                let judged = judge(&answer);
                report.status = Some(answer.status);
                report.retry_after_ms = answer.retry_after_ms;
                report.outcome = *judged.as_ref().unwrap_or(&Outcome::Unknown);
                report.error = explain(judged, &answer);
                report.response = answer.json().filter(|body| may_be_kept(body)).cloned();
                let body = match answer.body {
                    Body::Json(body) => Some(body),
                    Body::Empty | Body::Other => None,
                };
                (report, body)
            }
        }
    }

    async fn send(&self, trace: &TraceParent, request: Request<'_>) -> Result<Answer, Lost> {
        let Request { method, path, key, body, fresh_connection } = request;
        let parcel = Parcel { method, path, key, body, trace, fresh_connection };
        let carried = self.wire.carry(parcel).await?;
        let (status, retry_after_ms) = (carried.status, carried.retry_after_ms);
        Ok(Answer { status, body: body_of(&carried.body), retry_after_ms })
    }
}

fn body_of(bytes: &[u8]) -> Body {
    match serde_json::from_slice(bytes) {
        Ok(json) => Body::Json(json),
        Err(_) if bytes.trim_ascii().is_empty() => Body::Empty,
        Err(_) => Body::Other,
    }
}

fn explain(judged: Result<Outcome, String>, answer: &Answer) -> Option<String> {
    let said = answer.json().and_then(|body| crate::json::text(body, "error"));
    let visible = |letter: &char| !letter.is_control();
    let said = said.map(|said| said.chars().filter(visible).take(200).collect::<String>());
    match judged {
        Ok(Outcome::Done) => None,
        Ok(_) => Some(said.map_or_else(
            || format!("answered {}", answer.status),
            |said| format!("answered {}: {said}", answer.status),
        )),
        Err(unreadable) => Some(format!("answered {}: {unreadable}", answer.status)),
    }
}

/// PostgreSQL can't keep a NUL in text, and refuses what has one.
fn may_be_kept(body: &Value) -> bool {
    let text = body.to_string();
    text.len() <= MAX_KEPT && !text.contains("\\u0000")
}

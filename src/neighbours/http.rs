//! One call to a neighbour: its place among others, its owner's right to make it, and what its
//! answer means. How it gets there is the wire's business.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::circuit::{Circuit, CircuitView};
use super::said::Said;
use super::wire::{Carried, Lost, Parcel, Wire};
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
    /// Which attempt, from 1: repeats come out of the neighbour's retry budget.
    pub attempt: u32,
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
    /// As it came, for who must see every digit of it.
    bytes: Vec<u8>,
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

    /// Whatever it says: it is there, and not overloaded.
    fn is_of_one_that_is_well(&self) -> bool {
        self.status < 500 && !matches!(self.status, 408 | 425 | 429)
    }

    /// Its members, where it is a JSON object; or what is wrong with it.
    pub(super) fn said(&self) -> Result<Said, String> {
        Said::read(json_of(&self.bytes))
    }

    /// What it says of itself, where it is an error.
    fn error(&self) -> Option<&str> {
        match &self.body {
            Body::Json(value) => crate::json::text(value, "error"),
            Body::Empty | Body::Other => None,
        }
    }
}

/// What came of one attempt.
pub(super) struct Attempt {
    /// Without what was answered.
    pub(super) report: Report,
    /// That.
    pub(super) answer: Option<Answer>,
}

impl Attempt {
    /// The report with what was answered, if that may be kept.
    pub(super) fn into_report(self) -> Report {
        let answer = self.answer.filter(|answer| may_be_kept(&answer.bytes));
        let response = answer.and_then(|answer| match answer.body {
            Body::Json(body) => Some(body),
            Body::Empty | Body::Other => None,
        });
        Report { response, ..self.report }
    }
}

/// No complete answer, and how many milliseconds to wait before another try is of use.
struct NoAnswer {
    lost: Lost,
    again_in: Option<u64>,
}

impl NoAnswer {
    fn not_sent(error: &str) -> Self {
        let lost = Lost { outcome: Outcome::NotSent, error: error.to_owned() };
        Self { lost, again_in: None }
    }
}

/// The way to one neighbour.
#[derive(Debug)]
pub struct Http {
    wire: Arc<dyn Wire>,
    places: Semaphore,
    circuit: Circuit,
    pub(super) clock: Clock,
}

impl Http {
    pub(super) fn new(
        wire: Arc<dyn Wire>,
        concurrency: usize,
        circuit: Circuit,
        clock: Clock,
    ) -> Self {
        Self { wire, places: Semaphore::new(concurrency), circuit, clock }
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
    ) -> Attempt {
        let _place = self.places.acquire().await;
        let (started_at, started) = (self.clock.now(), self.clock.monotonic());
        let answered = self.guarded(errand, &request).await;
        let took = self.clock.monotonic().saturating_sub(started);
        let mut report = Report {
            step,
            line,
            outcome: Outcome::Unknown,
            started_at,
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            status: None,
            request: request.body,
            response: None,
            error: None,
            retry_after_ms: None,
        };
        match answered {
            Err(NoAnswer { lost, again_in }) => {
                report.outcome = lost.outcome;
                report.error = Some(lost.error);
                report.retry_after_ms = again_in;
                Attempt { report, answer: None }
            }
            Ok(answer) => {
                let judged = judge(&answer);
                report.status = Some(answer.status);
                report.retry_after_ms = answer.retry_after_ms;
                report.outcome = *judged.as_ref().unwrap_or(&Outcome::Unknown);
                report.error = explain(judged, &answer);
                Attempt { report, answer: Some(answer) }
            }
        }
    }

    /// Sends it if the circuit lets it through and the saga is still the caller's.
    async fn guarded(&self, errand: Errand<'_>, request: &Request<'_>) -> Result<Answer, NoAnswer> {
        let permit = self.circuit.permit(errand.attempt).map_err(|not_now| {
            let again_in = u64::try_from(not_now.again_in().as_millis()).ok();
            NoAnswer { again_in, ..NoAnswer::not_sent(not_now.error()) }
        })?;
        if !(errand.may_send)() {
            return Err(NoAnswer::not_sent("not sent: no longer ours to send"));
        }
        let answered = self.send(errand.trace, request).await;
        match &answered {
            Ok(answer) if answer.is_of_one_that_is_well() => permit.answered(),
            Ok(_) | Err(_) => permit.failed(),
        }
        answered.map_err(|lost| NoAnswer { lost, again_in: None })
    }

    /// Reads on nobody's behalf, past the circuit: an answer, or what went wrong.
    pub(super) async fn ask(
        &self,
        trace: &TraceParent,
        request: Request<'_>,
    ) -> Result<Answer, String> {
        let _place = self.places.acquire().await;
        self.send(trace, &request).await.map_err(|lost| lost.error)
    }

    pub(super) fn circuit(&self) -> CircuitView {
        self.circuit.view()
    }

    async fn send(&self, trace: &TraceParent, request: &Request<'_>) -> Result<Answer, Lost> {
        let parcel = Parcel {
            method: request.method.clone(),
            path: &request.path,
            key: request.key,
            body: request.body.as_ref(),
            trace,
            fresh_connection: request.fresh_connection,
        };
        let carried = self.wire.carry(parcel).await?;
        let Carried { status, body: bytes, retry_after_ms } = carried;
        Ok(Answer { status, body: body_of(&bytes), bytes, retry_after_ms })
    }
}

/// What is JSON of a body: .NET and PowerShell may write a byte order mark before it, which says
/// nothing.
fn json_of(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn body_of(bytes: &[u8]) -> Body {
    let json = json_of(bytes);
    match serde_json::from_slice(json) {
        Ok(json) => Body::Json(json),
        Err(_) if json.trim_ascii().is_empty() => Body::Empty,
        Err(_) => Body::Other,
    }
}

fn explain(judged: Result<Outcome, String>, answer: &Answer) -> Option<String> {
    let visible = |letter: &char| !letter.is_control();
    let said =
        answer.error().map(|said| said.chars().filter(visible).take(200).collect::<String>());
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
fn may_be_kept(body: &[u8]) -> bool {
    let nul = b"\\u0000";
    body.len() <= MAX_KEPT && !body.windows(nul.len()).any(|letters| letters == nul)
}

//! Every attempt on a time line, and between them what operators did.

use chrono::{DateTime, TimeDelta, Utc};

use crate::console::piece::{Moment, Said, brief, span, step_name};
use crate::operator::StepView;

/// The width of the line, in its own unit.
const WIDTH: i64 = 1000;
/// The narrowest mark that can be seen.
const NARROWEST: i64 = 8;

/// An entry of the log.
pub(in crate::console) struct Attempt {
    pub(super) seq: i32,
    pub(super) at: Moment,
    /// How long after the entry before.
    pub(super) after: Option<String>,
    pub(super) step: String,
    pub(super) is_operators: bool,
    pub(super) is_back: bool,
    pub(super) outcome: &'static str,
    pub(super) outcome_said: String,
    pub(super) number: i32,
    pub(super) took: Option<String>,
    pub(super) who: String,
    pub(super) key: Option<String>,
    pub(super) error: Option<Said>,
    pub(super) request: Option<Said>,
    pub(super) response: Option<Said>,
    /// Where it begins on the line, and how long it is there.
    pub(super) mark: (i64, i64),
}

/// The log, oldest first.
pub(super) fn timeline(steps: &[StepView], now: DateTime<Utc>) -> Vec<Attempt> {
    let from = steps.iter().map(|step| step.started_at).min();
    let to = steps.iter().map(end).max();
    let all = match (from, to) {
        (Some(from), Some(to)) => Span { from, millis: (to - from).num_milliseconds().max(1) },
        (Some(_), None) | (None, _) => return Vec::new(),
    };
    let mut before: Option<DateTime<Utc>> = None;
    let attempt = |step: &StepView| {
        let since = before.replace(step.started_at).map(|before| step.started_at - before);
        let after = since.filter(|since| *since >= TimeDelta::seconds(1)).map(span);
        attempt(step, after, &all, now)
    };
    steps.iter().map(attempt).collect()
}

fn end(step: &StepView) -> DateTime<Utc> {
    step.started_at + TimeDelta::milliseconds(step.duration_ms.unwrap_or(0).max(0))
}

struct Span {
    from: DateTime<Utc>,
    millis: i64,
}

impl Span {
    fn mark(&self, step: &StepView) -> (i64, i64) {
        let part = |millis: i64| (millis.max(0).saturating_mul(WIDTH)) / self.millis;
        let width = part(step.duration_ms.unwrap_or(0)).clamp(NARROWEST, WIDTH);
        let begins = part((step.started_at - self.from).num_milliseconds());
        (begins.min(WIDTH - width), width)
    }
}

fn attempt(step: &StepView, after: Option<String>, all: &Span, now: DateTime<Utc>) -> Attempt {
    let is_operators = step.phase == "operator";
    let outcome = match step.outcome.as_deref() {
        Some("done") => ("done", "done".to_owned()),
        Some("refused") => ("refused", "refused".to_owned()),
        Some("notSent") => ("failed", "not sent".to_owned()),
        Some("unknown") => ("failed", "no clear answer".to_owned()),
        Some(other) => ("failed", brief(other, 40)),
        None => ("open", String::new()),
    };
    let request = step.request.as_ref().map(|request| match request.get("reason") {
        Some(reason) if is_operators => Said::json(reason),
        Some(_) | None => Said::json(request),
    });
    Attempt {
        seq: step.seq,
        at: Moment::exact(step.started_at, now),
        after,
        step: step_of(step),
        is_operators,
        is_back: step.phase == "compensation",
        outcome: outcome.0,
        outcome_said: outcome.1,
        number: step.attempt,
        took: step.duration_ms.filter(|_| !is_operators).map(took),
        who: brief(&step.executor, 100),
        key: step.idempotency_key.clone(),
        error: step.error.as_deref().map(Said::of),
        request,
        response: step.response.as_ref().map(Said::json),
        mark: all.mark(step),
    }
}

/// The step's name and its line; for what an operator did to the saga as a whole, nothing but that.
fn step_of(step: &StepView) -> String {
    let name = match step.line {
        Some(line) => format!("{} of line {line}", step_name(&step.step)),
        None => step_name(&step.step),
    };
    match step.did {
        Some(did) if step.step == "intervene" => did.to_owned(),
        Some(did) => format!("{name} {did}"),
        None => name,
    }
}

fn took(millis: i64) -> String {
    if millis < 1_000 {
        format!("{millis} ms")
    } else {
        format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
    }
}

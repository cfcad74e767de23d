//! A saga's log as operators read it: one line for each attempt.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::saga::{Event, Phase};
use crate::store::LoggedStep;

/// An entry of a saga's log.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Step)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepView {
    /// Its place in the log.
    pub(crate) seq: i32,
    /// The place of the entry that says what came of it; null while it is open.
    #[schema(required)]
    pub(crate) settled_seq: Option<i32>,
    pub(crate) step: String,
    /// `forward`, `compensation` or `operator`.
    pub(crate) phase: String,
    /// `done`, `refused`, `notSent` or `unknown`; null while an attempt has no outcome yet, and for an
    /// entry that is not an attempt.
    pub(crate) outcome: Option<String>,
    pub(crate) attempt: i32,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) duration_ms: Option<i64>,
    /// The request's body, or an operator's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) request: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) response: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The executor or the operator that wrote it.
    pub(crate) executor: String,
    /// The operator, of an entry of phase `operator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) who: Option<String>,
    /// The operator's reason, of an entry of phase `operator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What the operator did, in words, of an entry of phase `operator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) did: Option<&'static str>,
    /// For the console: the cart's line, if the step has lines.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) line: Option<i32>,
}

/// The log in order. An intent and its outcome are shown as one line, in the intent's place.
pub(super) fn steps(log: Vec<LoggedStep>) -> Vec<StepView> {
    let mut views: Vec<StepView> = Vec::with_capacity(log.len());
    let mut intents: Vec<usize> = Vec::new();
    for entry in log {
        let is_intent = entry.event == Some(Event::Sending);
        let is_outcome = matches!(entry.event, Some(Event::Came(_)));
        let mut view = view(entry);
        view.settled_seq = (!is_intent).then_some(view.seq);
        let intent = intents.iter().position(|at| is_same_attempt(&views[*at], &view));
        if let Some(found) = intent.filter(|_| is_outcome) {
            let intent = &mut views[intents.swap_remove(found)];
            let request = view.request.or(intent.request.take());
            *intent = StepView { seq: intent.seq, request, ..view };
        } else {
            if is_intent {
                intents.push(views.len());
            }
            views.push(view);
        }
    }
    views
}

/// An attempt's key names the saga, the step, the line and the generation.
fn is_same_attempt(intent: &StepView, outcome: &StepView) -> bool {
    intent.step == outcome.step
        && intent.idempotency_key == outcome.idempotency_key
        && intent.attempt == outcome.attempt
}

fn view(entry: LoggedStep) -> StepView {
    let outcome = match entry.event {
        Some(Event::Happened | Event::Found) => Some("done".to_owned()),
        Some(Event::DidNotHappen) => Some("refused".to_owned()),
        Some(
            Event::Came(_)
            | Event::Sending
            | Event::Begun
            | Event::TakenOver(_)
            | Event::Renewed
            | Event::Retried
            | Event::Stopped
            | Event::Held
            | Event::Released,
        )
        | None => entry.outcome,
    };
    let is_operators = entry.phase.parse() == Ok(Phase::Operator);
    let reason = entry.request.as_ref().and_then(|said| said["reason"].as_str().map(str::to_owned));
    StepView {
        seq: entry.seq,
        settled_seq: None,
        step: entry.step,
        phase: entry.phase,
        outcome,
        attempt: entry.attempt,
        idempotency_key: entry.idempotency_key,
        started_at: entry.started_at,
        duration_ms: entry.duration_ms,
        request: entry.request,
        response: entry.response,
        error: entry.error,
        who: is_operators.then(|| entry.executor.clone()),
        reason: reason.filter(|_| is_operators),
        executor: entry.executor,
        line: entry.line,
        did: entry.event.and_then(did),
    }
}

/// What an operator did who left this in the log.
fn did(event: Event) -> Option<&'static str> {
    match event {
        Event::Happened => Some("settled as happened"),
        Event::DidNotHappen => Some("settled as not happened"),
        Event::Renewed => Some("to be done anew"),
        Event::Retried => Some("retried"),
        Event::Stopped => Some("stopped"),
        Event::Held => Some("held"),
        Event::Released => Some("released"),
        Event::Came(_) | Event::Found | Event::Sending | Event::Begun | Event::TakenOver(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::saga::Outcome;

    fn entry(seq: i32, key: &str, attempt: i32, event: Event) -> LoggedStep {
        let is_outcome = matches!(event, Event::Came(_));
        LoggedStep {
            seq,
            step: "reserve_stock".to_owned(),
            line: Some(0),
            phase: "forward".to_owned(),
            event: Some(event),
            outcome: is_outcome.then(|| "unknown".to_owned()),
            attempt,
            idempotency_key: Some(key.to_owned()),
            started_at: DateTime::UNIX_EPOCH,
            duration_ms: is_outcome.then_some(87),
            request: (!is_outcome).then(|| json!({"quantity": 2})),
            response: None,
            error: None,
            executor: "host:1".to_owned(),
        }
    }

    #[test]
    fn an_intent_and_its_outcome_are_one_line() {
        let came = Event::Came(Outcome::Unknown);
        let log = vec![
            entry(1, "a:reserve_stock:0", 1, Event::Sending),
            entry(2, "a:reserve_stock:1", 1, Event::Sending),
            entry(3, "a:reserve_stock:0", 1, came),
            entry(4, "a:reserve_stock:0", 2, came),
        ];
        let views = steps(log);
        let seen = views.iter().map(|view| (view.seq, view.outcome.as_deref(), view.settled_seq));
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [(1, Some("unknown"), Some(3)), (2, None, None), (4, Some("unknown"), Some(4))]
        );
        assert_eq!(views[0].request, Some(json!({"quantity": 2})));
    }
}

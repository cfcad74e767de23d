//! What steps have in common: where a saga stands after a read, and what it means when a neighbour has
//! nothing, answers nonsense, or is not asked at all.

use crate::saga::{Cause, Effect, Instance, Outcome, Report, Stage, Step, Work};

/// How many stages of this saga's table are done once this step has read what it reads.
pub(super) fn done_with(saga: &Instance, read: Step) -> usize {
    let reads = |stage: &Stage| matches!(stage.work, Work::Read { step, .. } if step == read);
    let at = saga.definition.stages.iter().position(reads);
    at.expect("what a table does not read is not read") + 1
}

/// The neighbour says that there is nothing of the sort, which is a refusal.
pub(super) fn missing(effect: Effect, report: Option<&Report>) -> Cause {
    let status = report.and_then(|report| report.status);
    let body = report.and_then(|report| report.response.clone());
    Cause::Refused { step: effect.step.word().into(), line: effect.line, status, body }
}

/// The neighbour's answers can't be used.
pub(super) fn fault(step: Step, detail: String) -> Cause {
    Cause::Fault { step: step.word().into(), detail }
}

/// The report of a step that a table has and the checkout does not: it is tried again, and shown to
/// operators. The tests of this folder find such a step first.
pub(super) fn nothing_to_do(saga: &Instance, effect: Effect) -> Report {
    let error = Some(format!("a checkout does not know how to do {effect}"));
    Report { error, ..Report::new(effect, Outcome::NotSent, saga.updated_at) }
}

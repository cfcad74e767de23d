//! What a report makes of a saga.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

use super::call::Call;
use super::cause::Cause;
use super::effect::Effect;
use super::entry::{Entry, Event};
use super::first_look;
use super::give_up::go_back;
use super::instance::Instance;
use super::machine::in_doubt;
use super::next::Next;
use super::outcome::{Learned, Outcome, Reading, Report};
use super::policy::Policy;
use super::progress::{Direction, Progress};
use super::retry::LONGEST_ASKED;
use super::word::{Phase, Step, StuckKind};

/// Takes in what came of a call. When all of a round are in, [`schedule`] follows.
pub fn record(saga: &mut Instance, call: &Call, report: &Report, executor: &str) {
    if call.is_first_look() {
        return record_first_look(saga, call, report, executor);
    }
    if report.outcome == Outcome::Refused {
        note_refusal(saga, call, report);
        saga.last_error.clone_from(&report.error);
    }
    if !is_worth_an_entry(saga, call, report.outcome) {
        return;
    }
    saga.log(Entry {
        event: Event::Came(report.outcome),
        started_at: report.started_at,
        duration_ms: Some(report.duration_ms),
        request: report.request.clone(),
        response: report.response.clone(),
        error: report.error.clone(),
        ..entry_of(call, report.started_at, executor)
    });
}

fn record_first_look(saga: &mut Instance, call: &Call, report: &Report, executor: &str) {
    saga.log(Entry {
        event: first_look::event_of(report.outcome),
        started_at: report.started_at,
        duration_ms: Some(report.duration_ms),
        request: report.request.clone(),
        response: report.response.clone(),
        error: report.error.clone(),
        ..entry_of(call, report.started_at, executor)
    });
    if report.outcome == Outcome::Refused {
        saga.position.note_missing(call.effect);
    }
}

/// A neighbour that is gone for days must not fill the log: after so many failures in a row, only
/// every second, fourth, eighth... of those that teach nothing is logged. The row counts them all.
const LOGGED_FAILURES: u32 = 16;

fn is_worth_an_entry(saga: &Instance, call: &Call, outcome: Outcome) -> bool {
    let teaches = match outcome {
        Outcome::Done | Outcome::Refused => true,
        Outcome::NotSent => call.intent_first,
        Outcome::Unknown => call.intent_first || !call.unsure_before,
    };
    let failures = saga.attempts.saturating_add(1);
    teaches || failures <= LOGGED_FAILURES || failures.is_power_of_two()
}

/// Logs that a call is about to be made; the entry is to be durable before the call (promise 19).
pub fn intend(saga: &mut Instance, call: &Call, executor: &str, now: DateTime<Utc>) {
    saga.log(entry_of(call, now, executor));
}

/// After failures: how many in a row, since when, and when to try again.
pub fn schedule(
    saga: &mut Instance,
    failed: &[Report],
    policy: &Policy,
    now: DateTime<Utc>,
    chance: f64,
) {
    if failed.is_empty() {
        saga.attempts = 0;
        saga.failing_since = None;
        saga.next_attempt_at = None;
        return;
    }
    saga.attempts = saga.attempts.saturating_add(1);
    saga.failing_since = saga.failing_since.or(Some(now));
    let asked = failed.iter().filter_map(|report| report.retry_after_ms).max().unwrap_or(0);
    let asked = Duration::from_millis(asked).min(LONGEST_ASKED);
    let pause = policy.backoff.pause(saga.attempts, chance).max(asked);
    // Whole microseconds: what both databases keep.
    saga.next_attempt_at = Some((now + pause).trunc_subsecs(6));
    saga.last_error = failed.iter().find_map(|report| report.error.clone());
}

/// The deadline doesn't run while a saga is in doubt: when a look-up has ended it, it starts anew.
pub fn end_doubt(saga: &mut Instance, policy: &Policy, now: DateTime<Utc>) {
    let was = saga.stuck.as_ref().is_some_and(|stuck| stuck.kind == StuckKind::InDoubt);
    if was && !in_doubt(saga, policy, now) {
        saga.stuck = None;
        saga.deadline_at = now + policy.time_for(&saga.terms);
    }
}

/// The cause is the refusal on the way forward whose line is first, whichever was answered first.
fn note_refusal(saga: &mut Instance, call: &Call, report: &Report) {
    let earlier = match &saga.cause {
        None => true,
        Some(Cause::Refused { step, line, .. }) => {
            *step == call.effect.step.word() && call.effect.line < *line
        }
        Some(_decided) => false,
    };
    if earlier && saga.progress.direction() == Direction::Forward {
        saga.cause = Some(Cause::Refused {
            step: call.effect.step.word().into(),
            line: call.effect.line,
            status: report.status,
            body: report.response.clone(),
        });
    }
}

/// Takes in what was read: logs it, and moves to the state that it allows.
pub fn learn(
    saga: &mut Instance,
    reading: Reading,
    executor: &str,
    policy: &Policy,
    now: DateTime<Utc>,
    chance: f64,
) {
    for report in &reading.reports {
        let attempt = saga.attempts + 1;
        saga.log(read_entry(report, attempt, executor));
    }
    let unsettled = |report: &&Report| !matches!(report.outcome, Outcome::Done | Outcome::Refused);
    let failed: Vec<_> = reading.reports.iter().filter(unsettled).cloned().collect();
    match reading.learned {
        Learned::Nothing => schedule(saga, &failed, policy, now, chance),
        Learned::Facts { done, facts } => {
            saga.position.widen(&facts, now);
            saga.facts = facts;
            if failed.is_empty() {
                saga.enter(Progress::Forward { done }, None);
            } else {
                saga.progress = Progress::Forward { done };
                schedule(saga, &failed, policy, now, chance);
            }
        }
        Learned::Hopeless(cause) => match go_back(saga, policy, now, cause) {
            Some(Next::Enter(progress, cause)) => saga.enter(progress, cause),
            // There is no way back: it is read again until there is an answer that can be used.
            Some(_) | None => schedule(saga, &reading.reports, policy, now, chance),
        },
    }
}

/// Logs that the books are written; they are, in the same transaction.
pub fn recorded(saga: &mut Instance, step: Step, executor: &str, now: DateTime<Utc>) {
    let done = Event::Came(Outcome::Done);
    let entry = Entry::new(Effect::of(step), Phase::Forward, done, now).by(executor);
    saga.log(Entry { attempt: 1, duration_ms: Some(0), ..entry });
}

fn read_entry(report: &Report, attempt: u32, executor: &str) -> Entry {
    let came = Event::Came(report.outcome);
    Entry {
        attempt,
        duration_ms: Some(report.duration_ms),
        error: report.error.clone(),
        ..Entry::new(report.effect, Phase::Forward, came, report.started_at).by(executor)
    }
}

fn entry_of(call: &Call, started_at: DateTime<Utc>, executor: &str) -> Entry {
    Entry {
        generation: call.generation,
        attempt: call.attempt,
        key: Some(call.key.clone()),
        ..Entry::new(call.effect, call.phase, Event::Sending, started_at).by(executor)
    }
}

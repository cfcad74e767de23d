//! What an operator may do to a saga, and what it will do: the preview and the action are the same
//! function.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::effects::{Effect, Standing};
use super::entry::{Entry, Event};
use super::instance::Instance;
use super::machine::{Next, Policy, next};
use super::vocabulary::{Phase, Step};

/// Who says so, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The operator's name.
    pub operator: String,
    /// In their words.
    pub reason: String,
}

/// What an operator may ask for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumIter, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Intervention {
    /// Try now.
    Retry,
}

/// Does it, and says what was done; or says why it is not allowed, and nothing has changed.
pub fn intervene(
    saga: &mut Instance,
    what: Intervention,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    if saga.state.is_rest() {
        return Err(format!("the saga is at rest: {}", saga.state));
    }
    match what {
        Intervention::Retry => retry(saga, word, policy, now),
    }
}

/// Whether it is allowed now, judged by doing it to a copy.
pub fn is_allowed(
    saga: &Instance,
    what: Intervention,
    policy: &Policy,
    now: DateTime<Utc>,
) -> bool {
    let word = Word { operator: String::new(), reason: String::new() };
    intervene(&mut saga.clone(), what, &word, policy, now).is_ok()
}

fn retry(
    saga: &mut Instance,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let refused: Vec<Effect> = saga.position.refused_undos().collect();
    let mut tried = saga.clone();
    for effect in &refused {
        tried.log(renewal(&tried, *effect, word, now));
    }
    let whole = Effect { step: Step::Intervene, line: None };
    tried.log(entry(whole, Event::Retried, 0, word, now));
    tried.next_attempt_at = None;
    let did = match next(&tried, policy, now) {
        Next::Read => format!("tries {} now", tried.current_step()),
        Next::Call(calls) => {
            let named = calls.iter().map(|call| match call.effect.line {
                Some(line) => format!("{} of line {line}", call.effect.step),
                None => call.effect.step.to_string(),
            });
            format!("tries {} now", named.collect::<Vec<_>>().join(", "))
        }
        Next::Enter(state, _) => format!("goes to {state} now"),
        Next::Pause { .. } | Next::Rest => {
            return Err("there is nothing that may be tried: it is in doubt".to_owned());
        }
    };
    *saga = tried;
    Ok(did)
}

/// After a definite refusal, trying again is a new effect under a new key.
fn renewal(saga: &Instance, effect: Effect, word: &Word, now: DateTime<Utc>) -> Entry {
    let generation = saga.position.track(effect).map_or(0, |track| track.generation + 1);
    entry(effect, Event::Renewed, generation, word, now)
}

fn entry(effect: Effect, event: Event, generation: u32, word: &Word, now: DateTime<Utc>) -> Entry {
    Entry {
        seq: 0,
        effect,
        phase: Phase::Operator,
        event,
        generation,
        attempt: 0,
        key: None,
        started_at: now,
        duration_ms: None,
        request: Some(json!({"reason": word.reason})),
        response: None,
        error: None,
        executor: word.operator.clone(),
    }
}

impl super::effects::Position {
    /// Refunds and releases that were answered with a definite no.
    fn refused_undos(&self) -> impl Iterator<Item = Effect> {
        self.stages.iter().flat_map(|stage| {
            stage.undo.iter().zip(0_u16..).filter_map(|(track, at)| {
                let per_line = stage.stage.per == super::definition::Per::Line;
                let effect = Effect { step: stage.stage.undo, line: per_line.then_some(at) };
                (track.standing == Standing::Refused).then_some(effect)
            })
        })
    }
}

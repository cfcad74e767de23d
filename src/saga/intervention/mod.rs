//! What an operator may do to a saga, and what it will do: the preview and the action are the same
//! function.

mod compensate;
mod hold;
mod resolve;
mod retry;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::call::{Call, How};
use super::effect::Effect;
use super::entry::{Entry, Event};
use super::instance::Instance;
use super::machine::next;
use super::next::Next;
use super::policy::Policy;
use super::progress::Direction;
use super::word::{Phase, Step};

pub use resolve::resolvable;

/// Who says so, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The operator's name.
    pub operator: String,
    /// In their words.
    pub reason: String,
}

impl Intervention {
    /// It says whether the saga may go on, and asks nothing of it: it needs no owner.
    pub fn is_about_holding(self) -> bool {
        matches!(self, Self::Hold | Self::Release)
    }

    /// As the operators' API calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Compensate => "compensate",
            Self::Resolve { .. } => "resolve",
            Self::Hold => "hold",
            Self::Release => "release",
        }
    }
}

/// What an operator may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intervention {
    /// Try now.
    Retry,
    /// Stop going forward, undo everything.
    Compensate,
    /// Settle an effect by what the operator found out or did by hand.
    Resolve {
        /// Which.
        effect: Effect,
        /// Whether it happened.
        happened: bool,
    },
    /// Send nothing until it is released.
    Hold,
    /// Go on.
    Release,
}

/// Does it, and says what was done; or says why it is not allowed, and nothing has changed. A
/// verdict and a release have the deadline start anew.
pub fn intervene(
    saga: &mut Instance,
    what: Intervention,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    if saga.progress.is_rest() {
        return Err(format!("the saga is at rest: {}", saga.state()));
    }
    let is_settling = matches!(what, Intervention::Resolve { .. });
    if let Some(held) = saga.held.as_ref().filter(|_| !is_settling && !what.is_about_holding()) {
        return Err(hold::refusal(held));
    }
    let mut after = saga.clone();
    let did = match what {
        Intervention::Retry => retry::retry(&mut after, word, policy, now),
        Intervention::Compensate => compensate::compensate(&mut after, word, policy, now),
        Intervention::Resolve { effect, happened } => {
            resolve::resolve(&mut after, effect, happened, word, policy, now)
        }
        Intervention::Hold => Ok(hold::hold(&mut after, word, now)),
        Intervention::Release => hold::release(&mut after, word, policy, now),
    }?;
    *saga = after;
    Ok(did)
}

/// Whether this entry of a log is what such an intervention leaves there.
pub fn is_word(what: Intervention, event: Event, step: &str, line: Option<i32>) -> bool {
    let is_of = |effect: Effect| step == effect.step.word() && line == effect.line.map(i32::from);
    match what {
        Intervention::Retry => event == Event::Retried && is_of(WHOLE),
        Intervention::Compensate => event == Event::Stopped,
        Intervention::Hold => event == Event::Held,
        Intervention::Release => event == Event::Released,
        Intervention::Resolve { effect, happened: true } => {
            event == Event::Happened && is_of(effect)
        }
        Intervention::Resolve { effect, happened: false } => {
            matches!(event, Event::DidNotHappen | Event::Retried | Event::Renewed) && is_of(effect)
        }
    }
}

/// An intervention that is allowed now, and what it will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Which.
    pub what: Intervention,
    /// In words, as it will say of itself when it is done.
    pub will: String,
}

/// What an intervention will say of itself when it is done, or why it is not allowed: it is done to a copy. While an
/// owner drives the saga, its calls may be ahead of the log, and what would be undone is judged as if it had just died.
///
/// # Errors
/// Why it is not allowed.
pub fn preview(
    saga: &Instance,
    what: Intervention,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let word = Word { operator: String::new(), reason: String::new() };
    let mut done = saga.clone();
    if what == Intervention::Compensate {
        done.doubt_what_is_under_way();
    }
    intervene(&mut done, what, &word, policy, now)
}

/// What is allowed now.
pub fn previews(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Vec<Preview> {
    let resolve = |effect| [true, false].map(|happened| Intervention::Resolve { effect, happened });
    let open = if saga.progress.is_rest() { Vec::new() } else { resolvable(saga, policy, now) };
    let verdicts = open.into_iter().flat_map(resolve);
    let hold = if saga.held.is_some() { Intervention::Release } else { Intervention::Hold };
    let all =
        [Intervention::Retry, Intervention::Compensate].into_iter().chain(verdicts).chain([hold]);
    let allowed = |what| {
        let will = preview(saga, what, policy, now);
        will.ok().map(|will| Preview { what, will })
    };
    all.filter_map(allowed).collect()
}

/// What the saga does next, in words.
pub(super) fn then(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> String {
    if saga.held.is_some() {
        return format!("it is held: {}", hold::NOTHING_IS_SENT);
    }
    match next(saga, policy, now) {
        Next::Read(step) => format!("tries {step} now"),
        Next::Call(calls) => will(saga, &calls),
        Next::Enter(progress, cause) => {
            let word = saga.definition.word(progress);
            if word != saga.state() {
                return format!("goes to {word} now");
            }
            // A state of several stages: what comes after this one.
            let mut entered = saga.clone();
            entered.enter(progress, cause);
            then(&entered, policy, now)
        }
        Next::Pause { stuck: Some(stuck), .. } => format!("waits: {}", stuck.detail),
        Next::Pause { until: Some(until), .. } => format!("tries again at {until}"),
        Next::Pause { .. } | Next::Rest => "has nothing left to do".to_owned(),
    }
}

/// What is sent, what is sent once more on the way back to learn what became of it, and what is only looked up.
fn will(saga: &Instance, calls: &[Call]) -> String {
    let is_back = saga.progress.direction() == Direction::Backward;
    let is_asked = |call: &Call| is_back && saga.position.action(call.effect.step).is_some();
    let named = |wanted: &dyn Fn(&Call) -> bool| {
        let calls = calls.iter().filter(|call| wanted(call));
        calls.map(|call| call.effect.to_string()).collect::<Vec<_>>().join(", ")
    };
    let sent = named(&|call| call.how == How::Send && !is_asked(call));
    let asked = named(&|call| call.how == How::Send && is_asked(call));
    let looked_up = named(&|call| call.how == How::LookUp);
    let mut parts = Vec::new();
    if !sent.is_empty() {
        parts.push(format!("tries {sent} now"));
    }
    if !asked.is_empty() {
        parts.push(format!("sends {asked} again now, to learn what became of it"));
    }
    if !looked_up.is_empty() {
        let only = if parts.is_empty() { " now, and sends nothing" } else { "" };
        parts.push(format!("looks {looked_up} up{only}"));
    }
    parts.join(", and ")
}

/// The saga as a whole, in its log.
const WHOLE: Effect = Effect::of(Step::INTERVENE);

fn entry(effect: Effect, event: Event, generation: u32, word: &Word, now: DateTime<Utc>) -> Entry {
    Entry {
        generation,
        request: Some(json!({"reason": word.reason})),
        ..Entry::new(effect, Phase::Operator, event, now).by(&word.operator)
    }
}

/// Has an effect done anew: a new effect under a new key.
fn renewal(saga: &Instance, effect: Effect, word: &Word, now: DateTime<Utc>) -> Entry {
    let generation = saga.position.track(effect).map_or(0, |track| track.generation + 1);
    entry(effect, Event::Renewed, generation, word, now)
}

/// What is tried next is tried now, and as if for the first time.
fn at_once(saga: &mut Instance) {
    saga.next_attempt_at = None;
    saga.attempts = 0;
    saga.failing_since = None;
}

//! One entry of a saga's append-only step log: what was about to be sent, what came of it, who took
//! the saga over, and what a person said.

use chrono::{DateTime, Utc};
use serde_json::Value;
use strum::IntoStaticStr;

use super::effect::Effect;
use super::outcome::Outcome;
use super::progress::Progress;
use super::word::Phase;

/// What an entry says. The names are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Event {
    /// The saga began, for this reason.
    Begun,
    /// The call is about to be made; durable before it at a neighbour that is not idempotent.
    Sending,
    /// An attempt came to this.
    Came(Outcome),
    /// An executor died owning the saga when it had come this far: what it sent is unknown.
    TakenOver(Progress),
    /// By this log it was never sent, and a look-up found that it had happened: the books were
    /// restored from a backup and have lost what followed it.
    Found,
    /// A person found that it happened.
    Happened,
    /// A person found that it did not happen, and it need not happen.
    DidNotHappen,
    /// A person has it done anew, as a new effect under a new key.
    Renewed,
    /// A person asked to try now.
    Retried,
    /// A person stopped the saga from going forward.
    Stopped,
    /// A person holds the saga.
    Held,
    /// A person has let the saga go on.
    Released,
}

/// A log entry. Never changed once written.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place in the saga's log, from 1.
    pub seq: i32,
    /// What it is about.
    pub effect: Effect,
    /// Forward, compensation or a person's.
    pub phase: Phase,
    /// What it says.
    pub event: Event,
    /// How often a person has had the effect done anew; see [`super::key`].
    pub generation: u32,
    /// Which attempt in this generation, from 1; 0 where there was none.
    pub attempt: u32,
    /// The key that was sent.
    pub key: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, where something was waited for.
    pub duration_ms: Option<i64>,
    /// What was sent, or a person's reason.
    pub request: Option<Value>,
    /// What was answered.
    pub response: Option<Value>,
    /// What went wrong.
    pub error: Option<String>,
    /// The executor, or the operator's name.
    pub executor: String,
}

impl Entry {
    /// An entry that says only this; see the fields for what else one can say. It gets its place when
    /// it is logged.
    pub fn new(effect: Effect, phase: Phase, event: Event, at: DateTime<Utc>) -> Self {
        Self {
            seq: 0,
            effect,
            phase,
            event,
            generation: 0,
            attempt: 0,
            key: None,
            started_at: at,
            duration_ms: None,
            request: None,
            response: None,
            error: None,
            executor: String::new(),
        }
    }

    /// The same, written by this executor or operator.
    #[must_use]
    pub fn by(self, name: &str) -> Self {
        Self { executor: name.to_owned(), ..self }
    }
}

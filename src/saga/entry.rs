//! One entry of a saga's append-only step log: what was about to be sent, what came of it, who took
//! the saga over, and what a person said.

use chrono::{DateTime, Utc};
use serde_json::Value;
use strum::IntoStaticStr;

use super::effects::Effect;
use super::outcome::Outcome;
use super::vocabulary::{Phase, State};

/// What an entry says. The names are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Event {
    /// The call is about to be made; durable before it at a neighbour that is not idempotent.
    Sending,
    /// An attempt came to this.
    Came(Outcome),
    /// An executor died owning the saga in this state: what it may have sent is unknown.
    TakenOver(State),
    /// Never sent by this log, it was looked up and had happened: in a future that the books have lost.
    Found,
    /// A person found that it happened.
    Happened,
    /// A person found that it did not happen, and it need not.
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
    /// Which doing of the effect, from 0; see [`super::key`].
    pub generation: u32,
    /// Which attempt of that doing, from 1; 0 where there was none.
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

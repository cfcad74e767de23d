//! What came of a call: one of four outcomes (promise 8), and the report that a step hands back.
//!
//! A failed call is an [`Outcome`], never an `Err`: the machine decides on it as on any other.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::cause::Cause;
use super::effect::Effect;
use super::facts::SagaFacts;

/// What came of a call to a neighbour. `Done` and `Refused` settle an effect.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Outcome {
    /// It happened.
    Done,
    /// It did not happen and will not: a refusal that the neighbour's contract lists.
    Refused,
    /// It surely never reached the neighbour. Says nothing about an earlier attempt.
    NotSent,
    /// Anything else.
    Unknown,
}

/// One attempt at a step, as it is logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was tried.
    pub effect: Effect,
    /// What came of it.
    pub outcome: Outcome,
    /// When the attempt began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: i64,
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The body that was sent.
    pub request: Option<Value>,
    /// The answer's body, bounded, where it was JSON.
    pub response: Option<Value>,
    /// What went wrong, in a sentence without secrets.
    pub error: Option<String>,
    /// The neighbour's wish not to be asked again before so long.
    pub retry_after_ms: Option<u64>,
}

impl Report {
    /// A report that says only this; see the fields for what else one can say.
    pub fn new(effect: Effect, outcome: Outcome, started_at: DateTime<Utc>) -> Self {
        Self {
            effect,
            outcome,
            started_at,
            duration_ms: 0,
            status: None,
            request: None,
            response: None,
            error: None,
            retry_after_ms: None,
        }
    }
}

/// What reading came to.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Every call made.
    pub reports: Vec<Report>,
    /// What is known now that was not.
    pub learned: Learned,
}

/// What reading teaches a saga.
#[derive(Clone, Debug)]
pub enum Learned {
    /// Nothing yet: try again.
    Nothing,
    /// More than before.
    Facts {
        /// How many stages are done now: more than before.
        done: usize,
        /// All that is known now.
        facts: SagaFacts,
    },
    /// That the saga can't reach its goal.
    Hopeless(Cause),
}

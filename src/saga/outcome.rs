//! What came of a call, as one of four outcomes (promise 8), and the report that a step hands back.
//!
//! A failed call is an [`Outcome`], never an `Err`: the machine decides on it like on any other.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::context::Cause;
use super::vocabulary::Step;
use crate::order::{Paise, ProfileId};

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
    /// It did not happen, and will not: one of the refusals that the neighbour's interface lists.
    Refused,
    /// It surely never reached the neighbour. Says nothing about an earlier attempt.
    NotSent,
    /// Anything else.
    Unknown,
}

/// One attempt at a step, as it is logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The step tried.
    pub step: Step,
    /// The cart's line, from 0, for a step that has one effect per line.
    pub line: Option<u16>,
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

/// What a stage of reads came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Every call made.
    pub reports: Vec<Report>,
    /// What is known now that was not.
    pub learned: Learned,
}

/// What reads teach a saga.
#[derive(Clone, Debug, PartialEq)]
pub enum Learned {
    /// Nothing yet: try again.
    Nothing,
    /// Who pays, but not yet every price.
    Profile(ProfileId),
    /// Everything that is needed before money moves.
    Prices {
        /// Who pays.
        profile_id: ProfileId,
        /// One for each line, in cart order.
        unit_prices: Vec<Paise>,
    },
    /// That there is no going on.
    Hopeless(Cause),
}

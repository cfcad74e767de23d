//! Words that are stored in a saga's row and log, logged and shown. They are a stored format: words
//! are added and never renamed (promise 47).

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// The name of a step, from the table of a saga's kind. Three words belong to no kind: they name log
/// entries about a saga as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(&'static str);

impl Step {
    /// Not a call: the saga began.
    pub const BEGIN: Self = Self("begin");
    /// Not a call: an executor took the saga over from one that had died.
    pub const TAKE_OVER: Self = Self("take_over");
    /// Not a call: a person's decision about the saga as a whole.
    pub const INTERVENE: Self = Self("intervene");

    /// A step of this name.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// The stored word.
    pub const fn word(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl From<Step> for &'static str {
    fn from(step: Step) -> Self {
        step.0
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0)
    }
}

/// Which part of a saga's life a log entry belongs to, as operators see it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    /// Towards the goal.
    Forward,
    /// Undoing, or finding out what there is to undo.
    Compensation,
    /// A person's.
    Operator,
}

/// Why a saga needs a person.
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
pub enum StuckKind {
    /// The outcome of an effect is unknown, and it may not be sent again.
    InDoubt,
    /// A step that must not be given up has been failing for longer than `retry.stuck_after`.
    Exhausted,
    /// A step that must not be given up was definitely refused.
    Refused,
    /// This binary doesn't know the saga's kind, version, state or step.
    Unreadable,
}

//! What the machine decides.

use chrono::{DateTime, Utc};

use super::call::Call;
use super::cause::Cause;
use super::instance::Stuck;
use super::progress::Progress;
use super::word::Step;

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Read what this step reads.
    Read(Step),
    /// Make these calls, side by side.
    Call(Vec<Call>),
    /// Write that the saga has come this far, for this cause.
    Enter(Progress, Option<Cause>),
    /// Do nothing before `until` (`None`: before a person has decided something).
    Pause {
        /// When to look again.
        until: Option<DateTime<Utc>>,
        /// What a person should know.
        stuck: Option<Stuck>,
    },
    /// Nothing: the saga is at rest.
    Rest,
}

impl Next {
    pub(super) fn pause(until: Option<DateTime<Utc>>, stuck: Option<Stuck>) -> Self {
        Self::Pause { until, stuck }
    }
}

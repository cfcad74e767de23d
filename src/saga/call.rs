//! A call that the machine allows, with everything that its caller has to know.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::word::Phase;

/// One call that may be made now.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which effect.
    pub effect: Effect,
    /// Forward, or on the way back.
    pub phase: Phase,
    /// The neighbour's key for it.
    pub key: String,
    /// How often a person has had the effect done anew.
    pub generation: u32,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Send it, or only look whether it has happened.
    pub how: How,
    /// An earlier attempt may have happened, so a refusal now is not proof that it did not.
    pub unsure_before: bool,
    /// It may have been sent before, and must not be sent again from this time on, when its
    /// neighbour may have forgotten the key. Checked when it is sent, as time passes between the
    /// decision and its being durable.
    pub repeat_before: Option<DateTime<Utc>>,
    /// It must not begin after this time. Where its key can settle it later, its answer is not waited
    /// for beyond this time either.
    pub deadline: Option<DateTime<Utc>>,
    /// It is sent to a neighbour that is not idempotent: the intent is durable before the call, and
    /// the outcome before the next step.
    pub intent_first: bool,
}

impl Call {
    /// How long to wait for an answer; `None` is until the neighbour's time-out. A call to a neighbour
    /// that is not idempotent is not cut off, as that would only leave it in doubt.
    pub fn time_limit(&self, now: DateTime<Utc>) -> Option<Duration> {
        let deadline = self.deadline.filter(|_| !self.intent_first)?;
        Some((deadline - now).to_std().unwrap_or(Duration::ZERO))
    }

    /// Whether the call may still be sent at this time.
    pub fn is_in_time(&self, now: DateTime<Utc>) -> bool {
        let before = |limit: Option<DateTime<Utc>>| limit.is_none_or(|limit| now < limit);
        before(self.repeat_before) && before(self.deadline)
    }
}

/// How a call settles its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By making it happen, or hearing that it has happened.
    Send,
    /// By asking whether it has happened: it may not be sent.
    LookUp,
}

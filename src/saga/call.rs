//! A call that the machine allows: everything that whoever makes it has to know.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::effects::Effect;
use super::vocabulary::Phase;

/// One call that may be made now.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which effect.
    pub effect: Effect,
    /// Forward, or on the way back.
    pub phase: Phase,
    /// The neighbour's key for it.
    pub key: String,
    /// Which doing of it.
    pub generation: u32,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Send it, or only look.
    pub how: How,
    /// An earlier attempt may have happened, so a refusal now needs looking into (promise 14).
    pub unsure_before: bool,
    /// It may have been sent before, and may be sent again before then: its neighbour forgets the
    /// key. To be asked when it is sent, as time passes between a decision and its being durable.
    pub repeat_before: Option<DateTime<Utc>>,
    /// It is not begun after that; and where its key settles it later, it is not waited for any
    /// longer either.
    pub deadline: Option<DateTime<Utc>>,
    /// It is sent to a neighbour that is not idempotent: the intent is durable before the call, the outcome before
    /// the next step.
    pub intent_first: bool,
}

impl Call {
    /// How long it is waited for from this moment; `None` is until the neighbour's time-out. To cut
    /// it off at a neighbour that is not idempotent would only make doubt.
    pub fn patience(&self, now: DateTime<Utc>) -> Option<Duration> {
        let deadline = self.deadline.filter(|_| !self.intent_first)?;
        Some((deadline - now).to_std().unwrap_or(Duration::ZERO))
    }

    /// Whether what was decided may still be done at this moment.
    pub fn is_in_time(&self, now: DateTime<Utc>) -> bool {
        let before = |limit: Option<DateTime<Utc>>| limit.is_none_or(|limit| now < limit);
        before(self.repeat_before) && before(self.deadline)
    }
}

/// How a call settles its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By making it happen, or finding that it has.
    Send,
    /// By asking whether it has; it is in doubt and may not be sent.
    LookUp,
}

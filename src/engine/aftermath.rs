//! What an operator's word would do to a saga, and what has come of it since.

use super::executor::Executor;
use crate::saga::machine::next;
use crate::saga::{Instance, Intervention, Next, preview};

/// What has come of an operator's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// The saga is being advanced, or is about to be.
    Undecided,
    /// It is at rest, or goes on without a failure, or somebody holds it.
    Left,
    /// It has failed since, or waits for a person again.
    CameBack,
}

/// How a saga was right after an operator's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RightAfter<'a> {
    /// Its state.
    pub state: &'a str,
    /// Its failures in a row.
    pub attempts: u32,
}

impl Executor {
    /// What this would do to the saga now, in the words of the answer to it; or why it is not allowed.
    ///
    /// # Errors
    /// Why it is not allowed.
    pub fn preview(&self, saga: &Instance, what: Intervention) -> Result<String, String> {
        preview(saga, what, &self.0.settings.policy, self.0.clock.now())
    }

    /// What has come of an operator's word by now.
    pub fn aftermath(&self, saga: &Instance, right_after: RightAfter<'_>) -> Aftermath {
        if saga.progress.is_rest() || saga.held.is_some() {
            return Aftermath::Left;
        }
        // In another state the failures were counted anew.
        let before = if saga.state() == right_after.state { right_after.attempts } else { 0 };
        if saga.attempts > before {
            return Aftermath::CameBack;
        }
        if saga.owner.is_some() {
            return Aftermath::Undecided;
        }
        match next(saga, &self.0.settings.policy, self.0.clock.now()) {
            Next::Pause { .. } => Aftermath::CameBack,
            // Given up for whoever goes on with it.
            Next::Read(_) | Next::Call(_) | Next::Enter(..) => Aftermath::Undecided,
            Next::Rest => Aftermath::Left,
        }
    }
}

//! What a kind of saga is: its stages in order, each with its work and the state that it reaches.
//!
//! A table, so that a saga can be read in one screen; the machine walks it and knows no saga by
//! name.

use super::context::Context;
use super::vocabulary::{Neighbour, State, Step};

/// A kind of saga.
#[derive(Debug)]
pub struct Definition {
    /// The stored name of the kind.
    pub kind: &'static str,
    /// Rises when sagas begun under the old table could not be continued by the new one.
    pub version: i32,
    /// The state at acceptance.
    pub starts: State,
    /// What to do, in order.
    pub stages: &'static [Stage],
}

/// One stage: a step, or one effect per line side by side, and where it leads.
#[derive(Debug)]
pub struct Stage {
    /// What is done.
    pub step: Step,
    /// Of what sort it is.
    pub work: Work,
    /// The state once it is done.
    pub reaches: State,
}

/// The sorts of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Reading, always safe to repeat. Neighbouring reads are made side by side.
    Read,
    /// A change at a neighbour, undone by another step.
    Effect {
        /// Whose.
        at: Neighbour,
        /// What undoes it.
        undo: Step,
        /// How many there are.
        per: Per,
        /// A doubtful one can be looked up there.
        can_look_up: bool,
    },
    /// Our own books, in one transaction with the state it reaches.
    Confirm,
}

/// How many effects a stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// One for the order, unless there is nothing to pay.
    Total,
    /// One for each line of the cart.
    Line,
}

impl Definition {
    /// The stage that a saga in this state has before it; `None` at rest or going back.
    pub fn stage_from(&self, state: State) -> Option<&'static Stage> {
        let reached = self.stages.iter().position(|stage| stage.reaches == state);
        match reached {
            Some(at) => self.stages.get(at + 1),
            None if state == self.starts => self.stages.first(),
            None => None,
        }
    }

    /// The stages that change something at a neighbour, in forward order.
    pub fn effect_stages(&self) -> impl DoubleEndedIterator<Item = EffectStage> {
        self.stages.iter().filter_map(|stage| match stage.work {
            Work::Effect { at, undo, per, can_look_up } => {
                Some(EffectStage { step: stage.step, undo, at, per, can_look_up })
            }
            Work::Read | Work::Confirm => None,
        })
    }

    /// Whether this kind can be in this state at all.
    pub fn knows(&self, state: State) -> bool {
        state == self.starts
            || self.stages.iter().any(|stage| stage.reaches == state)
            || matches!(state, State::Compensating | State::Compensated | State::Rejected)
    }
}

/// A [`Stage`] whose work is an effect, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectStage {
    /// The forward step.
    pub step: Step,
    /// The step that undoes it.
    pub undo: Step,
    /// At whom.
    pub at: Neighbour,
    /// How many.
    pub per: Per,
    /// See [`Work::Effect`].
    pub can_look_up: bool,
}

impl EffectStage {
    /// How many effects this stage has for a saga that is priced; none before.
    pub fn width(&self, context: &Context) -> usize {
        let Some(prices) = &context.unit_prices else { return 0 };
        match self.per {
            Per::Line => context.lines.len(),
            Per::Total => match crate::order::total(&context.lines, prices) {
                Some(total) if total.0 == 0 => 0,
                Some(_) | None => 1,
            },
        }
    }
}

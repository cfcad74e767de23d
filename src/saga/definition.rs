//! What a kind of saga is: its stages in order, and its words for where a saga stands.
//!
//! A static table, so that a kind can be read in one screen. A saga is carried by the version of the
//! table under which it began, so a kind may have several tables side by side; a table that has sagas
//! in flight is never changed, a new one is added (promise 49).

use super::facts::Decode;
use super::neighbour::Neighbour;
use super::progress::{Direction, End, Progress};
use super::word::Step;

/// One version of a kind of saga.
#[derive(Debug)]
pub struct Definition {
    /// The stored name of the kind.
    pub kind: &'static str,
    /// The stored version of this table.
    pub version: i32,
    /// The word for a saga that was just accepted.
    pub starts: &'static str,
    /// What to do, in order. The last one records, see [`Work::Record`].
    pub stages: &'static [Stage],
    /// The words for going back; `None` for a kind that never does.
    pub back: Option<WayBack>,
    /// Reads the facts that this kind stores.
    pub facts: Decode,
    /// What the idempotency keys of its effects begin with.
    pub keyed_by: KeyedBy,
}

/// What the idempotency keys of a saga's effects begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyedBy {
    /// The saga's id: a second saga about the same order does it all once more.
    Saga,
    /// The order's id: however many sagas of the kind an order had, its effects would happen once.
    Order,
}

/// One stage: what is done side by side, and where it leads.
#[derive(Debug)]
pub struct Stage {
    /// What is done.
    pub work: Work,
    /// The word for a saga that has come this far. Of a stage of effects it may be the word of the stage
    /// before: what is read under this word then has the stage still before it, finds in the log that
    /// all is done, and goes on.
    pub reaches: &'static str,
}

/// What a stage does.
#[derive(Debug)]
pub enum Work {
    /// Reads something from neighbours, which is always safe to repeat. What was read is durable
    /// before the next effect is sent. A kind may read ahead: stages of reads that follow each other
    /// can be done at once.
    Read {
        /// The step.
        step: Step,
        /// Who is asked.
        from: Neighbour,
    },
    /// Changes something at neighbours. The actions are taken side by side and are all of one sort.
    Effects(&'static [Action]),
    /// Writes what came of the saga into our own books, in the transaction that brings it to rest.
    Record(Step),
}

/// A step that changes something at a neighbour: one effect, or one for each line.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// The step.
    pub step: Step,
    /// Where.
    pub at: Neighbour,
    /// How many effects it has.
    pub per: Per,
    /// Whether it can be undone, and whether it may be given up.
    pub sort: Sort,
    /// The neighbour can be asked whether the effect has happened.
    pub can_look_up: bool,
}

/// How many effects a step has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// One in all, unless there is nothing to do.
    Saga,
    /// One for each line of what the saga is about.
    Line,
}

/// The textbook's three sorts of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Can be undone, and is undone when the saga goes back.
    Compensable {
        /// The step that undoes it.
        undo: Step,
    },
    /// Can't be undone, but may be refused: once it may have happened, the saga only goes forward
    /// (promise 50).
    Pivot,
    /// Can't be undone and is never given up.
    Retriable,
}

/// The words of a saga that goes back.
#[derive(Debug)]
pub struct WayBack {
    /// While it undoes what happened.
    pub going: &'static str,
    /// At rest, with everything undone that had happened.
    pub compensated: &'static str,
    /// At rest, with nothing ever having happened.
    pub rejected: &'static str,
}

impl Action {
    /// The step that undoes this one, if it can be undone.
    pub fn undo(&self) -> Option<Step> {
        match self.sort {
            Sort::Compensable { undo } => Some(undo),
            Sort::Pivot | Sort::Retriable => None,
        }
    }
}

impl Work {
    /// The effects of this stage; none where it has none.
    pub fn actions(&self) -> &'static [Action] {
        match self {
            Self::Effects(actions) => actions,
            Self::Read { .. } | Self::Record(_) => &[],
        }
    }

    /// The steps of this stage, for messages: the first of them stands for the stage.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        let (single, actions) = match self {
            Self::Read { step, .. } | Self::Record(step) => (Some(*step), &[][..]),
            Self::Effects(actions) => (None, *actions),
        };
        single.into_iter().chain(actions.iter().map(|action| action.step))
    }
}

impl Definition {
    /// The stage that follows when this many are done. A forward saga always has one: the last
    /// stage leads to rest.
    pub fn stage(&self, done: usize) -> &'static Stage {
        &self.stages[done]
    }

    /// Where a saga stands once it has done one stage more than this.
    pub fn after(&self, done: usize) -> Progress {
        if done + 1 < self.stages.len() {
            Progress::Forward { done: done + 1 }
        } else {
            Progress::Rest(End::Completed)
        }
    }

    /// Every step that changes something at a neighbour, in order, with the place of its stage.
    pub fn actions(&self) -> impl Iterator<Item = (usize, &'static Action)> {
        let stages = self.stages.iter().enumerate();
        stages.flat_map(|(at, stage)| stage.work.actions().iter().map(move |action| (at, action)))
    }

    /// The first step of the next stage, which stands for the stage in messages; `None` going back
    /// and at rest.
    pub fn next_step(&self, progress: Progress) -> Option<Step> {
        match progress {
            Progress::Forward { done } => self.stage(done).work.steps().next(),
            Progress::Backward | Progress::Rest(_) => None,
        }
    }

    /// Effects may have been sent and are not accounted for yet: something may be out that belongs
    /// to a customer or to the shop.
    pub fn is_at_risk(&self, progress: Progress) -> bool {
        match progress {
            Progress::Forward { done } => self.actions().next().is_some_and(|(at, _)| at <= done),
            Progress::Backward => true,
            Progress::Rest(_) => false,
        }
    }

    /// The next stage is the pivot.
    pub fn is_at_pivot(&self, progress: Progress) -> bool {
        let is_pivot = |action: &Action| action.sort == Sort::Pivot;
        match progress {
            Progress::Forward { done } => self.stage(done).work.actions().iter().any(is_pivot),
            Progress::Backward | Progress::Rest(_) => false,
        }
    }

    /// The stored word for where a saga stands.
    pub fn word(&self, progress: Progress) -> &'static str {
        let back = |word: fn(&WayBack) -> &'static str| self.back.as_ref().map_or("", word);
        match progress {
            Progress::Forward { done: 0 } => self.starts,
            Progress::Forward { done } => self.stages[done - 1].reaches,
            Progress::Rest(End::Completed) => self.stages[self.stages.len() - 1].reaches,
            Progress::Backward => back(|back| back.going),
            Progress::Rest(End::Compensated) => back(|back| back.compensated),
            Progress::Rest(End::Rejected) => back(|back| back.rejected),
        }
    }

    /// Where a saga stands by its stored word; `None` where this kind has no such word.
    pub fn progress(&self, word: &str) -> Option<Progress> {
        self.all_progress().find(|progress| self.word(*progress) == word)
    }

    /// Everywhere that a saga of this kind can stand: forward first, then going back.
    pub fn all_progress(&self) -> impl Iterator<Item = Progress> {
        let forward = (0..self.stages.len()).map(|done| Progress::Forward { done });
        let back =
            [Progress::Backward, Progress::Rest(End::Compensated), Progress::Rest(End::Rejected)];
        let back = back.into_iter().filter(|_| self.back.is_some());
        forward.chain([Progress::Rest(End::Completed)]).chain(back)
    }

    /// The step of this stored word, of this kind or of every saga.
    pub fn step(&self, word: &str) -> Option<Step> {
        let undo = self.actions().filter_map(|(_, action)| action.undo());
        let steps = self.stages.iter().flat_map(|stage| stage.work.steps()).chain(undo);
        let mut all = steps.chain([Step::BEGIN, Step::TAKE_OVER, Step::INTERVENE]);
        all.find(|step| step.word() == word)
    }

    /// The neighbour that a step calls; `None` for what is no call.
    pub fn neighbour(&self, step: Step) -> Option<Neighbour> {
        let is_of = |action: &&Action| action.step == step || action.undo() == Some(step);
        self.stages.iter().find_map(|stage| match &stage.work {
            Work::Read { step: read, from } => (*read == step).then_some(*from),
            Work::Effects(actions) => actions.iter().find(is_of).map(|action| action.at),
            Work::Record(_) => None,
        })
    }

    /// The direction of a saga with this stored word, where the word is known.
    pub fn direction(&self, word: &str) -> Option<Direction> {
        self.progress(word).map(Progress::direction)
    }
}

//! How far a saga has come, without the words that its kind has for it.

/// How far a saga has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// On its way to the goal.
    Forward {
        /// How many stages of its table are done. Always fewer than there are.
        done: usize,
    },
    /// Going back: what happened is undone, and nothing goes forward any more.
    Backward,
    /// Nothing is left to do.
    Rest(End),
}

/// How a saga ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Every stage is done.
    Completed,
    /// Effects had happened, and each is undone.
    Compensated,
    /// No effect happened.
    Rejected,
}

/// Which way a saga goes, or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards its goal.
    Forward,
    /// Undoing.
    Backward,
}

impl Progress {
    /// The progress of a saga that was just accepted.
    pub const START: Self = Self::Forward { done: 0 };

    /// Nothing is left to do.
    pub fn is_rest(self) -> bool {
        matches!(self, Self::Rest(_))
    }

    /// Every stage is done.
    pub fn is_completed(self) -> bool {
        self == Self::Rest(End::Completed)
    }

    /// Which way a saga goes that has come this far.
    pub fn direction(self) -> Direction {
        match self {
            Self::Forward { .. } | Self::Rest(End::Completed) => Direction::Forward,
            Self::Backward | Self::Rest(End::Compensated | End::Rejected) => Direction::Backward,
        }
    }
}

//! A scenario: a saga, and what goes wrong with it apart from its processes' deaths.

use std::time::Duration;

use order_service::saga::{Direction, Neighbour, Step};

use crate::checkout_play::Checkouts;
use crate::play::Ending;
use crate::reversal_play::Reversed;
use crate::trip_play::Trips;

/// A saga, and what goes wrong with it apart from its processes' deaths.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "it is a list of what is true of it")]
pub struct Scenario {
    pub name: String,
    /// Its index among all scenarios.
    pub number: usize,
    pub cast: Cast,
    /// The neighbours that act once per key. The others act again on every call.
    pub keep_keys: Among,
    /// Those that the first process takes for such.
    pub trusted: Among,
    /// Those that its successors take for such.
    pub trusted_later: Among,
    /// A call for which nobody listens, and how many times.
    pub unreachable: Option<(Step, u32)>,
    /// When the faults are cleared.
    pub calm: Calm,
    pub deadline: Duration,
    pub key_memory: Duration,
    /// An operator sends `compensate` as soon as the saga waits for something.
    pub is_stopped: bool,
    /// The `compensate` is refused once the saga is past its return.
    pub is_stop_refused: bool,
    /// An operator holds the saga as soon as it waits while going this way, and releases it after a while.
    pub held_going: Option<Direction>,
    /// What must not be given up is refused, once.
    pub is_refused_for_good: bool,
    /// It is only run where all are.
    pub is_large: bool,
    /// Every point is run, also when other scenarios are sampled.
    pub is_whole: bool,
    /// Of the points of a scenario that is sampled, one in this many is run on SQLite, and half as many on
    /// PostgreSQL: different ones on each, and different ones from scenario to scenario.
    pub sample: usize,
    /// The successor dies as well, at its first points.
    pub dies_twice: bool,
    /// The ends that are allowed; the first is that of a saga whose processes live.
    pub ends: Vec<Ending>,
    /// Before this call, or read, the scenario is the same as another one of which every point is run.
    pub differs_from: Option<&'static str>,
}

/// When faults that last are cleared.
#[derive(Clone, Copy, Debug)]
pub enum Calm {
    Never,
    GoingBack,
    /// As `GoingBack`, or when a process dies: its successor may get further than it did.
    GoingBackOrDeath,
    Stuck,
    /// The saga was written long after its deadline.
    PastDeadline,
}

/// Which saga it is, and what goes wrong at its neighbours.
#[derive(Clone, Debug)]
pub enum Cast {
    Checkout(Checkouts),
    Trip(Trips),
    Reversal(Reversed),
}

/// Some of the neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    All,
    Nobody,
    Only(&'static [Neighbour]),
}

impl Among {
    pub fn has(self, neighbour: Neighbour) -> bool {
        match self {
            Self::All => true,
            Self::Nobody => false,
            Self::Only(some) => some.contains(&neighbour),
        }
    }
}

impl Scenario {
    /// A saga with which nothing goes wrong.
    pub fn calm(name: String, cast: Cast, ends: &[Ending]) -> Self {
        Self {
            name,
            number: 0,
            cast,
            keep_keys: Among::All,
            trusted: Among::All,
            trusted_later: Among::All,
            unreachable: None,
            calm: Calm::Never,
            deadline: Duration::from_mins(5),
            key_memory: Duration::from_hours(24),
            is_stopped: false,
            is_stop_refused: false,
            held_going: None,
            is_refused_for_good: false,
            is_large: false,
            is_whole: false,
            sample: 8,
            dies_twice: false,
            ends: ends.to_vec(),
            differs_from: None,
        }
    }

    /// The same at neighbours that act again on every call, and are known to.
    pub fn repeating(self) -> Self {
        Self {
            name: format!("{}, repeating", self.name),
            keep_keys: Among::Nobody,
            trusted: Among::Nobody,
            trusted_later: Among::Nobody,
            ..self
        }
    }
}

/// The same at neighbours of both kinds.
pub fn both(scenario: Scenario) -> [Scenario; 2] {
    [scenario.clone(), scenario.repeating()]
}

//! What is done to connections, as lines of the log: one at once, then one for all that follow
//! within a while, so that those who make the trouble can't fill the log as well.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::warn;

use crate::clock::Clock;

/// The shortest time between two lines of a sort.
pub(super) const PAUSE: Duration = Duration::from_secs(10);

/// A sort of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumCount, strum::EnumIter)]
pub(super) enum Event {
    /// No whole head of a request came.
    SilentEnded,
    /// An answer was not taken.
    DeafEnded,
    /// An idle one made room.
    IdleEnded,
    /// One beyond the limit got probes alone.
    Refused,
    /// One beyond those got nothing.
    Dropped,
    /// The system gave none.
    NotAccepted,
}

impl Event {
    fn say(self, times: u64) {
        match self {
            Self::SilentEnded => {
                warn!(times, "ended connections that sent no whole request in time");
            }
            Self::DeafEnded => warn!(times, "ended connections that did not take their answers"),
            Self::IdleEnded => warn!(
                times,
                "as many connections are open as may be: ended those without a request for longest"
            ),
            Self::Refused => warn!(
                times,
                "as many connections are open as may be, all with requests: refused new ones"
            ),
            Self::Dropped => {
                warn!(times, "more connections came than could be refused: dropped them");
            }
            Self::NotAccepted => warn!(
                times,
                "a connection can't be accepted, most likely for want of descriptors (ulimit -n)"
            ),
        }
    }
}

/// Counts what was not said yet.
#[derive(Debug)]
pub(super) struct Tally {
    clock: Clock,
    counts: Mutex<[Count; EVENTS]>,
}

const EVENTS: usize = <Event as strum::EnumCount>::COUNT;

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    unsaid: u64,
    said_at: Option<Duration>,
}

impl Tally {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), counts: Mutex::default() }
    }

    /// It happened so many times more.
    pub(super) fn add(&self, event: Event, times: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts[event as usize].unsaid += times;
        drop(counts);
        self.say(event);
    }

    /// Says what was held back and is due.
    pub(super) fn say_all(&self) {
        <Event as strum::IntoEnumIterator>::iter().for_each(|event| self.say(event));
    }

    fn say(&self, event: Event) {
        let now = self.clock.monotonic();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = &mut counts[event as usize];
        let is_due = count.said_at.is_none_or(|said_at| now >= said_at + PAUSE);
        if is_due && count.unsaid > 0 {
            let times = std::mem::take(&mut count.unsaid);
            count.said_at = Some(now);
            drop(counts);
            event.say(times);
        }
    }
}

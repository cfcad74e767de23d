//! What happens to connections, as log lines that can't flood the log: the first incident of a sort is
//! logged at once, those that follow within an interval are counted and logged together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use strum::{EnumCount, EnumIter, IntoEnumIterator};
use tracing::warn;

use crate::clock::Clock;

/// The shortest time between two log lines of one sort.
pub(super) const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// A sort of incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, EnumIter)]
pub(super) enum Incident {
    /// The head of a request did not come in time.
    HeaderTimedOut,
    /// The client did not read its response in time.
    WriteTimedOut,
    /// A connection was idle, and was closed to make room.
    IdleClosed,
    /// A connection was admitted for probes only.
    Refused,
    /// A connection was dropped.
    Dropped,
    /// The system could not accept a connection.
    NotAccepted,
}

impl Incident {
    fn log(self, times: u64) {
        match self {
            Self::HeaderTimedOut => {
                warn!(times, "ended connections that sent no whole request in time");
            }
            Self::WriteTimedOut => {
                warn!(times, "ended connections that did not take their answers");
            }
            Self::IdleClosed => warn!(
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

/// Counts incidents and logs them.
#[derive(Debug)]
pub(super) struct Incidents {
    clock: Clock,
    counts: Mutex<[Count; Incident::COUNT]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    not_logged: u64,
    /// On the clock's monotonic time.
    logged_at: Option<Duration>,
}

impl Incidents {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), counts: Mutex::default() }
    }

    /// Counts an incident that happened this many times more.
    pub(super) fn add(&self, incident: Incident, times: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts[incident as usize].not_logged += times;
        drop(counts);
        self.log_if_due(incident);
    }

    /// Logs what was only counted so far and whose interval is over.
    pub(super) fn log_due(&self) {
        Incident::iter().for_each(|incident| self.log_if_due(incident));
    }

    fn log_if_due(&self, incident: Incident) {
        let now = self.clock.monotonic();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = &mut counts[incident as usize];
        let is_due = count.logged_at.is_none_or(|logged_at| now >= logged_at + LOG_INTERVAL);
        if is_due && count.not_logged > 0 {
            let times = std::mem::take(&mut count.not_logged);
            count.logged_at = Some(now);
            drop(counts);
            incident.log(times);
        }
    }
}

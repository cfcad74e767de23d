//! The issuer's keys as they were last fetched, and when they are fetched again: pure.

use std::sync::Arc;
use std::time::Duration;

use super::key::Key;

/// The shortest time from one try to fetch the keys to the next.
const BETWEEN_TRIES: Duration = Duration::from_secs(30);
/// The age at which keys are fetched again, even if no token has an unknown one.
const OLD: Duration = Duration::from_mins(10);

/// The keys by their names. Times are of the monotonic clock.
#[derive(Default)]
pub(super) struct Set {
    keys: Vec<(Option<String>, Arc<Key>)>,
    /// When they were last fetched.
    fetched: Option<Duration>,
    /// When that was last tried.
    tried: Option<Duration>,
}

/// What is known of a name.
pub(super) enum Look {
    /// These keys have it; fetch first if it can be done at once, as they are old.
    Old(Vec<Arc<Key>>),
    /// These keys have it.
    Known(Vec<Arc<Key>>),
    /// No key has it: fetch.
    Missing,
    /// No key has it, nor had one at the last try, a moment ago.
    Unknown,
    /// No key has it, and the last try failed. The next one is due after this time.
    OutOfReach(Duration),
}

impl Set {
    /// Looks for the keys of this name; for all where a token names none.
    pub(super) fn look(&self, name: Option<&str>, now: Duration) -> Look {
        let is_it = |key: &&(Option<String>, Arc<Key>)| name.is_none() || key.0.as_deref() == name;
        let found: Vec<_> = self.keys.iter().filter(is_it).map(|(_, key)| key.clone()).collect();
        let since = |then: Option<Duration>| then.map(|then| now.saturating_sub(then));
        let left =
            since(self.tried).map_or(Duration::ZERO, |since| BETWEEN_TRIES.saturating_sub(since));
        let is_old = since(self.fetched).is_none_or(|age| age >= OLD);
        match (found.is_empty(), left.is_zero()) {
            (false, true) if is_old => Look::Old(found),
            (false, _) => Look::Known(found),
            (true, true) => Look::Missing,
            (true, false) if self.fetched < self.tried => Look::OutOfReach(left),
            (true, false) => Look::Unknown,
        }
    }

    /// A try begins. Until it succeeds it counts as failed: whoever tries may go away meanwhile.
    pub(super) fn tries(&mut self, now: Duration) {
        self.tried = Some(now);
    }

    /// The try succeeded.
    pub(super) fn replace(&mut self, keys: Vec<(Option<String>, Arc<Key>)>) {
        self.keys = keys;
        self.fetched = self.tried;
    }
}

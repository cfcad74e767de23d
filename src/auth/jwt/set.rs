//! The issuer's keys as they were last fetched, and when to fetch them again. Pure.

use std::sync::Arc;
use std::time::Duration;

use super::key::Key;

/// The shortest time between two tries to fetch the keys.
const BETWEEN_TRIES: Duration = Duration::from_secs(30);
/// The age at which keys are fetched again, even if no token names an unknown one.
const OLD: Duration = Duration::from_mins(10);

/// The keys by their ids. Times are of the monotonic clock.
#[derive(Default)]
pub(super) struct Set {
    keys: Vec<(Option<String>, Arc<Key>)>,
    /// When they were last fetched.
    fetched: Option<Duration>,
    /// When that was last tried.
    tried: Option<Duration>,
}

/// What is known about a key id.
pub(super) enum Look {
    /// These keys have it, but they are old: fetch first, unless another request is fetching.
    Old(Vec<Arc<Key>>),
    /// These keys have it.
    Known(Vec<Arc<Key>>),
    /// No key has it: fetch.
    Missing,
    /// No key has it, and they were fetched only a moment ago.
    Unknown,
    /// No key has it, and the last try failed. The next one is due after this time.
    OutOfReach(Duration),
}

impl Set {
    /// Looks for the keys with this id, or for all of them if the token names none.
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

    /// A try begins. Until it succeeds it counts as failed, since the request that tries may be cancelled.
    pub(super) fn tries(&mut self, now: Duration) {
        self.tried = Some(now);
    }

    /// The try succeeded.
    pub(super) fn replace(&mut self, keys: Vec<(Option<String>, Arc<Key>)>) {
        self.keys = keys;
        self.fetched = self.tried;
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey};

    use super::super::claims::Expected;
    use super::*;
    use crate::config::Config;

    fn key(name: Option<&str>) -> (Option<String>, Arc<Key>) {
        let expected = Expected::of(&Config::defaults().users.jwt);
        let key = Key::new(DecodingKey::from_secret(b"any"), Algorithm::ES256, &expected);
        (name.map(str::to_owned), Arc::new(key))
    }

    /// What is known about a key id, `at` seconds after the start.
    fn look(set: &Set, name: Option<&str>, at: u64) -> (&'static str, u64) {
        match set.look(name, Duration::from_secs(at)) {
            Look::Old(keys) => ("old", keys.len() as u64),
            Look::Known(keys) => ("known", keys.len() as u64),
            Look::Missing => ("missing", 0),
            Look::Unknown => ("unknown", 0),
            Look::OutOfReach(left) => ("out of reach", left.as_secs()),
        }
    }

    #[test]
    fn keys_are_fetched_when_one_is_missing_or_all_are_old_and_not_more_often_than_every_30_s() {
        let mut set = Set::default();
        assert_eq!(look(&set, Some("a"), 0), ("missing", 0));
        set.tries(Duration::ZERO);
        assert_eq!(look(&set, Some("a"), 1), ("out of reach", 29));
        assert_eq!(look(&set, Some("a"), 30), ("missing", 0));
        set.tries(Duration::from_secs(30));
        set.replace(vec![key(Some("a")), key(Some("b")), key(Some("b")), key(None)]);
        for (name, at, known) in [
            (Some("a"), 30, ("known", 1)),
            (Some("b"), 31, ("known", 2)),
            (None, 31, ("known", 4)),
            (Some("A"), 59, ("unknown", 0)),
            (Some("A"), 60, ("missing", 0)),
            (Some("a"), 629, ("known", 1)),
            (Some("a"), 630, ("old", 1)),
        ] {
            assert_eq!(look(&set, name, at), known, "{name:?} at {at}");
        }
        set.tries(Duration::from_secs(630));
        assert_eq!(look(&set, Some("a"), 640), ("known", 1), "a try under way, or failed");
        assert_eq!(look(&set, Some("A"), 640), ("out of reach", 20));
        assert_eq!(look(&set, Some("a"), 660), ("old", 1));
    }
}

//! What the machine knows of a neighbour: whether it acts once per idempotency key, for how long it
//! remembers a key, and how long a call may last.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A service that a kind of saga calls, by its name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Neighbour(&'static str);

impl Neighbour {
    /// The neighbour of this name.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name in the configuration, in logs and in metrics.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Neighbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl Serialize for Neighbour {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0)
    }
}

impl From<Neighbour> for &'static str {
    fn from(neighbour: Neighbour) -> Self {
        neighbour.0
    }
}

/// How a neighbour is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// It acts once per idempotency key.
    pub idempotent: bool,
    /// For how long it surely remembers a key.
    pub key_memory: Duration,
    /// A call lasts no longer.
    pub timeout: Duration,
}

impl Manners {
    /// Of a neighbour that nobody has configured: it promises nothing.
    pub const UNKNOWN: Self =
        Self { idempotent: false, key_memory: Duration::ZERO, timeout: Duration::from_mins(1) };
}

/// Which neighbours promised to act once per key when a saga began. The saga is held to that
/// (promise 20): a
/// neighbour that is not named has promised nothing, so that facts stored before a neighbour was
/// added stay readable, and are read on the safe side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Promises(Arc<BTreeMap<String, bool>>);

impl Promises {
    /// Whether this neighbour acts once per key.
    pub fn of(&self, neighbour: Neighbour) -> bool {
        self.0.get(neighbour.name()).copied().unwrap_or(false)
    }
}

impl FromIterator<(Neighbour, bool)> for Promises {
    fn from_iter<I: IntoIterator<Item = (Neighbour, bool)>>(promises: I) -> Self {
        let named =
            |(neighbour, idempotent): (Neighbour, bool)| (neighbour.name().to_owned(), idempotent);
        Self(Arc::new(promises.into_iter().map(named).collect()))
    }
}

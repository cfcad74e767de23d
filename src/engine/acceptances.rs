//! Acceptances whose sagas are still driven here, by what repeats of the request are known by: a
//! repeat waits for the first one's outcome instead of asking the database.

use dashmap::{DashMap, Entry};
use futures::FutureExt;
use futures::future::Shared;

use super::waiting::Taken;
use crate::order::UserId;
use crate::store::Identity;

/// What repeats of a user's request are known by.
pub(super) type Identified = (UserId, Identity);

/// What becomes of an acceptance, for any number of listeners.
pub(super) type Known = Shared<Taken>;

/// The acceptances of this process.
#[derive(Debug, Default)]
pub(super) struct Acceptances(DashMap<Identified, Known>);

impl Acceptances {
    /// Notes an acceptance; `false` where there is one of this identity already, which stays. Of
    /// two with one identity, the database decides which one is accepted.
    pub(super) fn note(&self, by: &Identified, taken: Taken) -> bool {
        match self.0.entry(by.clone()) {
            Entry::Vacant(entry) => drop(entry.insert(taken.shared())),
            Entry::Occupied(_) => return false,
        }
        true
    }

    /// What becomes of the acceptance of this identity, if it is one of this process.
    pub(super) fn get(&self, by: &Identified) -> Option<Known> {
        self.0.get(by).map(|known| known.clone())
    }

    pub(super) fn forget(&self, by: &Identified) {
        self.0.remove(by);
    }
}

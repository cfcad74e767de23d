//! The kinds of saga that this executor drives.

use std::sync::Arc;

use super::kind::Kind;
use crate::neighbours::BreakerView;
use crate::saga::Instance;

/// The kinds. The store reads sagas by the tables of these.
pub(super) struct Kinds(Vec<Arc<dyn Kind>>);

impl Kinds {
    pub(super) fn new(kinds: Vec<Arc<dyn Kind>>) -> Self {
        Self(kinds)
    }

    /// The kind of this saga.
    pub(super) fn of(&self, saga: &Instance) -> &dyn Kind {
        let is_of = |kind: &&Arc<dyn Kind>| {
            kind.definitions().iter().any(|known| std::ptr::eq(*known, saga.definition))
        };
        let kind = self.0.iter().find(is_of);
        kind.expect("a saga is read by a table of one of these kinds").as_ref()
    }

    /// The breakers of all neighbours that these kinds call.
    pub(super) fn breakers(&self) -> Vec<BreakerView> {
        self.0.iter().flat_map(|kind| kind.breakers()).collect()
    }
}

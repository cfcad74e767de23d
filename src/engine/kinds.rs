//! The kinds of saga that this executor drives.

use std::sync::Arc;

use super::kind::Kind;
use crate::neighbours::BreakerView;
use crate::saga::{Catalogue, Definition, Instance};
use crate::store::Error;

/// The kinds. The store reads sagas by the tables of these.
pub(super) struct Kinds(Vec<Arc<dyn Kind>>);

impl Kinds {
    pub(super) fn new(kinds: Vec<Arc<dyn Kind>>) -> Self {
        Self(kinds)
    }

    /// Every table by which sagas are read is one of these kinds'.
    ///
    /// # Errors
    /// [`Error::Unusable`] with the table that is not: its sagas would be claimed and driven by nobody.
    pub(super) fn check(&self, catalogue: Catalogue) -> Result<(), Error> {
        let is_carried =
            |table: &&Definition| self.0.iter().any(|kind| has_table(kind.as_ref(), table));
        let stray = catalogue.tables().iter().copied().find(|table| !is_carried(table));
        stray.map_or(Ok(()), |table| {
            let (kind, version) = (table.kind, table.version);
            Err(Error::Unusable(format!("no kind of saga carries {kind} version {version}")))
        })
    }

    /// The kind of this saga.
    pub(super) fn of(&self, saga: &Instance) -> &dyn Kind {
        let kind = self.0.iter().find(|kind| has_table(kind.as_ref(), saga.definition));
        kind.expect("a saga is read by a table of one of these kinds").as_ref()
    }

    /// The breakers of all neighbours that these kinds call.
    pub(super) fn breakers(&self) -> Vec<BreakerView> {
        self.0.iter().flat_map(|kind| kind.breakers()).collect()
    }
}

fn has_table(kind: &dyn Kind, table: &Definition) -> bool {
    kind.definitions().iter().any(|known| std::ptr::eq(*known, table))
}

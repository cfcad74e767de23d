//! The kinds of saga that this executor drives.

use std::sync::Arc;

use super::kind::Kind;
use crate::neighbours::BreakerView;
use crate::saga::{Definition, Instance};

/// The kinds, and their definitions as the store asks for them.
pub(super) struct Catalogue {
    kinds: Vec<Arc<dyn Kind>>,
    pub(super) definitions: Vec<&'static Definition>,
}

impl Catalogue {
    pub(super) fn new(kinds: Vec<Arc<dyn Kind>>) -> Self {
        Self { definitions: kinds.iter().map(|kind| kind.definition()).collect(), kinds }
    }

    /// The kind of this saga.
    pub(super) fn kind_of(&self, saga: &Instance) -> &dyn Kind {
        let kind = self.kinds.iter().find(|kind| std::ptr::eq(kind.definition(), saga.definition));
        // Instances are only made with a definition of this list.
        kind.expect("a saga's definition is one of this executor's").as_ref()
    }

    /// The breakers of all neighbours that these kinds call.
    pub(super) fn breakers(&self) -> Vec<BreakerView> {
        self.kinds.iter().flat_map(|kind| kind.breakers()).collect()
    }
}

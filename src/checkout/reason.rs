//! The checkout's own reasons to refuse, besides those that every saga has.

use serde::{Deserialize, Serialize};

use crate::order::Paise;
use crate::saga::Cause;

/// Why a checkout was refused before anything was sent. A stored format: variants are added and never
/// renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Reason {
    /// There was less of a product than its lines ask for together.
    InsufficientStock {
        /// The first line of that product.
        line: u16,
        /// How many pieces there were.
        available: i64,
    },
    /// The lines cost something else than the client expected.
    PriceChanged {
        /// What they cost.
        total: Paise,
    },
}

impl Reason {
    /// As the saga's cause.
    pub fn cause(&self) -> Cause {
        Cause::own(self)
    }
}

//! Giving back what an order took: two kinds of saga over the same two steps.
//!
//! A **cancellation** gives back the whole order, a **return** the goods that came back. Money and goods go
//! back side by side, and neither waits for the other. Both steps are retriable: there is no way back from
//! giving back, and no deadline. The keys of a cancellation's effects follow from the order, so that
//! however often it were begun, everything would go back once (promise 53); those of a return follow from
//! the return.

mod begin;
mod cancel;
mod facts;
mod given_back;
mod kind;
mod origin;
mod preview;
mod record;
mod standing;
pub mod step;
mod take_back;

use crate::neighbours::{PAYMENT, PRODUCT};
use crate::saga::{Action, Definition, KeyedBy, Per, SagaFacts, Sort, Stage, Work};

pub use begin::{cancellation, cancelling};
pub use cancel::{CancelAnswer, Wish};
pub use facts::ReversalFacts;
pub use given_back::GivenBack;
pub use kind::Reversal;
pub use origin::Origin;
pub use preview::{Begun, IMPORTED, Preview};
pub use standing::{Reversals, Sees, status_without_order};
pub use take_back::{ReturnAnswer, TakeBack};

/// Money and goods, side by side.
static GIVE_BACK: [Action; 2] = [
    Action {
        step: step::REFUND_PAYMENT,
        at: PAYMENT,
        per: Per::Saga,
        sort: Sort::Retriable,
        can_look_up: false,
    },
    Action {
        step: step::RELEASE_STOCK,
        at: PRODUCT,
        per: Per::Line,
        sort: Sort::Retriable,
        can_look_up: false,
    },
];

/// The cancellation of an order that stood.
pub static CANCELLATION: Definition = Definition {
    kind: "cancellation",
    version: 1,
    starts: "Cancelling",
    stages: &[
        Stage { work: Work::Effects(&GIVE_BACK), reaches: "Cancelling" },
        Stage { work: Work::Record(step::RECORD_CANCELLATION), reaches: "Cancelled" },
    ],
    back: None,
    facts: SagaFacts::decode::<ReversalFacts>,
    keyed_by: KeyedBy::Order,
};

/// Goods that came back.
pub static RETURN: Definition = Definition {
    kind: "return",
    version: 1,
    starts: "Returning",
    stages: &[
        Stage { work: Work::Effects(&GIVE_BACK), reaches: "Returning" },
        Stage { work: Work::Record(step::RECORD_RETURN), reaches: "Returned" },
    ],
    back: None,
    facts: SagaFacts::decode::<ReversalFacts>,
    keyed_by: KeyedBy::Saga,
};

/// Every table of this folder.
pub static DEFINITIONS: &[&Definition] = &[&CANCELLATION, &RETURN];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_follow_the_rules() {
        for definition in DEFINITIONS {
            assert_eq!(definition.faults(), Vec::<String>::new(), "{}", definition.kind);
        }
    }
}

//! The checkout: a table of stages, the facts that it stores, one function for each step, and the
//! desk that takes carts in.
//!
//! Money comes before stock, so that funds are sure before anything is reserved; prices are read once
//! and kept; the lines are reserved side by side.

mod desk;
mod facts;
mod kind;
mod reading;
mod reason;
mod record;
mod refusal;
pub mod step;

#[cfg(test)]
mod tests;

use crate::neighbours::{PAYMENT, PRODUCT, USER};
use crate::saga::{Action, Definition, KeyedBy, Per, SagaFacts, Sort, Stage, WayBack, Work};

pub use desk::{Answer, Desk, Order, Rules, outcome};
pub use facts::CheckoutFacts;
pub use kind::Checkout;
pub use reason::Reason;
pub use refusal::{Refusal, Told, Undoing};

/// The checkout, in one screen.
pub static DEFINITION: Definition = Definition {
    kind: "checkout",
    version: 1,
    starts: "Started",
    stages: &[
        Stage {
            work: Work::Read { step: step::FETCH_PROFILE, from: USER },
            reaches: "ProfileFetched",
        },
        Stage { work: Work::Read { step: step::PRICE_CART, from: PRODUCT }, reaches: "Priced" },
        Stage {
            work: Work::Effects(&[Action {
                step: step::CHARGE_PAYMENT,
                at: PAYMENT,
                per: Per::Saga,
                sort: Sort::Compensable { undo: step::REFUND_PAYMENT },
                can_look_up: true,
            }]),
            reaches: "Paid",
        },
        Stage {
            work: Work::Effects(&[Action {
                step: step::RESERVE_STOCK,
                at: PRODUCT,
                per: Per::Line,
                sort: Sort::Compensable { undo: step::RELEASE_STOCK },
                can_look_up: false,
            }]),
            reaches: "Reserved",
        },
        Stage { work: Work::Record(step::CONFIRM_ORDER), reaches: "Completed" },
    ],
    back: Some(WayBack { going: "Compensating", compensated: "Compensated", rejected: "Rejected" }),
    facts: SagaFacts::decode::<CheckoutFacts>,
    keyed_by: KeyedBy::Saga,
};

/// Every version of the checkout's table that this binary can carry on.
pub static DEFINITIONS: &[&Definition] = &[&DEFINITION];

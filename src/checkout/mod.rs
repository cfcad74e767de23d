//! The checkout: a table of steps, one function a step, and the desk that takes carts in.
//!
//! Money before stock, so that funds are sure before anything is reserved; prices are read once and
//! kept (promise 5); reservations are made side by side.

mod desk;
mod refusal;
mod step;

use crate::saga::definition::Per;
use crate::saga::{Definition, Neighbour, Stage, State, Step, Work};

pub use desk::{Answer, Desk, Order, Rules, Wait};
pub use refusal::{Refusal, Undoing};
pub use step::Checkout;

/// The checkout, in one screen.
pub static DEFINITION: Definition = Definition {
    kind: "checkout",
    version: 1,
    starts: State::Started,
    stages: &[
        Stage { step: Step::FetchProfile, work: Work::Read, reaches: State::ProfileFetched },
        Stage { step: Step::PriceCart, work: Work::Read, reaches: State::Priced },
        Stage {
            step: Step::ChargePayment,
            work: Work::Effect {
                at: Neighbour::Payment,
                undo: Step::RefundPayment,
                per: Per::Total,
                can_look_up: true,
            },
            reaches: State::Paid,
        },
        Stage {
            step: Step::ReserveStock,
            work: Work::Effect {
                at: Neighbour::Product,
                undo: Step::ReleaseStock,
                per: Per::Line,
                can_look_up: false,
            },
            reaches: State::Reserved,
        },
        Stage { step: Step::ConfirmOrder, work: Work::Confirm, reaches: State::Completed },
    ],
};

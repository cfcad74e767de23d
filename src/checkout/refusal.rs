//! Why a checkout was not an order, in the client's terms: a function of the stored cause, so that
//! every answer about a saga is the same answer (promise 36).

use serde::Deserialize;
use serde_json::Value;

use super::facts::CheckoutFacts;
use super::reason::Reason;
use super::step::{CHARGE_PAYMENT, FETCH_PROFILE, PRICE_CART, RESERVE_STOCK};
use crate::order::{Paise, ProductId};
use crate::saga::{Cause, End, Known, Progress, Step};

/// What a client is told of a checkout that came to nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The user service does not know the user.
    UserProfileNotFound,
    /// The product service does not know a product.
    ProductNotFound {
        /// Which.
        product_id: ProductId,
    },
    /// The cart costs something else than the customer saw.
    PriceChanged {
        /// What it costs, in paise.
        total: Paise,
    },
    /// There was too little of a product before any money moved.
    InsufficientStock {
        /// Which.
        product_id: ProductId,
        /// How much there was.
        available: i64,
    },
    /// The payment service does not know the profile.
    PayerNotFound,
    /// The wallet holds too little.
    InsufficientBalance {
        /// The payment service's own words.
        details: Option<Value>,
    },
    /// A reservation was refused.
    ReservationFailed {
        /// Which product.
        product_id: ProductId,
        /// The product service's own words.
        details: Option<Value>,
    },
    /// A neighbour was at fault or out of reach.
    NeighbourAtFault {
        /// In a sentence.
        detail: String,
    },
    /// Anything else.
    Failed {
        /// In a sentence.
        detail: String,
    },
}

/// How far a refused checkout is with undoing what had happened. The refusal is the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// What had happened is not all undone yet.
    UnderWay,
    /// Nothing is left of it, or nothing had happened.
    Done,
}

impl Undoing {
    /// Of a checkout that has come this far; `None` while it is not refused.
    pub fn of(progress: Progress) -> Option<Self> {
        match progress {
            Progress::Backward => Some(Self::UnderWay),
            Progress::Rest(End::Compensated | End::Rejected) => Some(Self::Done),
            Progress::Forward { .. } | Progress::Rest(End::Completed) => None,
        }
    }
}

impl Refusal {
    /// What the cause of a refused checkout means for its client.
    pub fn of(known: Option<&Known>) -> Self {
        let cause = known.and_then(|known| known.cause.as_ref());
        let facts = known.and_then(|known| known.facts.of::<CheckoutFacts>());
        let lines = facts.map_or(&[][..], |facts| &facts.lines);
        let product = |line: u16| lines.get(usize::from(line)).map(|line| line.product_id);
        match cause {
            Some(Cause::Refused { step, line, status, body }) => {
                let product = line.and_then(product);
                refused(step, product, *status, body.clone())
            }
            Some(Cause::Own(reason)) => match Reason::deserialize(reason) {
                Ok(Reason::InsufficientStock { line, available }) => match product(line) {
                    Some(product_id) => Self::InsufficientStock { product_id, available },
                    None => Self::Failed { detail: "a line that is not in the cart".to_owned() },
                },
                Ok(Reason::PriceChanged { total }) => Self::PriceChanged { total },
                Err(_of_a_newer_binary) => {
                    Self::Failed { detail: "its cause can't be read".to_owned() }
                }
            },
            // The neighbours' own words, and an operator's, are for operators.
            Some(Cause::Fault { step, .. }) => {
                Self::NeighbourAtFault { detail: format!("{step}: its answers can't be used") }
            }
            Some(Cause::Deadline { step, .. }) => {
                Self::NeighbourAtFault { detail: format!("{step} was not done by the deadline") }
            }
            Some(Cause::Operator { .. }) => {
                Self::Failed { detail: "stopped by an operator".to_owned() }
            }
            None => Self::Failed { detail: "no cause is recorded".to_owned() },
        }
    }
}

fn refused(
    step: &str,
    product: Option<ProductId>,
    status: Option<u16>,
    details: Option<Value>,
) -> Refusal {
    let is = |known: Step| step == known.word();
    match (product, status) {
        _ if is(FETCH_PROFILE) => Refusal::UserProfileNotFound,
        (Some(product_id), _) if is(PRICE_CART) => Refusal::ProductNotFound { product_id },
        (Some(product_id), _) if is(RESERVE_STOCK) => {
            Refusal::ReservationFailed { product_id, details }
        }
        (_, Some(404)) if is(CHARGE_PAYMENT) => Refusal::PayerNotFound,
        (_, Some(409)) if is(CHARGE_PAYMENT) => Refusal::InsufficientBalance { details },
        // A 400 says that the amount is not above 0, and we send no such amounts.
        (_, Some(status)) => {
            Refusal::NeighbourAtFault { detail: format!("{step} was answered {status}") }
        }
        (_, None) => Refusal::Failed { detail: format!("{step} was found not to have happened") },
    }
}

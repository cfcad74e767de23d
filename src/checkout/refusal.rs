//! Why a checkout was not an order, in the client's terms: a function of the stored cause, so that
//! every answer about a saga is the same answer (promise 36).

use serde::{Deserialize, Serialize};
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
    /// It was cancelled while it was in flight.
    Cancelled,
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
            Some(Cause::Cancelled { .. }) => Self::Cancelled,
            Some(Cause::Operator { .. }) => {
                Self::Failed { detail: "stopped by an operator".to_owned() }
            }
            None => Self::Failed { detail: "no cause is recorded".to_owned() },
        }
    }
}

/// A refusal in the words of the API: an HTTP status, the fixed text, and what goes with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The fixed text that clients may compare.
    pub error: &'static str,
    /// A sentence that says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The product in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// How much of the product there was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<i64>,
    /// What the cart costs, in paise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Paise>,
    /// A neighbour's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

const FAILED: &str = "Order creation failed";

impl Refusal {
    /// What a client is told. Only this function knows which HTTP status a refusal has.
    pub fn told(self) -> Told {
        let of = |status, error| Told { status, error, ..Told::default() };
        match self {
            Self::UserProfileNotFound => of(404, "User profile not found"),
            Self::ProductNotFound { product_id } => {
                Told { product_id: Some(product_id), ..of(404, "Product not found") }
            }
            Self::PriceChanged { total } => Told { total: Some(total), ..of(409, "Price changed") },
            Self::InsufficientStock { product_id, available } => Told {
                product_id: Some(product_id),
                available: Some(available),
                ..of(409, "Insufficient stock")
            },
            Self::PayerNotFound => {
                let detail = "the payment service does not know the user's profile".to_owned();
                Told { detail: Some(detail), ..of(404, "User not found") }
            }
            Self::InsufficientBalance { details } => {
                Told { details, ..of(409, "Payment failed - insufficient balance") }
            }
            Self::ReservationFailed { product_id, details } => {
                Told { product_id: Some(product_id), details, ..of(409, "Reservation failed") }
            }
            Self::Cancelled => of(409, "Order cancelled"),
            Self::NeighbourAtFault { detail } => Told { detail: Some(detail), ..of(502, FAILED) },
            Self::Failed { detail } => Told { detail: Some(detail), ..of(500, FAILED) },
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

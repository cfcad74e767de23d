//! Why a checkout was not an order, in the client's terms: a function of the stored cause, so that
//! every answer about a saga is the same answer.

use serde_json::Value;

use crate::order::{Line, Paise, ProductId};
use crate::saga::{Cause, State, Step};

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
    /// Of a checkout in this state; `None` while it is not refused.
    pub fn of(state: State) -> Option<Self> {
        match state {
            State::Compensating => Some(Self::UnderWay),
            State::Compensated | State::Rejected => Some(Self::Done),
            State::Started
            | State::ProfileFetched
            | State::Priced
            | State::Paid
            | State::Reserved
            | State::Completed => None,
        }
    }
}

impl Refusal {
    /// What this cause means for a client who asked for these lines.
    pub fn of(cause: Option<&Cause>, lines: &[Line]) -> Self {
        let product = |line: u16| lines.get(usize::from(line)).map(|line| line.product_id);
        match cause {
            Some(Cause::Refused { step, line, status, body }) => {
                let product = line.and_then(product);
                refused(*step, product, *status, body.clone())
            }
            Some(Cause::InsufficientStock { line, available }) => match product(*line) {
                Some(product_id) => Self::InsufficientStock { product_id, available: *available },
                None => Self::Failed { detail: "a line that is not in the cart".to_owned() },
            },
            Some(Cause::PriceChanged { total }) => Self::PriceChanged { total: *total },
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
    step: Step,
    product: Option<ProductId>,
    status: Option<u16>,
    details: Option<Value>,
) -> Refusal {
    match (step, product, status) {
        (Step::FetchProfile, _, _) => Refusal::UserProfileNotFound,
        (Step::PriceCart, Some(product_id), _) => Refusal::ProductNotFound { product_id },
        (Step::ReserveStock, Some(product_id), _) => {
            Refusal::ReservationFailed { product_id, details }
        }
        (Step::ChargePayment, _, Some(404)) => Refusal::PayerNotFound,
        (Step::ChargePayment, _, Some(409)) => Refusal::InsufficientBalance { details },
        // A 400 says that the amount is not above 0, and we send no such amounts.
        (step, _, Some(status)) => {
            Refusal::NeighbourAtFault { detail: format!("{step} was answered {status}") }
        }
        (step, _, None) => {
            Refusal::Failed { detail: format!("{step} was found not to have happened") }
        }
    }
}

//! What a saga knows: the cart, the payer, the prices, and why it went back.
//!
//! Stored as JSON in its row. Written at acceptance, once more with the prices, and once with the
//! cause of going back; nothing in it changes otherwise.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::vocabulary::{Neighbour, Step};
use crate::order::{Line, Paise, ProfileId};

/// Which neighbours promise to act once per key (promises 11 and 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds {
    /// The product service does.
    pub product: bool,
    /// The payment service does.
    pub payment: bool,
}

impl Kinds {
    /// Every neighbour keeps keys.
    pub const IDEMPOTENT: Self = Self { product: true, payment: true };

    /// Whether this one does. The user service is only read, which is always safe to repeat.
    pub fn of(self, neighbour: Neighbour) -> bool {
        match neighbour {
            Neighbour::User => true,
            Neighbour::Product => self.product,
            Neighbour::Payment => self.payment,
        }
    }
}

/// A saga's facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The cart's lines in the client's order.
    pub lines: Vec<Line>,
    /// Which neighbours were idempotent when the saga began; it is held to that.
    pub kinds: Kinds,
    /// The total that the customer saw. Another one after pricing is a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Paise>,
    /// A client waits for the decision, so that the saga has the shorter deadline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attended: bool,
    /// Who pays; known from `ProfileFetched` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// The unit price of each line; known from `Priced` on, and never read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_prices: Option<Vec<Paise>>,
    /// Why the saga went back or was rejected; the client's answer follows from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl Context {
    /// What is known at acceptance.
    pub fn accepted(lines: Vec<Line>, kinds: Kinds) -> Self {
        Self {
            lines,
            kinds,
            expected_total: None,
            attended: false,
            profile_id: None,
            unit_prices: None,
            cause: None,
        }
    }
}

/// Why a saga did not reach its goal. A stored format: append, never rename.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Cause {
    /// A neighbour said no, for good.
    Refused {
        /// Which step.
        step: Step,
        /// Which line, where the step has lines.
        line: Option<u16>,
        /// Its HTTP status; `None` when a person said so.
        status: Option<u16>,
        /// What it said.
        body: Option<Value>,
    },
    /// There was less of a product than its lines ask for together; nothing was sent.
    InsufficientStock {
        /// The first line of that product.
        line: u16,
        /// What there was.
        available: i64,
    },
    /// The lines cost something else than the client expected; nothing was sent.
    PriceChanged {
        /// What they cost.
        total: Paise,
    },
    /// A neighbour's answers could not be used.
    Fault {
        /// Which step.
        step: Step,
        /// What was wrong.
        detail: String,
    },
    /// Not `Reserved` by the deadline.
    Deadline {
        /// The step that was being tried.
        step: Step,
        /// What was wrong last.
        detail: Option<String>,
    },
    /// An operator's `compensate`.
    Operator {
        /// Who.
        operator: String,
        /// Why.
        reason: String,
    },
}

//! Effects: the four calls that change something at a neighbour, parsed. The ledger keeps them in this
//! form.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::service::Call;

/// A call that changes something. In JSON: `call`, and then the members of the payment or the units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Effect {
    /// Takes money from a wallet.
    Process(Payment),
    /// Puts money back.
    Refund(Payment),
    /// Takes units out of the stock.
    Reserve(Units),
    /// Puts units back.
    Release(Units),
}

/// The body of `process` and `refund`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// The order that is paid.
    pub order_id: Uuid,
    /// The user who pays.
    pub user_id: Uuid,
    /// The profile whose wallet it is.
    pub user_profile_id: Uuid,
    /// Paise, as they were sent. Zero and negative amounts are refused.
    pub amount: i64,
}

/// What `reserve` and `release` move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Units {
    /// The product.
    pub product_id: Uuid,
    /// Units, as they were sent. Zero and negative quantities are refused.
    pub quantity: i64,
}

/// What a call is about, as far as faults tell calls apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    /// The product, of a call to the product service.
    pub product_id: Option<Uuid>,
    /// The user who pays or is paid back.
    pub user_id: Option<Uuid>,
}

impl Effect {
    /// What it is about.
    pub(super) fn subject(&self) -> Subject {
        Subject {
            product_id: self.units().map(|units| units.product_id),
            user_id: self.payment().map(|payment| payment.user_id),
        }
    }

    /// The call that asks for this effect.
    #[must_use]
    pub fn call(&self) -> Call {
        match self {
            Self::Process(_) => Call::Process,
            Self::Refund(_) => Call::Refund,
            Self::Reserve(_) => Call::Reserve,
            Self::Release(_) => Call::Release,
        }
    }

    /// The payment, if this is an effect of the payment service.
    #[must_use]
    pub fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Process(payment) | Self::Refund(payment) => Some(payment),
            Self::Reserve(_) | Self::Release(_) => None,
        }
    }

    /// The units, if this is an effect of the product service.
    #[must_use]
    pub fn units(&self) -> Option<&Units> {
        match self {
            Self::Reserve(units) | Self::Release(units) => Some(units),
            Self::Process(_) | Self::Refund(_) => None,
        }
    }
}

//! The three neighbours, their calls, and which of them are idempotent.

use serde::{Deserialize, Serialize};

/// One of the three neighbours.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Service {
    /// Keeps users, their profiles and wallets.
    User,
    /// Keeps products, prices and stock.
    Product,
    /// Moves money in and out of wallets.
    Payment,
}

/// A call of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Call {
    /// `GET /api/users/by-userid/{userId}`
    GetUser,
    /// `GET /api/products/{id}`
    GetProduct,
    /// `POST /api/products/{id}/reserve`
    Reserve,
    /// `POST /api/products/{id}/release`
    Release,
    /// `POST /api/payments/process`
    Process,
    /// `POST /api/payments/refund`
    Refund,
    /// `GET /api/payments/status/{orderId}`
    PaymentStatus,
}

impl Call {
    /// The neighbour that takes this call.
    #[must_use]
    pub fn service(self) -> Service {
        match self {
            Self::GetUser => Service::User,
            Self::GetProduct | Self::Reserve | Self::Release => Service::Product,
            Self::Process | Self::Refund | Self::PaymentStatus => Service::Payment,
        }
    }
}

/// Which neighbours are idempotent. An idempotent one acts once for each `Idempotency-Key`, and answers a
/// repeated key with its first answer, even if that was a refusal. The others act on every call. In JSON,
/// absent members are true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Idempotency {
    /// The user service is idempotent. This changes nothing, since the order service only reads from it.
    pub user: bool,
    /// The product service is idempotent.
    pub product: bool,
    /// The payment service is idempotent.
    pub payment: bool,
}

impl Default for Idempotency {
    fn default() -> Self {
        Self { user: true, product: true, payment: true }
    }
}

impl Idempotency {
    /// All three act on every call, as the platform's own services do.
    pub const REPEATING: Self = Self { user: false, product: false, payment: false };

    /// Whether this neighbour is idempotent.
    #[must_use]
    pub fn is_idempotent(self, service: Service) -> bool {
        match service {
            Service::User => self.user,
            Service::Product => self.product,
            Service::Payment => self.payment,
        }
    }
}

//! The three neighbours, the calls they take, and which of them keep the promise of idempotency.

use serde::{Deserialize, Serialize};

/// One of the three neighbours.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Service {
    /// Knows users and their profiles.
    User,
    /// Knows products, prices and stock.
    Product,
    /// Moves money in and out of wallets.
    Payment,
}

/// One call of a neighbour, as a fault names it.
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

/// Which neighbours are idempotent: a repeated `Idempotency-Key` gets the first answer, refusals
/// included, and acts once. The others act again on every call. In JSON, what is absent is idempotent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kinds {
    /// The user service is idempotent. It only has reads, so this changes nothing.
    pub user: bool,
    /// The product service is idempotent.
    pub product: bool,
    /// The payment service is idempotent.
    pub payment: bool,
}

impl Default for Kinds {
    fn default() -> Self {
        Self { user: true, product: true, payment: true }
    }
}

impl Kinds {
    /// All three act again on every call, as the platform's own services do.
    pub const REPEATING: Self = Self { user: false, product: false, payment: false };

    /// Whether this neighbour is idempotent.
    #[must_use]
    pub fn idempotent(self, service: Service) -> bool {
        match service {
            Service::User => self.user,
            Service::Product => self.product,
            Service::Payment => self.payment,
        }
    }
}

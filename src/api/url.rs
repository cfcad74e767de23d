//! Where a client finds what an answer speaks of.

use crate::order::OrderId;

/// An order that stands.
pub(super) fn order(id: OrderId) -> String {
    format!("/api/orders/{id}")
}

/// What became of a checkout.
pub(super) fn status(id: OrderId) -> String {
    format!("/api/orders/{id}/status")
}

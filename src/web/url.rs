//! The addresses that answers refer to.

use crate::order::OrderId;

/// The address of an order.
pub(crate) fn order(id: OrderId) -> String {
    format!("/api/orders/{id}")
}

/// The address of a checkout's status.
pub(crate) fn status(id: OrderId) -> String {
    format!("/api/orders/{id}/status")
}

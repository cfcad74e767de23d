//! What the shop says of an order, and how that may change.
//!
//! ```text
//! Pending ──▶ Confirmed ──▶ Shipped ──▶ Delivered
//!    │  │         │
//!    │  │         └──▶ Cancelling ──▶ Cancelled
//!    │  └───────────────▲
//!    └──▶ Rejected
//! ```
//!
//! Until its checkout completes, an order has no row, and its status follows from its saga. From then on
//! each move is one conditional update of the row, in one transaction with the event that tells of it: of
//! two requests that want to move the same order, one wins (promise 55).

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// What the shop says of an order, in clients' words. Stored in `orders.status` from `Confirmed` on.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
pub enum OrderStatus {
    /// Accepted, not decided.
    Pending,
    /// Paid and reserved.
    Confirmed,
    /// Nothing was kept: refused, or undone.
    Rejected,
    /// A cancellation is under way.
    Cancelling,
    /// Everything is given back.
    Cancelled,
    /// On its way.
    Shipped,
    /// Arrived.
    Delivered,
}

/// A move of an order that has a row. There are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The status that the order has to have.
    pub from: OrderStatus,
    /// The status that it gets.
    pub to: OrderStatus,
}

impl Move {
    /// A cancellation begins.
    pub const CANCEL: Self = Self { from: OrderStatus::Confirmed, to: OrderStatus::Cancelling };
    /// Everything is given back.
    pub const CANCELLED: Self = Self { from: OrderStatus::Cancelling, to: OrderStatus::Cancelled };
    /// The first shipment leaves.
    pub const SHIP: Self = Self { from: OrderStatus::Confirmed, to: OrderStatus::Shipped };
    /// The last line arrives.
    pub const DELIVER: Self = Self { from: OrderStatus::Shipped, to: OrderStatus::Delivered };
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CANCEL, Self::CANCELLED, Self::SHIP, Self::DELIVER];
}

impl OrderStatus {
    /// Whether an order of this status never changes it any more.
    pub fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Confirmed | Self::Cancelling | Self::Shipped => false,
            Self::Rejected | Self::Cancelled | Self::Delivered => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn no_order_moves_out_of_a_final_status_or_back() {
        for status in OrderStatus::iter() {
            let onwards = Move::ALL.iter().filter(|it| it.from == status).count();
            let stored = !matches!(status, OrderStatus::Pending);
            assert_eq!(onwards == 0, status.is_final() || !stored, "{status}");
        }
        // Followed as far as they go, the moves never come to where they have been.
        for first in Move::ALL {
            let mut reached = vec![first.to];
            while let Some(next) = Move::ALL.iter().find(|it| Some(&it.from) == reached.last()) {
                assert!(!reached.contains(&next.to) && next.to != first.from);
                reached.push(next.to);
            }
        }
    }

    #[test]
    fn what_is_on_its_way_can_not_be_cancelled_and_what_is_cancelled_not_shipped() {
        let froms = |to| Move::ALL.iter().filter(move |it| it.to == to).map(|it| it.from);
        assert!(froms(OrderStatus::Cancelling).eq([OrderStatus::Confirmed]));
        assert!(froms(OrderStatus::Shipped).eq([OrderStatus::Confirmed]));
    }
}

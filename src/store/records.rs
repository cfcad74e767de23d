//! What a saga writes into the books in the transaction that brings it to rest.
//!
//! The log writer knows nothing of it but the tables and their rows: a kind of saga fills
//! [`Records`], and what is filled goes into the same commit.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::codec::{EVENT, ITEM, ORDER, event_row, item_rows, order_row};
use super::rowset::{Column, Rowset};
use super::write::Write;
use crate::order::{OrderId, Paise, PricedLine, UserId};

/// What goes into the books with the end of a saga; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// An order that stands from now on.
    pub order: Option<NewOrder>,
}

impl Records {
    /// Takes in what a later write of the same saga has.
    pub fn merge(&mut self, later: Self) {
        self.order = self.order.take().or(later.order);
    }
}

/// An order row with its lines and its event.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The order's id.
    pub id: OrderId,
    /// Who bought.
    pub user_id: UserId,
    /// The sum, in paise.
    pub total: Paise,
    /// When the checkout was accepted.
    pub created_at: DateTime<Utc>,
    /// When it completed.
    pub confirmed_at: DateTime<Utc>,
    /// The lines in cart order, each with an id of its own.
    pub items: Vec<(Uuid, PricedLine)>,
    /// The id of the `OrderConfirmed` event.
    pub event_id: Uuid,
}

/// The tables that records go into, in the order in which they are written, with their columns.
pub(super) const TABLES: [(&str, &[Column]); 3] =
    [("orders", &ORDER), ("order_items", &ITEM), ("outbox", &EVENT)];

/// The rows of what these writes record, a rowset for each of [`TABLES`].
pub(super) fn rowsets<'a>(writes: &[&'a Write]) -> [Rowset<'a>; TABLES.len()] {
    let orders = || writes.iter().filter_map(|write| write.records.order.as_ref());
    [
        Rowset::of(&ORDER, orders().map(order_row)),
        Rowset::of(&ITEM, orders().flat_map(item_rows)),
        Rowset::of(&EVENT, orders().map(event_row)),
    ]
}

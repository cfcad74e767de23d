//! What a saga writes into the books besides its own row and log, in the same transaction.
//!
//! The log writer knows nothing of it but the tables and their rows: a kind of saga fills
//! [`Records`], and what is filled goes into the same commit.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::codec::{
    AUDIT, EVENT, ITEM, MOVED, ORDER, OVER, RETURN_DONE, TROUBLE, audit_row, event_rows, item_rows,
    moved_row, order_row, over_row, return_done_row, trouble_row,
};
use super::outbox::{NewEvent, insert_events};
use super::rowset::{Column, Form, Rowset};
use super::trail::NewAuditEntry;
use super::troubles::{Troubled, end_troubles, write_troubles};
use super::write::Write;
use crate::order::{
    Line, Move, OrderId, OrderStatus, Paise, PricedLine, ProfileId, ShippingAddress, UserId,
};

/// What goes into the books with a write of a saga; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// An order that stands from now on.
    pub order: Option<NewOrder>,
    /// An order that has another status from now on.
    pub moved: Option<MovedOrder>,
    /// A return that is done from now on.
    pub returned: Option<ReturnDone>,
    /// A saga that begins with it, and that nobody owns yet.
    pub begun: Option<Box<Write>>,
    /// What listeners are to be told, in this order.
    pub events: Vec<NewEvent>,
    /// That the saga is in trouble, or is no longer.
    pub troubled: Option<Troubled>,
    /// What persons have done with it.
    pub audited: Vec<NewAuditEntry>,
}

impl Records {
    /// Takes in what a later write of the same saga has.
    pub fn merge(&mut self, later: Self) {
        self.order = self.order.take().or(later.order);
        self.moved = self.moved.take().or(later.moved);
        self.returned = self.returned.take().or(later.returned);
        self.begun = self.begun.take().or(later.begun);
        self.events.extend(later.events);
        self.troubled = later.troubled.or(self.troubled.take());
        self.audited.extend(later.audited);
    }
}

/// An order row with its lines.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The order's id.
    pub id: OrderId,
    /// Who bought.
    pub user_id: UserId,
    /// Who paid, as the user service knows them.
    pub profile_id: Option<ProfileId>,
    /// The sum, in paise.
    pub total: Paise,
    /// What is said of it from the start.
    pub status: OrderStatus,
    /// When the checkout was accepted.
    pub created_at: DateTime<Utc>,
    /// When it completed.
    pub confirmed_at: DateTime<Utc>,
    /// Where to, as JSON.
    pub shipping_address: Option<ShippingAddress>,
    /// The lines in cart order, each with an id of its own.
    pub items: Vec<(Uuid, PricedLine)>,
}

/// A move of an order that stands.
#[derive(Clone, Debug)]
pub struct MovedOrder {
    /// Which order.
    pub id: OrderId,
    /// From where to where. An order that is elsewhere is left alone.
    pub by: Move,
    /// When.
    pub at: DateTime<Utc>,
}

/// A return that everything was given back for.
#[derive(Clone, Copy, Debug)]
pub struct ReturnDone {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// A return that begins.
#[derive(Clone, Debug)]
pub struct NewReturn {
    /// Its id, which is its saga's.
    pub id: Uuid,
    /// Of which order.
    pub order_id: OrderId,
    /// What is given back, in paise.
    pub refunded: Paise,
    /// Why, in the words of whoever took the goods back.
    pub reason: Option<String>,
    /// Whether they are in stock again.
    pub restock: bool,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// What came back.
    pub lines: Vec<ReturnedLine>,
}

/// A line that came back, whole or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnedLine {
    /// Which line of the order, from 0.
    pub line: u16,
    /// The product and how many pieces of it.
    pub of: Line,
    /// What is given back for it, in paise.
    pub amount: Paise,
}

/// A table that records go into, and the statement that takes its rows.
pub(super) struct Recording {
    /// A name for it in a statement that has several.
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    /// The statement, for a rowset whose first parameter is the given one.
    pub(super) sql: fn(Form, usize) -> String,
}

/// In the order in which they are written.
pub(super) const RECORDINGS: [Recording; 8] = [
    Recording {
        name: "new_orders",
        columns: &ORDER,
        sql: |form, first| form.insert("orders", &ORDER, first),
    },
    Recording {
        name: "new_items",
        columns: &ITEM,
        sql: |form, first| form.insert("order_items", &ITEM, first),
    },
    Recording { name: "moved_orders", columns: &MOVED, sql: move_orders },
    Recording { name: "done_returns", columns: &RETURN_DONE, sql: end_returns },
    Recording { name: "new_events", columns: &EVENT, sql: insert_events },
    Recording { name: "troubles", columns: &TROUBLE, sql: write_troubles },
    Recording { name: "ended_troubles", columns: &OVER, sql: end_troubles },
    Recording {
        name: "audited",
        columns: &AUDIT,
        sql: |form, first| form.insert("audit_entry", &AUDIT, first),
    },
];

/// The rows of what these writes record, a rowset for each of [`RECORDINGS`].
pub(super) fn rowsets<'a>(writes: &[&'a Write]) -> [Rowset<'a>; RECORDINGS.len()] {
    let each = || writes.iter().map(|write| &write.records);
    let orders = || each().filter_map(|records| records.order.as_ref());
    let returns = each().filter_map(|records| records.returned.as_ref());
    let troubled = || each().filter_map(|records| records.troubled.as_ref());
    [
        Rowset::of(&ORDER, orders().map(order_row)),
        Rowset::of(&ITEM, orders().flat_map(item_rows)),
        Rowset::of(&MOVED, each().filter_map(|records| records.moved.as_ref()).map(moved_row)),
        Rowset::of(&RETURN_DONE, returns.map(return_done_row)),
        Rowset::of(&EVENT, event_rows(each().flat_map(|records| &records.events))),
        Rowset::of(&TROUBLE, troubled().filter_map(trouble_row)),
        Rowset::of(&OVER, troubled().filter_map(over_row)),
        Rowset::of(&AUDIT, each().flat_map(|records| &records.audited).map(audit_row)),
    ]
}

/// One conditional update for each: an order that is not where the move begins stays as it is.
pub(super) fn move_orders(form: Form, first: usize) -> String {
    format!(
        "UPDATE orders SET status = r.status, updated_at = r.updated_at, \
         cancelled_at = COALESCE(r.cancelled_at, orders.cancelled_at), \
         shipped_at = COALESCE(r.shipped_at, orders.shipped_at), \
         delivered_at = COALESCE(r.delivered_at, orders.delivered_at) \
         FROM {} WHERE orders.id = r.id AND orders.status = r.from_status",
        form.source(&MOVED, first)
    )
}

fn end_returns(form: Form, first: usize) -> String {
    format!(
        "UPDATE returns SET returned_at = r.returned_at FROM {} WHERE returns.id = r.id",
        form.source(&RETURN_DONE, first)
    )
}

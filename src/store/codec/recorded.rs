//! The rows of [`Records`](crate::store::Records), with their columns.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::written::{encoded, text, whole};
use crate::order::{OrderStatus, PricedLine};
use crate::store::outbox::NewEvent;
use crate::store::records::{MovedOrder, NewOrder, NewReturn, ReturnDone};
use crate::store::rowset::{Cell, Column, Type};
use crate::store::trail::NewAuditEntry;
use crate::store::troubles::Troubled;

pub(in crate::store) const ORDER: [Column; 8] = [
    ("id", Type::Uuid),
    ("user_id", Type::Uuid),
    ("total_amount", Type::BigInt),
    ("status", Type::Text),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
    ("profile_id", Type::Uuid),
    ("shipping_address", Type::Json),
];

/// An order of the old database.
pub(in crate::store) const IMPORTED: [Column; 7] = [
    ("id", Type::Uuid),
    ("user_id", Type::Uuid),
    ("total_amount", Type::BigInt),
    ("status", Type::Text),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
    ("imported_at", Type::Time),
];

pub(in crate::store) const ITEM: [Column; 6] = [
    ("id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("line", Type::Int),
    ("product_id", Type::Uuid),
    ("quantity", Type::Int),
    ("unit_price", Type::BigInt),
];

pub(in crate::store) const MOVED: [Column; 7] = [
    ("id", Type::Uuid),
    ("from_status", Type::Text),
    ("status", Type::Text),
    ("updated_at", Type::Time),
    ("cancelled_at", Type::Time),
    ("shipped_at", Type::Time),
    ("delivered_at", Type::Time),
];

pub(in crate::store) const RETURN: [Column; 6] = [
    ("id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("refunded", Type::BigInt),
    ("reason", Type::Text),
    ("restock", Type::Bool),
    ("created_at", Type::Time),
];

pub(in crate::store) const RETURN_DONE: [Column; 2] =
    [("id", Type::Uuid), ("returned_at", Type::Time)];

pub(in crate::store) const RETURN_LINE: [Column; 5] = [
    ("return_id", Type::Uuid),
    ("line", Type::Int),
    ("product_id", Type::Uuid),
    ("quantity", Type::Int),
    ("amount", Type::BigInt),
];

/// `nth`: which one among those of its order in this rowset, from 1.
pub(in crate::store) const EVENT: [Column; 9] = [
    ("id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("user_id", Type::Uuid),
    ("kind", Type::Text),
    ("status", Type::Text),
    ("payload", Type::Json),
    ("created_at", Type::Time),
    ("trace_parent", Type::Text),
    ("nth", Type::Int),
];

pub(in crate::store) const TROUBLE: [Column; 11] = [
    ("saga_id", Type::Uuid),
    ("kind", Type::Text),
    ("stuck", Type::Text),
    ("step", Type::Text),
    ("error", Type::Text),
    ("group_id", Type::Text),
    ("money", Type::BigInt),
    ("pieces", Type::BigInt),
    ("steps", Type::Text),
    ("neighbours", Type::Text),
    ("created_at", Type::Time),
];

/// Sagas that are in trouble no longer.
pub(in crate::store) const OVER: [Column; 1] = [("saga_id", Type::Uuid)];

pub(in crate::store) const AUDIT: [Column; 9] = [
    ("id", Type::Uuid),
    ("at", Type::Time),
    ("who", Type::Text),
    ("role", Type::Text),
    ("via", Type::Text),
    ("action", Type::Text),
    ("target", Type::Text),
    ("reason", Type::Text),
    ("result", Type::Text),
];

/// A row of [`ORDER`].
pub(in crate::store) fn order_row(order: &NewOrder) -> [Cell<'_>; 8] {
    [
        order.id.0.into(),
        order.user_id.0.into(),
        order.total.0.into(),
        text(order.status),
        order.created_at.into(),
        order.confirmed_at.into(),
        order.profile_id.map(|profile| profile.0).into(),
        order.shipping_address.as_ref().map(encoded).into(),
    ]
}

/// A row of [`IMPORTED`].
pub(in crate::store) fn imported_row(order: &NewOrder, at: DateTime<Utc>) -> [Cell<'_>; 7] {
    [
        order.id.0.into(),
        order.user_id.0.into(),
        order.total.0.into(),
        text(order.status),
        order.created_at.into(),
        order.confirmed_at.into(),
        at.into(),
    ]
}

/// Rows of [`ITEM`].
pub(in crate::store) fn item_rows(order: &NewOrder) -> impl Iterator<Item = [Cell<'_>; 6]> {
    order.items.iter().zip(0_i32..).map(|((id, PricedLine { line, unit_price }), at)| {
        [
            (*id).into(),
            order.id.0.into(),
            at.into(),
            line.product_id.0.into(),
            whole(line.quantity),
            unit_price.0.into(),
        ]
    })
}

/// A row of [`MOVED`].
pub(in crate::store) fn moved_row(moved: &MovedOrder) -> [Cell<'_>; 7] {
    let at = |status| Some(moved.at).filter(|_| moved.by.to == status).into();
    [
        moved.id.0.into(),
        text(moved.by.from),
        text(moved.by.to),
        moved.at.into(),
        at(OrderStatus::Cancelled),
        at(OrderStatus::Shipped),
        at(OrderStatus::Delivered),
    ]
}

/// A row of [`RETURN`].
pub(in crate::store) fn return_row(returned: &NewReturn) -> [Cell<'_>; 6] {
    [
        returned.id.into(),
        returned.order_id.0.into(),
        returned.refunded.0.into(),
        returned.reason.as_deref().into(),
        returned.restock.into(),
        returned.created_at.into(),
    ]
}

/// A row of [`RETURN_DONE`].
pub(in crate::store) fn return_done_row(done: &ReturnDone) -> [Cell<'_>; 2] {
    [done.id.into(), done.at.into()]
}

/// Rows of [`RETURN_LINE`].
pub(in crate::store) fn return_line_rows(
    returned: &NewReturn,
) -> impl Iterator<Item = [Cell<'_>; 5]> {
    returned.lines.iter().map(|line| {
        [
            returned.id.into(),
            i32::from(line.line).into(),
            line.of.product_id.0.into(),
            whole(line.of.quantity),
            line.amount.0.into(),
        ]
    })
}

/// Rows of [`EVENT`].
pub(in crate::store) fn event_rows<'a>(
    events: impl Iterator<Item = &'a NewEvent>,
) -> impl Iterator<Item = [Cell<'a>; 9]> {
    let mut told: HashMap<_, u32> = HashMap::new();
    events.map(move |event| {
        let nth = told.entry(event.order_id.0).or_default();
        *nth += 1;
        [
            event.id.into(),
            event.order_id.0.into(),
            event.user_id.0.into(),
            text(event.fact.kind()),
            event.status.map(text).into(),
            encoded(&event.fact),
            event.at.into(),
            event.trace_parent.as_str().into(),
            whole(*nth),
        ]
    })
}

/// A row of [`TROUBLE`], of a saga that is in trouble.
pub(in crate::store) fn trouble_row(troubled: &Troubled) -> Option<[Cell<'_>; 11]> {
    let Troubled { saga, kind, created_at, trouble } = troubled;
    let trouble = trouble.as_ref()?;
    Some([
        saga.0.into(),
        kind.as_str().into(),
        trouble.stuck.map(text).into(),
        trouble.step.as_str().into(),
        trouble.error.as_deref().into(),
        trouble.group(kind).into(),
        trouble.money.0.into(),
        i64::try_from(trouble.pieces).unwrap_or(i64::MAX).into(),
        words(&trouble.steps).into(),
        words(&trouble.neighbours).into(),
        (*created_at).into(),
    ])
}

/// A row of [`OVER`], of a saga that is in trouble no longer.
pub(in crate::store) fn over_row(troubled: &Troubled) -> Option<[Cell<'_>; 1]> {
    troubled.trouble.is_none().then(|| [troubled.saga.0.into()])
}

/// A row of [`AUDIT`].
pub(in crate::store) fn audit_row(entry: &NewAuditEntry) -> [Cell<'_>; 9] {
    [
        entry.id.into(),
        entry.at.into(),
        entry.who.as_str().into(),
        text(entry.role),
        text(entry.via),
        text(entry.action),
        entry.target.as_deref().into(),
        entry.reason.as_deref().into(),
        text(entry.result),
    ]
}

/// Words with a space before and after each, to be looked for by `LIKE`.
fn words(words: &BTreeSet<String>) -> String {
    words.iter().fold(" ".to_owned(), |all, word| all + word + " ")
}

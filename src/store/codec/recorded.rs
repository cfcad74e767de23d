//! The rows of [`Records`](crate::store::Records), with their columns.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::written::{encoded, text, whole};
use crate::order::{OrderId, OrderStatus, Paise, PricedLine, ProductId, UserId};
use crate::store::records::NewOrder;
use crate::store::rowset::{Cell, Column, Type};

pub(in crate::store) const ORDER: [Column; 6] = [
    ("id", Type::Uuid),
    ("user_id", Type::Uuid),
    ("total_amount", Type::BigInt),
    ("status", Type::Text),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
];

pub(in crate::store) const ITEM: [Column; 6] = [
    ("id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("line", Type::Int),
    ("product_id", Type::Uuid),
    ("quantity", Type::Int),
    ("unit_price", Type::BigInt),
];

pub(in crate::store) const EVENT: [Column; 5] = [
    ("id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("kind", Type::Text),
    ("payload", Type::Json),
    ("created_at", Type::Time),
];

/// A row of [`ORDER`].
pub(in crate::store) fn order_row(order: &NewOrder) -> [Cell<'_>; 6] {
    [
        order.id.0.into(),
        order.user_id.0.into(),
        order.total.0.into(),
        text(OrderStatus::Confirmed),
        order.created_at.into(),
        order.confirmed_at.into(),
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

/// What `OrderConfirmed` says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Confirmed {
    id: OrderId,
    user_id: UserId,
    total_amount: Paise,
    created_at: DateTime<Utc>,
    items: Vec<ConfirmedLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmedLine {
    product_id: ProductId,
    quantity: u32,
    unit_price: Paise,
}

/// A row of [`EVENT`].
pub(in crate::store) fn event_row(order: &NewOrder) -> [Cell<'_>; 5] {
    let items = order.items.iter().map(|(_, PricedLine { line, unit_price })| ConfirmedLine {
        product_id: line.product_id,
        quantity: line.quantity,
        unit_price: *unit_price,
    });
    let payload = Confirmed {
        id: order.id,
        user_id: order.user_id,
        total_amount: order.total,
        created_at: order.created_at,
        items: items.collect(),
    };
    [
        order.event_id.into(),
        order.id.0.into(),
        "OrderConfirmed".into(),
        encoded(&payload),
        order.confirmed_at.into(),
    ]
}

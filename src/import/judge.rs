//! Whether an order of the file can be imported. Pure.

use std::collections::HashSet;

use uuid::Uuid;

use super::join::Placed;
use super::record::{ItemRow, OrderRow};
use super::rejects::Reject;
use super::tally::{Amounts, Month};
use crate::order::{Line, OrderId, OrderStatus, Paise, PricedLine, ProductId, UserId};
use crate::store::NewOrder;

/// What is to become of an order and its lines: each row is in `expected` or among `rejected`.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// To be written.
    pub(super) write: Option<NewOrder>,
    /// It is not there yet.
    pub(super) is_new: bool,
    /// What the books have to have afterwards; `None` where it is nothing.
    pub(super) expected: Option<Amounts>,
    /// What is not imported.
    pub(super) rejected: Vec<Reject>,
    /// What is there, and not as the file has it.
    pub(super) differs: Vec<Reject>,
}

/// Judges an order that is not there. `taken`: ids of lines that are there, of other orders.
pub(super) fn judge(placed: &Placed, status: OrderStatus, taken: &HashSet<Uuid>) -> Judged {
    match accept(placed, status, taken) {
        Ok(order) => {
            let lines = order.items.len() as u64;
            let paise = i128::from(order.total.0);
            let expected = Some(Amounts { orders: 1, lines, paise });
            Judged { write: Some(order), is_new: true, expected, ..Judged::default() }
        }
        Err(reason) => {
            let line = placed.order.line;
            let month = placed.order.created_at.map(Month::of);
            let item = |item: &ItemRow| {
                let own = item.fault.clone();
                let with_order = || format!("its order, line {line} of the orders, is rejected");
                Reject::item(item, month, own.unwrap_or_else(with_order))
            };
            let mut rejected = vec![Reject::order(&placed.order, reason)];
            rejected.extend(placed.lines.iter().map(item));
            Judged { rejected, ..Judged::default() }
        }
    }
}

fn accept(
    Placed { order, lines, is_cut }: &Placed,
    status: OrderStatus,
    taken: &HashSet<Uuid>,
) -> Result<NewOrder, String> {
    if let Some(fault) = &order.fault {
        return Err(fault.clone());
    }
    if lines.is_empty() {
        return Err("has no lines".to_owned());
    }
    if *is_cut {
        return Err("has too many lines".to_owned());
    }
    if let Some(item) = lines.iter().find(|item| item.fault.is_some()) {
        let fault = item.fault.as_deref().unwrap_or_default();
        return Err(format!(
            "its line, line {} of the items, can't be imported: {fault}",
            item.line
        ));
    }
    if let Some(item) = lines.iter().find(|item| item.id.is_some_and(|id| taken.contains(&id))) {
        let line = item.line;
        return Err(format!(
            "the Id of its line, line {line} of the items, is that of another line"
        ));
    }
    let items: Option<Vec<(Uuid, PricedLine)>> = lines.iter().map(line).collect();
    let new = |items: Vec<_>| whole(order, items, status);
    // Without a fault, nothing is missing.
    let order = items.and_then(new).ok_or("is not complete")?;
    let sum: i128 = order.items.iter().map(|(_, line)| cost(line)).sum();
    if sum != i128::from(order.total.0) {
        let total = order.total;
        return Err(format!("TotalAmount is {total} paise, but its lines add up to {sum}"));
    }
    Ok(order)
}

fn cost(line: &PricedLine) -> i128 {
    i128::from(line.unit_price.0) * i128::from(line.line.quantity)
}

fn line(item: &ItemRow) -> Option<(Uuid, PricedLine)> {
    let product_id = ProductId(item.product_id?);
    let line = Line { product_id, quantity: u32::try_from(item.quantity?).ok()? };
    Some((item.id?, PricedLine { line, unit_price: Paise(item.unit_price?) }))
}

fn whole(
    order: &OrderRow,
    items: Vec<(Uuid, PricedLine)>,
    status: OrderStatus,
) -> Option<NewOrder> {
    let created_at = order.created_at?;
    Some(NewOrder {
        id: OrderId(order.id?),
        user_id: UserId(order.user_id?),
        profile_id: None,
        total: Paise(order.total?),
        status,
        created_at,
        // It is not known when it last changed.
        confirmed_at: created_at,
        shipping_address: None,
        items,
    })
}

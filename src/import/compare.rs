//! How an order of the file and the one that is there differ. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::join::Placed;
use super::judge::Judged;
use super::record::{ItemRow, OrderRow};
use super::rejects::Reject;
use super::tally::{Amounts, Month};
use crate::order::OrderStatus;
use crate::store::{Item, Order};

/// Compares an order that is there. What the file has more of lines is rejected: an order is imported
/// with all its lines or not at all.
pub(super) fn compare(placed: &Placed, there: &Order, status: OrderStatus) -> Judged {
    let Placed { order, lines, is_cut: _ } = placed;
    let month = order.created_at.map(Month::of);
    let mut missing: HashMap<Uuid, &Item> =
        there.items.iter().map(|item| (item.id, item)).collect();
    let mut judged = Judged::default();
    let mut found = 0;
    for item in lines {
        let Some(kept) = item.id.and_then(|id| missing.remove(&id)) else {
            let reason = "its order was imported before, without this line";
            let reason = match &item.fault {
                Some(fault) => format!("{fault}; {reason}"),
                None => reason.to_owned(),
            };
            judged.rejected.push(Reject::item(item, month, reason));
            continue;
        };
        found += 1;
        if let Some(how) = of_item(item, kept) {
            judged.differs.push(Reject::item(item, month, differs(&how)));
        }
    }
    if let Some(how) = of_order(order, there, status, missing.len()) {
        judged.differs.push(Reject::order(order, differs(&how)));
    }
    let paise = i128::from(order.total.unwrap_or(0));
    judged.expected = Some(Amounts { orders: 1, lines: found, paise });
    judged
}

fn differs(how: &[String]) -> String {
    format!("differs from what is there: {}", how.join("; "))
}

fn of_order(
    order: &OrderRow,
    there: &Order,
    status: OrderStatus,
    missing: usize,
) -> Option<Vec<String>> {
    let mut how: Vec<String> = order.fault.iter().cloned().collect();
    let mut add = |name: &str, in_file: Option<String>, there: String| {
        if in_file.as_ref().is_some_and(|in_file| *in_file != there) {
            how.push(format!("{name} is {there} there"));
        }
    };
    add("UserId", order.user_id.map(|id| id.to_string()), there.user_id.to_string());
    add("TotalAmount in paise", order.total.map(|it| it.to_string()), there.total.to_string());
    let moment = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339();
    add("CreatedAt", order.created_at.map(moment), moment(there.created_at));
    if there.imported_at.is_none() {
        how.push("it is an order of this service".to_owned());
    } else if there.status != status.to_string() {
        how.push(format!("its status is {} there", there.status));
    }
    if missing > 0 {
        how.push(format!("{missing} of its lines are there and not in the items' file"));
    }
    (!how.is_empty()).then_some(how)
}

fn of_item(item: &ItemRow, there: &Item) -> Option<Vec<String>> {
    let mut how: Vec<String> = item.fault.iter().cloned().collect();
    if item.product_id.is_some_and(|id| id != there.product_id.0) {
        how.push(format!("ProductId is {} there", there.product_id));
    }
    if item.quantity.is_some_and(|quantity| quantity != there.quantity) {
        how.push(format!("Quantity is {} there", there.quantity));
    }
    if item.unit_price.is_some_and(|price| price != there.unit_price.0) {
        how.push(format!("UnitPrice in paise is {} there", there.unit_price));
    }
    (!how.is_empty()).then_some(how)
}

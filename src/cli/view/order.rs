//! `orders show` and `orders cancel`: an order, its lines, what happened, and what cancelling would do.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::table::table;
use crate::cli::Error;
use crate::cli::format::{instant, rupees};
use crate::cli::out::TableStyle;
use crate::text::one_line;

/// What several routes say about one order.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct OrderDetail {
    status: Checkout,
    order: Option<Order>,
    tracking: Tracking,
    cancellation: Cancellation,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkout {
    id: String,
    user_id: Option<String>,
    status: String,
    /// The checkout's own; `None` if none is kept.
    state: Option<String>,
    total_amount: Option<i64>,
    created_at: DateTime<Utc>,
    problem: Option<Refused>,
}

#[derive(Debug, Deserialize)]
struct Refused {
    error: String,
}

#[derive(Debug, Deserialize)]
struct Order {
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    returns: Vec<Return>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    product_id: String,
    quantity: i64,
    unit_price: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Return {
    id: String,
    status: String,
    refunded: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Tracking {
    #[serde(default)]
    timeline: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    at: DateTime<Utc>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancellation {
    allowed: bool,
    refund: Option<i64>,
    #[serde(default)]
    release: Vec<Piece>,
    why: Option<String>,
    saga_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece {
    product_id: String,
    quantity: i64,
}

/// The answer to a cancel.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Cancelled {
    status: String,
    refunded: Option<i64>,
    #[serde(default)]
    released: Vec<Piece>,
}

impl OrderDetail {
    /// Reads what the routes said.
    pub(in crate::cli) fn of(all: &Value) -> Result<Self, Error> {
        let unreadable = |error: serde_json::Error| {
            Error::Refused(format!("what the service says of the order can't be read: {error}"))
        };
        Self::deserialize(all).map_err(unreadable)
    }
}

/// Draws one order.
pub(in crate::cli) fn order(detail: &OrderDetail, style: TableStyle) -> String {
    let status = &detail.status;
    let head = [
        ("Order", status.id.clone()),
        ("Status", status.status.clone()),
        ("Refused", status.problem.as_ref().map(|why| why.error.clone()).unwrap_or_default()),
        ("Total", status.total_amount.map(rupees).unwrap_or_default()),
        ("User", status.user_id.clone().unwrap_or_default()),
        ("Created", instant(status.created_at)),
        ("Cancel", would(&detail.cancellation)),
    ];
    let head = head.into_iter().filter(|(_, value)| !value.is_empty());
    let head =
        head.map(|(name, value)| format!("{name:<8} {}", one_line(&value))).collect::<Vec<_>>();
    let mut blocks = vec![head.join("\n")];
    if let Some(order) = &detail.order {
        blocks.extend([items(&order.items, style), returns(&order.returns, style)]);
    }
    blocks.push(timeline(detail, style));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n")
}

/// What cancelling would do, or why it can't be done.
fn would(cancellation: &Cancellation) -> String {
    if cancellation.allowed {
        let given = given_back(cancellation.refund, &cancellation.release);
        return format!("would give back {given}");
    }
    let saga = cancellation.saga_id.as_ref().map(|id| format!(" (saga {id})"));
    format!("{}{}", cancellation.why.as_deref().unwrap_or("not now"), saga.unwrap_or_default())
}

/// Draws the answer to a cancel.
pub(in crate::cli) fn cancelled(answer: &Cancelled) -> String {
    if answer.status == "Cancelled" {
        let given = given_back(answer.refunded, &answer.released);
        return format!("Cancelled: gave back {given}");
    }
    format!("{}: not everything is given back yet, and it goes on by itself", answer.status)
}

fn given_back(refund: Option<i64>, release: &[Piece]) -> String {
    let money = refund.filter(|paise| *paise != 0).map(rupees);
    let pieces = release.iter().map(|piece| format!("{} of {}", piece.quantity, piece.product_id));
    let parts: Vec<_> = money.into_iter().chain(pieces).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

fn items(items: &[Item], style: TableStyle) -> String {
    let mut drawn = table(style, &["LINE", "PRODUCT", "QUANTITY", "PRICE"], &["QUANTITY", "PRICE"]);
    for (at, item) in items.iter().enumerate() {
        let price = item.unit_price.map_or_else(|| "-".to_owned(), rupees);
        drawn.add_row([at.to_string(), item.product_id.clone(), item.quantity.to_string(), price]);
    }
    if items.is_empty() { String::new() } else { drawn.trim_fmt() }
}

fn returns(returns: &[Return], style: TableStyle) -> String {
    let mut drawn = table(style, &["RETURN", "STATUS", "REFUNDED"], &["REFUNDED"]);
    for back in returns {
        let refunded = back.refunded.map_or_else(|| "-".to_owned(), rupees);
        drawn.add_row([back.id.clone(), back.status.clone(), refunded]);
    }
    if returns.is_empty() { String::new() } else { drawn.trim_fmt() }
}

/// What somebody was told of; if that is nothing yet, how far the checkout is.
fn timeline(detail: &OrderDetail, style: TableStyle) -> String {
    let (entries, Checkout { id, state, .. }) = (&detail.tracking.timeline, &detail.status);
    if entries.is_empty() {
        let Some(state) = state else { return "no events".to_owned() };
        return format!(
            "no events yet: its checkout stands at {state}; `order-service sagas show {id}` says more"
        );
    }
    let mut drawn = table(style, &["AT", "EVENT", "WHAT"], &[]);
    for entry in entries {
        drawn.add_row([instant(entry.at), entry.kind.clone(), entry.detail.clone()]);
    }
    drawn.trim_fmt()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_told_with_its_cancel() {
        let detail = OrderDetail::of(&json!({
            "status": {
                "id": "o-1", "userId": "u-1", "status": "Shipped", "totalAmount": 29_800,
                "createdAt": "2026-03-01T02:02:39Z",
            },
            "order": {
                "items": [{"productId": "p-1", "quantity": 2, "unitPrice": 14_900}],
                "returns": [{"id": "r-1", "status": "Returning", "refunded": null}],
            },
            "tracking": {"timeline": [
                {"at": "2026-03-01T02:02:40Z", "type": "order.confirmed", "detail": "The order is confirmed"},
            ]},
            "cancellation": {"allowed": false, "status": "Shipped", "why": "it is on its way"},
        }));
        insta::assert_snapshot!(order(&detail.expect("as the service says it"), TableStyle::Plain), @r"
        Order    o-1
        Status   Shipped
        Total    ₹298.00
        User     u-1
        Created  2026-03-01T02:02:39.000Z
        Cancel   it is on its way

        LINE  PRODUCT  QUANTITY    PRICE
        0     p-1             2  ₹149.00

        RETURN  STATUS     REFUNDED
        r-1     Returning         -

        AT                        EVENT            WHAT
        2026-03-01T02:02:40.000Z  order.confirmed  The order is confirmed
        ");
    }

    #[test]
    fn a_checkout_that_nobody_is_told_of_yet_says_how_far_it_is() {
        let shown = |state: Value| {
            let status = json!({
                "id": "o-1", "status": "Pending", "state": state, "createdAt": "2026-03-01T02:02:39Z",
            });
            let all = json!({
                "status": status, "order": null, "tracking": {"timeline": []},
                "cancellation": {"allowed": true, "refund": 29_800},
            });
            order(&OrderDetail::of(&all).expect("as the service says it"), TableStyle::Plain)
        };
        insta::assert_snapshot!(shown("Paid".into()), @r"
        Order    o-1
        Status   Pending
        Created  2026-03-01T02:02:39.000Z
        Cancel   would give back ₹298.00

        no events yet: its checkout stands at Paid; `order-service sagas show o-1` says more
        ");
        assert!(shown(Value::Null).ends_with("\n\nno events"));
    }

    #[test]
    fn what_was_given_back_is_told_in_words() {
        let answer = |json: Value| cancelled(&Cancelled::deserialize(json).expect("an answer"));
        let pieces = json!([{"productId": "p-1", "quantity": 2}]);
        assert_eq!(
            answer(json!({"status": "Cancelled", "refunded": 29_800, "released": pieces})),
            "Cancelled: gave back ₹298.00, 2 of p-1"
        );
        let free = json!({"status": "Cancelled", "refunded": 0, "released": []});
        assert_eq!(answer(free), "Cancelled: gave back nothing");
        assert_eq!(
            answer(json!({"status": "Cancelling", "statusUrl": "/api/orders/o-1/status"})),
            "Cancelling: not everything is given back yet, and it goes on by itself"
        );
    }
}

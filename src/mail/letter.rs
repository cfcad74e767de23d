//! What an event says to a customer. Pure.
//!
//! A letter has nothing but what the event says, and of an order's lines the products and quantities: no
//! name and no address. Texts of others (a carrier, a tracking number, a refusal) may hold anything; they
//! are put on one line here, and escaped by the templates.

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::order::{EventKind, OrderId, Paise, rupees};
use crate::store::Item;

/// The longest text of others, in characters.
const LONGEST: usize = 200;

/// What a customer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// The order.
    pub(super) order: OrderId,
    /// What happened, in a line.
    pub(super) subject: String,
    /// The same in sentences, a paragraph each.
    pub(super) paragraphs: Vec<String>,
    /// Which goods it is about.
    pub(super) goods: Vec<Goods>,
    /// An amount, and what it is.
    pub(super) sum: Option<(&'static str, String)>,
    /// Where there is more to see.
    pub(super) link: Option<String>,
}

/// Some pieces of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goods {
    /// The product's id: its name is not known here.
    pub(super) product: String,
    /// Pieces.
    pub(super) quantity: i64,
    /// What they cost together.
    pub(super) amount: Option<String>,
}

impl Letter {
    /// What this event says, of an order of these lines; `None` if customers are not told of its kind.
    pub(super) fn of(
        kind: EventKind,
        order: OrderId,
        data: &Value,
        items: &[Item],
    ) -> Option<Self> {
        let (subject, paragraphs) = match kind {
            EventKind::Confirmed => (
                format!("Your order {order} is confirmed"),
                vec!["Thank you. Your order is paid for, and its goods are reserved.".to_owned()],
            ),
            EventKind::Rejected => (
                format!("Your order {order} was not completed"),
                vec![
                    format!("We could not complete your order: {}.", text(&data["error"])),
                    "Nothing was kept: what had been charged is refunded.".to_owned(),
                ],
            ),
            EventKind::Cancelled => (
                format!("Your order {order} is cancelled"),
                vec!["Your order is cancelled, and what you paid for it is refunded.".to_owned()],
            ),
            EventKind::Shipped => {
                (format!("Your order {order} is on its way"), vec![on_its_way(&data["shipment"])])
            }
            EventKind::Delivered => (
                format!("Your order {order} has arrived"),
                vec!["All goods of your order have been delivered.".to_owned()],
            ),
            EventKind::Returned => (
                format!("Your return for order {order} is complete"),
                vec!["We have your goods back, and have refunded them.".to_owned()],
            ),
            EventKind::Cancelling
            | EventKind::Tracking
            | EventKind::SagaStuck
            | EventKind::SagaUnstuck
            | EventKind::WebhookDisabled => return None,
        };
        let goods = goods(kind, data, items);
        let (sum, link) = (sum(kind, data), link(&data["shipment"]["trackingUrl"]));
        Some(Self { order, subject, paragraphs, goods, sum, link })
    }
}

fn goods(kind: EventKind, data: &Value, items: &[Item]) -> Vec<Goods> {
    match kind {
        EventKind::Confirmed => listed(&data["items"], items),
        EventKind::Cancelled => listed(&data["released"], items),
        EventKind::Shipped => listed(&data["shipment"]["lines"], items),
        EventKind::Returned => listed(&data["return"]["lines"], items),
        EventKind::Delivered => {
            let all = items.iter().map(|item| Goods {
                product: item.product_id.to_string(),
                quantity: item.quantity.into(),
                amount: None,
            });
            all.collect()
        }
        EventKind::Rejected
        | EventKind::Cancelling
        | EventKind::Tracking
        | EventKind::SagaStuck
        | EventKind::SagaUnstuck
        | EventKind::WebhookDisabled => Vec::new(),
    }
}

/// Lines as events have them: each names its product, or its place in the order.
fn listed(lines: &Value, items: &[Item]) -> Vec<Goods> {
    let lines = lines.as_array().into_iter().flatten();
    let goods = |line: &Value| {
        let named = line["productId"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let place = line["line"].as_u64().and_then(|at| usize::try_from(at).ok());
        let placed = || place.and_then(|at| items.get(at)).map(|item| item.product_id.0);
        let quantity = line["quantity"].as_i64()?;
        let each = line["unitPrice"].as_i64();
        let all = line["amount"].as_i64().or(each.and_then(|each| each.checked_mul(quantity)));
        Some(Goods {
            product: named.or_else(placed)?.to_string(),
            quantity,
            amount: all.map(|all| rupees(Paise(all))),
        })
    };
    lines.filter_map(goods).collect()
}

fn sum(kind: EventKind, data: &Value) -> Option<(&'static str, String)> {
    let (what, amount) = match kind {
        EventKind::Confirmed => ("Total", &data["totalAmount"]),
        EventKind::Cancelled => ("Refunded", &data["refunded"]),
        EventKind::Returned => ("Refunded", &data["return"]["refunded"]),
        EventKind::Rejected
        | EventKind::Shipped
        | EventKind::Delivered
        | EventKind::Cancelling
        | EventKind::Tracking
        | EventKind::SagaStuck
        | EventKind::SagaUnstuck
        | EventKind::WebhookDisabled => return None,
    };
    amount.as_i64().map(|amount| (what, rupees(Paise(amount))))
}

fn on_its_way(shipment: &Value) -> String {
    let (carrier, number) = (text(&shipment["carrier"]), text(&shipment["trackingNumber"]));
    format!("Goods of your order have left with {carrier}, under the tracking number {number}.")
}

/// A text of others on one line: without control characters and those that turn the direction of what
/// follows, and not too long.
fn text(value: &Value) -> String {
    let is_turning = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = value.as_str().unwrap_or_default();
    let plain = text.chars().filter(|letter| !is_turning(*letter));
    let plain = plain.map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(LONGEST).collect()
}

/// A link that a browser opens as a page; anything else is left out.
fn link(value: &Value) -> Option<String> {
    let url = Url::parse(value.as_str()?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::order::ProductId;

    const ORDER: OrderId = OrderId(Uuid::nil());
    const TEA: Uuid = Uuid::from_u128(7);

    fn items() -> Vec<Item> {
        let (id, unit_price) = (Uuid::nil(), Paise(61_725));
        vec![Item { id, product_id: ProductId(TEA), quantity: 2, unit_price }]
    }

    fn letter(kind: EventKind, data: &Value) -> Letter {
        Letter::of(kind, ORDER, data, &items()).expect("it is told")
    }

    fn two(amount: Option<&str>) -> Vec<Goods> {
        let amount = amount.map(str::to_owned);
        vec![Goods { product: TEA.to_string(), quantity: 2, amount }]
    }

    #[test]
    fn each_kind_names_its_goods_and_its_amount() {
        let item = json!({"productId": TEA, "quantity": 2, "unitPrice": 61_725});
        let confirmed =
            letter(EventKind::Confirmed, &json!({"totalAmount": 123_450, "items": [item]}));
        assert_eq!(confirmed.goods, two(Some("₹1,234.50")));
        assert_eq!(confirmed.sum, Some(("Total", "₹1,234.50".to_owned())));
        let released = json!([{"productId": TEA, "quantity": 2}]);
        let cancelled = letter(EventKind::Cancelled, &json!({"refunded": 0, "released": released}));
        assert_eq!(cancelled.goods, two(None));
        assert_eq!(cancelled.sum, Some(("Refunded", "₹0.00".to_owned())));
        let shipment = json!({"lines": [{"line": 0, "quantity": 2}, {"line": 9, "quantity": 1}]});
        assert_eq!(letter(EventKind::Shipped, &json!({"shipment": shipment})).goods, two(None));
        assert_eq!(letter(EventKind::Delivered, &json!({})).goods, two(None));
        let line = json!({"line": 0, "productId": TEA, "quantity": 2, "amount": 5});
        let returned = json!({"return": {"refunded": 5, "lines": [line]}});
        assert_eq!(letter(EventKind::Returned, &returned).goods, two(Some("₹0.05")));
        assert_eq!(Letter::of(EventKind::Tracking, ORDER, &json!({}), &[]), None);
    }

    #[test]
    fn a_text_of_others_stays_on_its_line_and_a_link_is_a_page() {
        let told = |carrier: &str, url: &str| {
            let shipment = json!({"carrier": carrier, "trackingNumber": "1", "trackingUrl": url});
            letter(EventKind::Shipped, &json!({"shipment": shipment}))
        };
        let hostile = told("A\r\nB\u{202e}C", "javascript:alert(1)");
        assert!(hostile.paragraphs[0].contains("with A  BC, under"), "{hostile:?}");
        assert_eq!(hostile.link, None);
        let long = told(&"x".repeat(999), "https://track.example/?a=1&b=2");
        assert!(long.paragraphs[0].len() < 300);
        assert_eq!(long.link.as_deref(), Some("https://track.example/?a=1&b=2"));
    }
}

//! Parses a cart from a request's JSON; the error names the first field that is wrong.
//!
//! Property names match without regard to case, as in the .NET service: its web client sends `UserId`
//! and `Items`.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::address::AddressBody;
use super::number::{ExpectedTotal, Quantity};
use crate::order::{Cart, InvalidCart, Line, MAX_LINES, ProductId, UserId};
use crate::web::{Field, Invalid, NonNilUuid, Problem, read};

/// A request for a checkout. Property names match without regard to case, and whole numbers may be
/// strings of digits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateOrder {
    /// The buyer; not the nil UUID.
    #[schema(value_type = NonNilUuid, inline)]
    user_id: Field<NonNilUuid>,
    /// What is ordered, 1 to 100 lines. Two lines may name the same product.
    #[schema(value_type = Vec<CreateLine>, min_items = 1, max_items = 100)]
    items: Field<Option<Vec<Field<CreateLine>>>>,
    /// The total that the customer saw, in paise. If the cart costs something else by now, nothing is
    /// charged and the answer is `Price changed`.
    #[schema(value_type = ExpectedTotal, inline, required = false)]
    expected_total: Field<ExpectedTotal>,
    /// Where the order is sent.
    #[schema(value_type = Option<AddressBody>)]
    shipping_address: Field<Option<AddressBody>>,
}

/// A line of a cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreateLine {
    /// The product.
    #[schema(inline)]
    product_id: NonNilUuid,
    /// How many pieces.
    #[schema(inline)]
    quantity: Quantity,
}

/// The cart that this JSON asks for, or a 400 that names the first wrong field.
pub(super) fn cart(body: &Value) -> Result<Cart, Problem> {
    if !body.is_object() {
        return Err(Problem::bad_request("the body must be a JSON object"));
    }
    let order: CreateOrder = read(body)?;
    let items = order.items.value()?.as_deref().unwrap_or_default();
    // An empty cart is reported before anything else that is wrong.
    if items.is_empty() {
        return Err(InvalidCart::Empty.into());
    }
    let user_id = UserId(order.user_id.value()?.0);
    // A cart that is too long is reported before anything wrong in its lines.
    if items.len() > MAX_LINES {
        return Err(InvalidCart::TooManyLines.into());
    }
    let lines = items.iter().map(|item| item.value().map(Line::from));
    let cart = Cart::new(user_id, lines.collect::<Result<_, Invalid>>()?)?;
    let cart = cart.expecting(order.expected_total.value()?.0);
    Ok(cart.sent_to(order.shipping_address.value()?.as_ref().map(Into::into)))
}

impl From<&CreateLine> for Line {
    fn from(line: &CreateLine) -> Self {
        Self { product_id: ProductId(line.product_id.0), quantity: line.quantity.0 }
    }
}

impl From<InvalidCart> for Problem {
    fn from(why: InvalidCart) -> Self {
        Self::bad_request(why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const USER: &str = "7b0c0b6e-58a5-4a3b-9d3e-0f3c1f2a4b5c";
    const PRODUCT: &str = "11111111-2222-4333-8444-555555555555";

    fn wrong(body: &Value) -> String {
        cart(body).expect_err("it is not a cart").error().to_owned()
    }

    #[test]
    fn a_cart_is_read_without_regard_to_case() {
        let body = json!({"UserId": USER, "ITEMS": [{"ProductId": PRODUCT, "Quantity": "2"}]});
        let cart = cart(&body).expect("as today's web client may send it");
        assert_eq!(cart.user_id().to_string(), USER);
        assert_eq!(cart.lines()[0].quantity, 2);
    }

    #[test]
    fn an_expected_total_is_whole_or_absent() {
        let body = |total: Value| {
            let items = json!([{"productId": PRODUCT, "quantity": 1}]);
            json!({"userId": USER, "items": items, "ExpectedTotal": total})
        };
        for (total, read) in [
            (json!(null), None),
            (json!(0), Some(0)),
            (json!(14_900), Some(14_900)),
            (json!("14900"), Some(14_900)),
            (json!(i64::MAX), Some(i64::MAX)),
        ] {
            let cart = cart(&body(total)).expect("a cart");
            assert_eq!(cart.expected_total().map(|total| total.0), read);
        }
        for total in [
            json!(-1),
            json!(1.5),
            json!(1.5),
            json!(""),
            json!(" 1"),
            json!("+1"),
            json!("1e2"),
            json!(true),
            json!([1]),
            json!(9_223_372_036_854_775_808_u64),
            json!("9223372036854775808"),
        ] {
            let error = "expectedTotal must be a whole number of paise, 0 or more";
            assert_eq!(wrong(&body(total)), error);
        }
    }

    #[test]
    fn no_items_are_told_before_anything_else() {
        for items in [json!(null), json!([])] {
            assert_eq!(wrong(&json!({"items": items})), "Order must contain items");
        }
        assert_eq!(wrong(&json!({})), "Order must contain items");
    }

    #[test]
    fn the_first_thing_wrong_is_named() {
        let with = |line: Value| json!({"userId": USER, "items": [line]});
        let quantity = "items[0].quantity must be a whole number from 1 to 1000000";
        let nil = Uuid::nil().to_string();
        for (body, error) in [
            (json!([]), "the body must be a JSON object"),
            (json!({"items": {}}), "items must be an array"),
            (json!({"items": [1]}), "userId is required"),
            (json!({"items": [1], "userId": 7}), "userId is not a UUID"),
            (json!({"items": [1], "userId": nil}), "userId must not be the nil UUID"),
            (with(json!(1)), "items[0] must be an object"),
            (with(json!({"quantity": 1})), "items[0].productId is required"),
            (with(json!({"productId": "x"})), "items[0].productId is not a UUID"),
            (with(json!({"productId": nil})), "items[0].productId must not be the nil UUID"),
            (with(json!({"productId": PRODUCT})), quantity),
            (with(json!({"productId": PRODUCT, "quantity": 0})), quantity),
            (with(json!({"productId": PRODUCT, "quantity": -1})), quantity),
            (with(json!({"productId": PRODUCT, "quantity": 2.5})), quantity),
            (with(json!({"productId": PRODUCT, "quantity": " 2"})), quantity),
            (with(json!({"productId": PRODUCT, "quantity": "0"})), quantity),
            (with(json!({"productId": PRODUCT, "quantity": "1000001"})), quantity),
            (with(json!({"productId": PRODUCT, "quantity": 4_294_967_297_u64})), quantity),
            (
                json!({"userId": USER, "items": vec![json!(1); 101]}),
                "items must not have more than 100 lines",
            ),
        ] {
            assert_eq!(wrong(&body), error, "{body}");
        }
    }
}

//! `GET /api/orders/{id}`: one order.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::address::AddressBody;
use super::returns::ReturnView;
use super::{Api, refusal};
use crate::auth::{Caller, Right};
use crate::checkout::CheckoutFacts;
use crate::order::{Line, OrderId, ShippingAddress};
use crate::reversal::status_without_order;
use crate::store::{self, Found};
use crate::trace::TraceParent;
use crate::web::{Problem, ProblemBody, Segment, uuid_segment};

/// An order; in a list of `Pending` or `Rejected` ones, a checkout in the same shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderView {
    id: Uuid,
    user_id: Uuid,
    /// The total in paise; null until priced.
    #[schema(required)]
    total_amount: Option<i64>,
    /// `Confirmed`, `Cancelling`, `Cancelled`, `Shipped` or `Delivered`; for a checkout `Pending` or
    /// `Rejected`.
    status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// When everything was refunded and released.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<DateTime<Utc>>,
    /// When the first shipment was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipped_at: Option<DateTime<Utc>>,
    /// When the whole order had been reported as delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<DateTime<Utc>>,
    /// Where it is sent, if the client said so. Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AddressBody>)]
    shipping_address: Option<ShippingAddress>,
    /// In cart order.
    items: Vec<ItemView>,
    /// Its returns, oldest first, including those in progress. Absent if there are none, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    returns: Option<Vec<ReturnView>>,
    /// Why a checkout became no order: the answer that a waiting client got.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderItem)]
#[serde(rename_all = "camelCase")]
struct ItemView {
    id: Uuid,
    order_id: Uuid,
    product_id: Uuid,
    quantity: i32,
    /// The price of one piece in paise, as charged; null until priced.
    #[schema(required)]
    unit_price: Option<i64>,
}

impl From<store::Order> for OrderView {
    fn from(order: store::Order) -> Self {
        let item = |item: store::Item| ItemView {
            id: item.id,
            order_id: order.id.0,
            product_id: item.product_id.0,
            quantity: item.quantity,
            unit_price: Some(item.unit_price.0),
        };
        Self {
            id: order.id.0,
            user_id: order.user_id.0,
            total_amount: Some(order.total.0),
            status: order.status,
            created_at: order.created_at,
            updated_at: order.updated_at,
            cancelled_at: order.cancelled_at,
            shipped_at: order.shipped_at,
            delivered_at: order.delivered_at,
            shipping_address: None,
            items: order.items.into_iter().map(item).collect(),
            returns: None,
            problem: None,
        }
    }
}

impl OrderView {
    /// A checkout that is not an order yet, or never became one.
    pub(super) fn of_checkout(found: &Found, path: &str, trace: &TraceParent) -> Self {
        let facts = found.known.as_ref().and_then(|known| known.facts.of::<CheckoutFacts>());
        let lines = facts.map_or(&[][..], |facts| &facts.lines);
        let prices = facts.and_then(|facts| facts.unit_prices.as_ref());
        let order_id = found.order_id.0;
        let item = |(at, line): (usize, &Line)| ItemView {
            // An order's lines get ids when it is written. Until then ids are derived from the checkout's.
            id: Uuid::new_v5(&order_id, &at.to_be_bytes()),
            order_id,
            product_id: line.product_id.0,
            quantity: i32::try_from(line.quantity).unwrap_or(i32::MAX),
            unit_price: prices.and_then(|prices| prices.get(at)).map(|price| price.0),
        };
        let problem = refusal::of(found);
        Self {
            id: order_id,
            user_id: found.user_id.0,
            total_amount: found.amount.map(|amount| amount.0),
            status: status_without_order(found).to_string(),
            created_at: found.created_at,
            updated_at: found.updated_at,
            cancelled_at: None,
            shipped_at: None,
            delivered_at: None,
            shipping_address: None,
            items: lines.iter().enumerate().map(item).collect(),
            returns: None,
            problem: problem.map(|problem| problem.into_body(path, trace.trace_id())),
        }
    }
}

/// Get an order
///
/// An order exists once its checkout completed. Until then, ask for its status.
#[utoipa::path(
    get,
    path = "/api/orders/{id}",
    tag = "orders",
    operation_id = "getOrder",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 404, description = "`Order not found`; where users need a token also of another user's"),
        (status = 503, description = "`The database is unavailable`, or the keys of users' tokens are"),
    ),
)]
pub(super) async fn get_order(
    State(api): State<Arc<Api>>,
    caller: Caller,
    id: Segment,
) -> Result<Json<OrderView>, Problem> {
    let id = OrderId(uuid_segment(id, "id")?);
    caller.require(Right::ReadOrders)?;
    let order = api.store.order(id).await?.filter(|order| caller.sees(order.user_id));
    let order = order.ok_or_else(|| Problem::not_found("Order not found"))?;
    let shipping_address = order.shipping_address.clone();
    let returns = api.store.returns_of(id).await?;
    let returns: Vec<_> = returns.into_iter().map(ReturnView::from).collect();
    let returns = Some(returns).filter(|returns| !returns.is_empty());
    Ok(Json(OrderView { shipping_address, returns, ..order.into() }))
}

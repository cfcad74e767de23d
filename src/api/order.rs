//! `GET /api/orders/{id}`: one order that stands.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::route::Front;
use crate::order::OrderId;
use crate::store;
use crate::web::{Problem, Segment, uuid_segment};

/// Where an order is found.
pub(super) fn url(id: OrderId) -> String {
    format!("/api/orders/{id}")
}

/// An order that stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderView {
    id: Uuid,
    user_id: Uuid,
    /// Paise.
    total_amount: i64,
    /// `Confirmed`, `Cancelling`, `Cancelled`, `Shipped` or `Delivered`.
    status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// In cart order.
    items: Vec<ItemView>,
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
    /// Paise a piece, as it was charged.
    unit_price: i64,
}

impl From<store::Order> for OrderView {
    fn from(order: store::Order) -> Self {
        let item = |item: store::Item| ItemView {
            id: item.id,
            order_id: order.id.0,
            product_id: item.product_id.0,
            quantity: item.quantity,
            unit_price: item.unit_price.0,
        };
        Self {
            id: order.id.0,
            user_id: order.user_id.0,
            total_amount: order.total.0,
            status: order.status,
            created_at: order.created_at,
            updated_at: order.updated_at,
            items: order.items.into_iter().map(item).collect(),
        }
    }
}

/// Get an order
///
/// An order exists once its checkout completed; until then ask for its status.
#[utoipa::path(
    get,
    path = "/api/orders/{id}",
    tag = "orders",
    operation_id = "getOrder",
    params(("id" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 400, description = "`id is not a UUID`"),
        (status = 404, description = "`Order not found`"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn get_order(
    State(front): State<Arc<Front>>,
    id: Segment,
) -> Result<Json<OrderView>, Problem> {
    let id = OrderId(uuid_segment(id, "id")?);
    let order = front.api.store.order(id).await?;
    let order = order.ok_or_else(|| Problem::not_found("Order not found"))?;
    Ok(Json(order.into()))
}

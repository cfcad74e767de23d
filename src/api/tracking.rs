//! `GET /api/orders/{id}/tracking`: where an order is, for the customer who waits for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::address::AddressBody;
use super::shipment_view::ShipmentView;
use crate::auth::{Caller, Right};
use crate::fulfilment::CarrierEvent;
use crate::order::{EventKind, OrderId, ShippingAddress};
use crate::reversal::status_without_order;
use crate::saga::SagaId;
use crate::store::StoredEvent;
use crate::web::{Problem, Segment, uuid_segment};

/// Where an order is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tracking)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrackingView {
    id: Uuid,
    /// `Pending`, `Confirmed`, `Rejected`, `Cancelling`, `Cancelled`, `Shipped` or `Delivered`.
    status: String,
    /// Where it is sent, if the order says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AddressBody>)]
    shipping_address: Option<ShippingAddress>,
    shipments: Vec<ShipmentView>,
    /// What happened, sorted by time.
    timeline: Vec<EntryView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
struct EntryView {
    at: DateTime<Utc>,
    /// As `order.shipped`.
    #[serde(rename = "type")]
    kind: String,
    /// What happened, as a sentence.
    detail: String,
}

/// Track an order
///
/// Available as soon as the checkout is accepted. Carriers' reports are shown as they are known now.
#[utoipa::path(
    get,
    path = "/api/orders/{id}/tracking",
    tag = "orders",
    operation_id = "trackOrder",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "Where it is", body = TrackingView),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 404, description = "`Order not found`; where users need a token also of another user's"),
        (status = 503, description = "`The database is unavailable`, or the keys of users' tokens are"),
    ),
)]
pub(super) async fn track_order(
    State(api): State<Arc<Api>>,
    caller: Caller,
    id: Segment,
) -> Result<Json<TrackingView>, Problem> {
    let id = OrderId(uuid_segment(id, "id")?);
    caller.require(Right::ReadOrders)?;
    let not_found = || Problem::not_found("Order not found");
    let order = api.store.order(id).await?;
    let (user_id, status, shipping_address) = if let Some(order) = order {
        (order.user_id, order.status, order.shipping_address)
    } else {
        let checkout = api.store.find(SagaId(id.0)).await?;
        let checkout = checkout.filter(|checkout| checkout.order_id == id);
        let checkout = checkout.ok_or_else(not_found)?;
        (checkout.user_id, status_without_order(&checkout).to_string(), None)
    };
    if !caller.sees(user_id) {
        return Err(not_found());
    }
    let shipments = api.store.shipments_of(id).await?;
    let events = api.store.events_of(id).await?;
    let carriers = shipments.iter().flat_map(|shipment| &shipment.events).map(reported);
    let mut timeline: Vec<_> = events.iter().filter_map(told).chain(carriers).collect();
    timeline.sort_by_key(|entry| entry.at);
    Ok(Json(TrackingView {
        id: id.0,
        status,
        shipping_address,
        shipments: shipments.iter().map(ShipmentView::from).collect(),
        timeline,
    }))
}

/// An event of the order, as its customer sees it. Carriers' reports are left out: they are shown from
/// the shipments.
fn told(event: &StoredEvent) -> Option<EntryView> {
    let kind: EventKind = event.kind.parse().ok()?;
    let of = |member: &str| event.data["shipment"][member].as_str().unwrap_or_default();
    let detail = match kind {
        EventKind::Confirmed => "The order is confirmed".to_owned(),
        EventKind::Rejected => {
            format!(
                "The order was not taken: {}",
                event.data["error"].as_str().unwrap_or("it failed")
            )
        }
        EventKind::Cancelling => "The order is being cancelled".to_owned(),
        EventKind::Cancelled => "The order is cancelled".to_owned(),
        EventKind::Shipped => {
            format!("A parcel left with {}, number {}", of("carrier"), of("trackingNumber"))
        }
        EventKind::Delivered => "The order has arrived".to_owned(),
        EventKind::Returned => "Goods came back".to_owned(),
        EventKind::Tracking
        | EventKind::SagaStuck
        | EventKind::SagaUnstuck
        | EventKind::WebhookDisabled => return None,
    };
    Some(EntryView { at: event.at, kind: event.kind.clone(), detail })
}

fn reported(event: &CarrierEvent) -> EntryView {
    let parts = [Some(event.status.to_string()), event.location.clone(), event.description.clone()];
    let detail = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    EntryView { at: event.at, kind: EventKind::Tracking.to_string(), detail }
}

//! Shipments as clients see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::fulfilment::CarrierEvent;
use crate::store::Shipment;

/// A shipment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shipment)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShipmentView {
    id: Uuid,
    order_id: Uuid,
    carrier: String,
    tracking_number: String,
    #[schema(required)]
    tracking_url: Option<String>,
    lines: Vec<PiecesView>,
    /// The latest state that the carrier reported; `delivered` stays, whatever is reported after it.
    state: String,
    shipped_at: DateTime<Utc>,
    #[schema(required)]
    estimated_delivery: Option<DateTime<Utc>>,
    #[schema(required)]
    delivered_at: Option<DateTime<Utc>>,
    /// The reports, sorted by time.
    events: Vec<ReportView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShippedLine)]
struct PiecesView {
    /// The line of the order, counted from 0.
    line: u16,
    quantity: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CarrierEvent)]
#[serde(rename_all = "camelCase")]
struct ReportView {
    /// The carrier's own id of the report, or ours if it has none.
    id: String,
    status: String,
    at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    #[schema(required)]
    location: Option<String>,
    #[schema(required)]
    description: Option<String>,
}

impl From<&Shipment> for ShipmentView {
    fn from(shipment: &Shipment) -> Self {
        let line = |(line, quantity): (&u16, &i64)| PiecesView { line: *line, quantity: *quantity };
        Self {
            id: shipment.id,
            order_id: shipment.order_id.0,
            carrier: shipment.carrier.clone(),
            tracking_number: shipment.tracking_number.clone(),
            tracking_url: shipment.tracking_url.clone(),
            lines: shipment.pieces.iter().map(line).collect(),
            state: shipment.state.clone(),
            shipped_at: shipment.shipped_at,
            estimated_delivery: shipment.estimated_delivery,
            delivered_at: shipment.delivered_at,
            events: shipment.events.iter().map(ReportView::from).collect(),
        }
    }
}

impl From<&CarrierEvent> for ReportView {
    fn from(event: &CarrierEvent) -> Self {
        Self {
            id: event.shown_id(),
            status: event.status.to_string(),
            at: event.at,
            received_at: event.received_at,
            location: event.location.clone(),
            description: event.description.clone(),
        }
    }
}

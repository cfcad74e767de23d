//! Shipments: what leaves the warehouse.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Api;
use super::pieces::{PiecesBody, pieces};
use super::shipment_view::ShipmentView;
use super::short_text::ShortText;
use crate::auth::{Person, Right};
use crate::clock::Clock;
use crate::fulfilment::{Pieces, Shortage};
use crate::order::{OrderId, OrderStatus};
use crate::reversal::status_without_order;
use crate::saga::SagaId;
use crate::store::{AuditAction, NewShipment, Shipment, Shipping};
use crate::trace::TraceParent;
use crate::web::{Field, MomentText, Problem, Segment, json_body, url, uuid_segment};

/// The longest tracking URL, in bytes.
const MAX_ADDRESS: usize = 2000;

/// A parcel that leaves the warehouse.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShipmentBody {
    /// The carrier.
    #[schema(value_type = ShortText, inline)]
    carrier: Field<ShortText>,
    /// The carrier's tracking number.
    #[schema(value_type = ShortText, inline)]
    tracking_number: Field<ShortText>,
    /// The carrier's tracking page: an http or https URL.
    #[schema(value_type = Option<String>, max_length = 2000, pattern = r"^[hH][tT][tT][pP][sS]?://[A-Za-z0-9]+(/[A-Za-z0-9._~-]*)*$")]
    tracking_url: Field<Option<String>>,
    /// What is in it, 1 to 100 lines; by default everything that has not been shipped yet.
    #[schema(value_type = Option<Vec<PiecesBody>>, min_items = 1, max_items = 100)]
    lines: Field<Option<Vec<Field<PiecesBody>>>>,
    /// When it left; by default now.
    #[schema(value_type = Option<MomentText>, inline)]
    shipped_at: Field<Option<MomentText>>,
    /// When it is expected to arrive.
    #[schema(value_type = Option<MomentText>, inline)]
    estimated_delivery: Field<Option<MomentText>>,
}

/// Ship an order
///
/// Records a shipment. The first one makes the order `Shipped`, and from then on it can't be cancelled.
/// A request that repeats carrier and tracking number gets the first one's answer, whatever else it says.
#[utoipa::path(
    post,
    path = "/api/orders/{id}/shipments",
    tag = "orders",
    operation_id = "shipOrder",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The order")),
    request_body = ShipmentBody,
    responses(
        (status = 200, description = "It was written down before", body = ShipmentView),
        (status = 201, description = "It has left", body = ShipmentView, headers(("Location" = String, description = "The shipment"))),
        (status = 400, description = "What is wrong, naming the field"),
        (status = 401, description = "`An operator token is needed`, or the token is wrong", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 404, description = "`Order not found`"),
        (status = 408, description = "The body did not come"),
        (status = 409, description = "`Order can not be shipped` or `Nothing left to ship` (with `orderStatus`), or `More than was ordered` (with `line`)"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "`The database is unavailable`", headers(("Retry-After" = u32, description = "Seconds"))),
    ),
)]
pub(super) async fn ship_order(
    State(api): State<Arc<Api>>,
    who: Person,
    Extension(trace): Extension<TraceParent>,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let audited = who.audited(AuditAction::Ship, &id, api.executor.clock());
    let shipped = async {
        who.require(Right::Fulfil)?;
        who.name()?;
        let id = OrderId(uuid_segment(id, "id")?);
        let body: ShipmentBody = json_body(&headers, body).await?;
        let new = match shipment(id, &body, &trace, api.executor.clock()) {
            Ok(new) => new,
            Err(wrong) => return repeated(&api, id, &body).await?.ok_or(wrong),
        };
        let shipping = api.store.ship(&new, api.executor.clock(), Some(audited.done())).await?;
        respond(&api, id, shipping).await
    };
    let shipped = shipped.await;
    audited.answer(&api.executor, shipped).await
}

/// The first shipment of this carrier and number, whatever is wrong with the rest of the body.
async fn repeated(
    api: &Api,
    id: OrderId,
    body: &ShipmentBody,
) -> Result<Option<Response>, Problem> {
    let (Ok(carrier), Ok(number)) = (body.carrier.value(), body.tracking_number.value()) else {
        return Ok(None);
    };
    let shipments = api.store.shipments_of(id).await?;
    let is_same = |it: &&Shipment| it.carrier == carrier.0 && it.tracking_number == number.0;
    let first = shipments.iter().find(is_same);
    Ok(first.map(|first| Json(ShipmentView::from(first)).into_response()))
}

/// The shipment that a body asks for.
fn shipment(
    id: OrderId,
    body: &ShipmentBody,
    trace: &TraceParent,
    clock: &Clock,
) -> Result<NewShipment, Problem> {
    let moment = |field: &Field<Option<MomentText>>| -> Result<Option<DateTime<Utc>>, Problem> {
        Ok(field.value()?.as_ref().map(|moment| moment.0))
    };
    Ok(NewShipment {
        order_id: id,
        carrier: body.carrier.value()?.0.clone(),
        tracking_number: body.tracking_number.value()?.0.clone(),
        tracking_url: address(body.tracking_url.value()?.as_deref())?,
        pieces: asked(body)?,
        shipped_at: moment(&body.shipped_at)?.unwrap_or_else(|| clock.now().trunc_subsecs(6)),
        estimated_delivery: moment(&body.estimated_delivery)?,
        trace_parent: trace.to_string(),
    })
}

async fn respond(api: &Api, id: OrderId, shipping: Shipping) -> Result<Response, Problem> {
    match shipping {
        Shipping::Shipped(shipment) => {
            let location = [(header::LOCATION, format!("/api/shipments/{}", shipment.id))];
            let view = Json(ShipmentView::from(&*shipment));
            Ok((StatusCode::CREATED, location, view).into_response())
        }
        Shipping::Repeats(first) => Ok(Json(ShipmentView::from(&*first)).into_response()),
        Shipping::NoOrder => {
            let checkout = api.store.find(SagaId(id.0)).await?;
            let checkout = checkout.filter(|checkout| checkout.order_id == id);
            let status = checkout.as_ref().map(status_without_order);
            Err(status.map_or_else(
                || Problem::not_found("Order not found"),
                |status| not_now(id, "Order can not be shipped", status),
            ))
        }
        Shipping::NotAllowed(status) => Err(not_now(id, "Order can not be shipped", status)),
        Shipping::Imported(status) => {
            Err(Problem::imported(id, "Order can not be shipped", status))
        }
        Shipping::Short(Shortage::Nothing, status) => {
            Err(not_now(id, "Nothing left to ship", status))
        }
        Shipping::Short(Shortage::TooMany(line), status) => {
            Err(not_now(id, "More than was ordered", status).of_line(line))
        }
        Shipping::Short(Shortage::NoSuchLine(line), _) => {
            Err(Problem::bad_request(format!("lines: the order has no line {line}")))
        }
    }
}

fn not_now(id: OrderId, error: &str, status: OrderStatus) -> Problem {
    Problem::new(StatusCode::CONFLICT, error).of_checkout(id, url::status(id)).order_status(status)
}

fn asked(body: &ShipmentBody) -> Result<Option<Pieces>, Problem> {
    if body.lines.value()?.is_none() {
        return Ok(None);
    }
    let asked = pieces(&body.lines)?;
    Ok(Some(asked.into_iter().map(|(line, quantity)| (line, i64::from(quantity))).collect()))
}

/// An http or https URL, which is safe for a page to link to.
fn address(text: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let rule = || Problem::bad_request("trackingUrl must be an http or https address");
    let text = text.trim();
    let uri: Uri = text.parse().map_err(|_| rule())?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    if !is_web || text.len() > MAX_ADDRESS {
        return Err(rule());
    }
    Ok(Some(text.to_owned()))
}

/// Get a shipment
#[utoipa::path(
    get,
    path = "/api/shipments/{id}",
    tag = "orders",
    operation_id = "getShipment",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The shipment")),
    responses(
        (status = 200, description = "The shipment", body = ShipmentView),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "`An operator token is needed`, or the token is wrong", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "No token is configured"),
        (status = 404, description = "`Shipment not found`"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn get_shipment(
    State(api): State<Arc<Api>>,
    who: Person,
    id: Segment,
) -> Result<Json<ShipmentView>, Problem> {
    who.require(Right::ReadOrders)?;
    let id = uuid_segment(id, "id")?;
    let shipment = api.store.shipment(id).await?;
    let shipment = shipment.ok_or_else(|| Problem::not_found("Shipment not found"))?;
    Ok(Json((&shipment).into()))
}

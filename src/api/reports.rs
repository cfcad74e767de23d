//! `POST /api/shipments/{id}/events`: what carriers report.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::SubsecRound;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::shipment_view::ShipmentView;
use super::short_text::ShortText;
use crate::auth::{Person, Right};
use crate::clock::Clock;
use crate::fulfilment::CarrierEvent;
use crate::store::AuditAction;
use crate::trace::TraceParent;
use crate::web::{
    Invalid, MomentText, Problem, Segment, json_bytes, parse_json, read, uuid_segment,
};

/// The most reports in one request.
const MAX_REPORTS: usize = 100;

/// What a carrier reports.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportBody {
    /// `label_created`, `picked_up`, `in_transit`, `delayed`, `out_for_delivery`, `attempt_failed`,
    /// `ready_for_pickup`, `delivered`, `exception`, `returning` or `returned`; any other word is kept.
    #[schema(value_type = ShortText, inline)]
    status: ShortText,
    /// When it happened.
    #[schema(value_type = MomentText, inline)]
    at: MomentText,
    /// The carrier's own id of the report.
    #[schema(value_type = Option<ShortText>, inline)]
    event_id: Option<ShortText>,
    /// Where it happened.
    #[schema(value_type = Option<ShortText>, inline)]
    location: Option<ShortText>,
    /// More about it, as free text.
    #[schema(value_type = Option<ShortText>, inline)]
    description: Option<ShortText>,
}

/// Report what a carrier says
///
/// Send one report, or an array of up to 100, which are accepted together or not at all. Reports form a
/// set: repeating one changes nothing, and the order in which they arrive does not matter. The order is
/// `Delivered` once delivered shipments cover all its lines.
#[utoipa::path(
    post,
    path = "/api/shipments/{id}/events",
    tag = "orders",
    operation_id = "reportShipment",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The shipment")),
    request_body(content = ReportBody, description = "One, or an array of up to 100"),
    responses(
        (status = 200, description = "The shipment as it is now", body = ShipmentView),
        (status = 400, description = "What is wrong, naming the field"),
        (status = 401, description = "`An operator token is needed`, or the token is wrong", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 404, description = "`Shipment not found`"),
        (status = 408, description = "The body did not come"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "`The database is unavailable`", headers(("Retry-After" = u32, description = "Seconds"))),
    ),
)]
pub(super) async fn report_shipment(
    State(api): State<Arc<Api>>,
    who: Person,
    Extension(trace): Extension<TraceParent>,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let audited = who.audited(AuditAction::Report, &id, api.executor.clock());
    let reported = async {
        who.require(Right::Fulfil)?;
        who.name()?;
        let id = uuid_segment(id, "id")?;
        let reported = reports(&json_bytes(&headers, body).await?, api.executor.clock())?;
        let (trace, clock) = (trace.to_string(), api.executor.clock());
        let audit = Some(audited.done());
        let shipment = api.store.report(id, &reported, &trace, clock, audit).await?;
        let shipment = shipment.ok_or_else(|| Problem::not_found("Shipment not found"))?;
        Ok(Json(ShipmentView::from(&shipment)))
    };
    let reported: Result<_, Problem> = reported.await;
    audited.answer(&api.executor, reported).await
}

/// The reports in a body.
fn reports(body: &[u8], clock: &Clock) -> Result<Vec<CarrierEvent>, Problem> {
    let body = parse_json(body)?;
    let bodies = match &body {
        Value::Array(all) if all.is_empty() || all.len() > MAX_REPORTS => {
            let rule = format!("an array must have 1 to {MAX_REPORTS} events");
            return Err(Problem::bad_request(rule));
        }
        Value::Array(all) => {
            let report = |(at, report)| read(report).map_err(|invalid| at_place(at, &invalid));
            all.iter().enumerate().map(report).collect::<Result<Vec<ReportBody>, Problem>>()?
        }
        one => vec![read(one)?],
    };
    let now = clock.now().trunc_subsecs(6);
    let event = |report: ReportBody| {
        let (received, said) = ((clock.fresh_id(), now), (report.status.0.as_str(), report.at.0));
        let text = |text: Option<ShortText>| text.map(|text| text.0);
        let event_id = text(report.event_id);
        let (location, description) = (text(report.location), text(report.description));
        CarrierEvent::reported(received, event_id.as_deref(), said, location, description)
    };
    Ok(bodies.into_iter().map(event).collect())
}

fn at_place(at: usize, invalid: &Invalid) -> Problem {
    Problem::bad_request(format!("[{at}].{invalid}"))
}

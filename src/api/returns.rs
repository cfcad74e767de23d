//! `POST /api/orders/{id}/returns`: takes goods back; and reads what became of a return.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::key::idempotency_key;
use super::pieces::{PiecesBody, pieces};
use super::refusal::key_reused;
use crate::auth::{Caller, Person, Right};
use crate::order::OrderId;
use crate::reversal::{ReturnAnswer, TakeBack};
use crate::store::{AuditAction, Return, ReturnedLine};
use crate::trace::TraceParent;
use crate::web::{
    APPLIED, Field, Preference, Problem, REPLAYED, Segment, json_body, url, uuid_segment,
};

/// `Retry-After` for a return in progress, in seconds.
const SOON_SECS: u32 = 1;
const MAX_REASON: usize = 500;

/// Goods of an order that came back.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ReturnBody {
    /// What came back, 1 to 100 lines. Pieces of a line that is named twice are added up.
    #[schema(value_type = Vec<PiecesBody>, min_items = 1, max_items = 100)]
    lines: Field<Option<Vec<Field<PiecesBody>>>>,
    /// The reason, as free text.
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\u0000]*$")]
    reason: Field<Option<String>>,
    /// Whether the goods can be sold again; `true` by default.
    #[schema(value_type = Option<bool>)]
    restock: Field<Option<bool>>,
}

/// A completed return.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Returned)]
#[serde(rename_all = "camelCase")]
struct ReturnedView {
    id: Uuid,
    order_id: Uuid,
    /// Always `Returned`.
    status: &'static str,
    /// The refund in paise.
    refunded: i64,
    lines: Vec<ReturnedLineView>,
}

/// A return in progress.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Returning)]
#[serde(rename_all = "camelCase")]
struct ReturningView {
    id: Uuid,
    order_id: Uuid,
    /// Always `Returning`.
    status: &'static str,
    status_url: String,
}

/// A return.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Return)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReturnView {
    id: Uuid,
    order_id: Uuid,
    /// `Returning` or `Returned`.
    status: &'static str,
    /// What has been refunded, in paise: 0 while it is under way.
    refunded: i64,
    lines: Vec<ReturnedLineView>,
    #[schema(required)]
    reason: Option<String>,
    /// Whether the goods go back into stock.
    restock: bool,
    created_at: DateTime<Utc>,
    /// Null while the return is in progress.
    #[schema(required)]
    returned_at: Option<DateTime<Utc>>,
}

/// A line that came back, whole or in part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReturnedLine)]
#[serde(rename_all = "camelCase")]
struct ReturnedLineView {
    /// The line of the order, counted from 0.
    line: u16,
    product_id: Uuid,
    quantity: u32,
    /// The refund for it, in paise.
    amount: i64,
}

impl From<&ReturnedLine> for ReturnedLineView {
    fn from(line: &ReturnedLine) -> Self {
        Self {
            line: line.line,
            product_id: line.of.product_id.0,
            quantity: line.of.quantity,
            amount: line.amount.0,
        }
    }
}

impl From<Return> for ReturnView {
    fn from(returned: Return) -> Self {
        Self {
            id: returned.id,
            order_id: returned.order_id.0,
            status: if returned.returned_at.is_some() { "Returned" } else { "Returning" },
            refunded: returned.returned_at.map_or(0, |_done| returned.refunded.0),
            lines: returned.lines.iter().map(ReturnedLineView::from).collect(),
            reason: returned.reason,
            restock: returned.restock,
            created_at: returned.created_at,
            returned_at: returned.returned_at,
        }
    }
}

/// Take goods back
///
/// Records that goods of a shipped or delivered order came back. Their price is refunded, and they go
/// back into stock unless `restock` is false. No more can be returned than was shipped. Each return of
/// an order has its own key, and a repeat of the key gets the first answer.
#[utoipa::path(
    post,
    path = "/api/orders/{id}/returns",
    tag = "orders",
    operation_id = "returnGoods",
    security(("operatorToken" = [])),
    params(
        ("id" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` (at most 60), `respond-async`"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
    ),
    request_body = ReturnBody,
    responses(
        (status = 201, description = "Everything is given back", body = ReturnedView, headers(
            ("Location" = String, description = "The return"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` where an earlier request began it"),
            ("Preference-Applied" = Option<String>, description = "What was done of `Prefer`"),
        )),
        (status = 202, description = "It will be given back, and not all is yet", body = ReturningView, headers(
            ("Location" = String, description = "The return"),
            ("Retry-After" = u32, description = "Seconds"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` where an earlier request began it"),
            ("Preference-Applied" = Option<String>, description = "What was done of `Prefer`"),
        )),
        (status = 400, description = "`Idempotency-Key is required`, or what else is wrong, naming the field"),
        (status = 401, description = "`An operator token is needed`, or the token is wrong", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 404, description = "`Order not found`"),
        (status = 408, description = "The body did not come"),
        (status = 409, description = "`Order can not be returned` (with `orderStatus`) or `More than was shipped` (with `line`)"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 422, description = "`Idempotency key reused with a different request`"),
        (status = 503, description = "`The database is unavailable`", headers(("Retry-After" = u32, description = "Seconds"))),
    ),
)]
pub(super) async fn return_goods(
    State(api): State<Arc<Api>>,
    who: Person,
    Extension(trace): Extension<TraceParent>,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut audited = who.audited(AuditAction::Return, &id, api.executor.clock());
    let returned = async {
        who.require(Right::TakeBack)?;
        let id = OrderId(uuid_segment(id, "id")?);
        let body: ReturnBody = json_body(&headers, body).await?;
        let no_key = || Problem::bad_request("Idempotency-Key is required");
        let key = idempotency_key(&headers)?.ok_or_else(no_key)?;
        let (preference, reason) = (Preference::of(&headers), reason(&body)?);
        audited.because(reason.as_deref());
        let wish = TakeBack {
            id,
            pieces: pieces(&body.lines)?,
            reason,
            restock: body.restock.value()?.unwrap_or(true),
            key,
            who: who.name()?,
            audit: Some(audited.done().clone()),
            wait: preference.wait(api.default_wait),
            trace,
        };
        let mut response = respond(id, api.reversals.take_back(&wish).await);
        if let Some(applied) = preference.applied(response.status()) {
            response.headers_mut().insert(APPLIED, applied);
        }
        Ok(response)
    };
    let returned = returned.await;
    audited.answer(&api.executor, returned).await
}

fn reason(body: &ReturnBody) -> Result<Option<String>, Problem> {
    let Some(reason) = body.reason.value()? else { return Ok(None) };
    if reason.chars().count() > MAX_REASON {
        Err(Problem::bad_request(format!("reason must not be longer than {MAX_REASON} characters")))
    } else if reason.contains('\0') {
        Err(Problem::bad_request("reason must be text"))
    } else {
        Ok(Some(reason.clone()))
    }
}

fn respond(id: OrderId, answer: ReturnAnswer) -> Response {
    let never = "Order can not be returned";
    let no = |error, status| {
        let problem = Problem::new(StatusCode::CONFLICT, error);
        problem.of_checkout(id, url::status(id)).order_status(status)
    };
    let problem = match answer {
        ReturnAnswer::Accepted { returned, replayed } => return accepted(&returned, replayed),
        ReturnAnswer::KeyReused => key_reused(id),
        ReturnAnswer::NotFound => Problem::not_found("Order not found"),
        ReturnAnswer::NoSuchLine(line) => {
            Problem::bad_request(format!("lines: the order has no line {line}"))
        }
        ReturnAnswer::NotAllowed { status } => no(never, status),
        ReturnAnswer::Imported { status } => Problem::imported(id, never, status),
        ReturnAnswer::TooMuch { line, status } => no("More than was shipped", status).of_line(line),
        ReturnAnswer::Unavailable => Problem::database_unavailable(),
    };
    problem.into_response()
}

fn accepted(returned: &Return, replayed: bool) -> Response {
    let at = format!("/api/returns/{}", returned.id);
    let (id, order_id) = (returned.id, returned.order_id.0);
    let mut response = if returned.returned_at.is_some() {
        let body = ReturnedView {
            id,
            order_id,
            status: "Returned",
            refunded: returned.refunded.0,
            lines: returned.lines.iter().map(ReturnedLineView::from).collect(),
        };
        (StatusCode::CREATED, [(header::LOCATION, at)], Json(body)).into_response()
    } else {
        let body = ReturningView { id, order_id, status: "Returning", status_url: at.clone() };
        let headers = [(header::LOCATION, at), (header::RETRY_AFTER, SOON_SECS.to_string())];
        (StatusCode::ACCEPTED, headers, Json(body)).into_response()
    };
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// Get a return
///
/// Whoever may read the order may read its returns.
#[utoipa::path(
    get,
    path = "/api/returns/{id}",
    tag = "orders",
    operation_id = "getReturn",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The return")),
    responses(
        (status = 200, description = "The return", body = ReturnView),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 404, description = "`Return not found`; where users need a token also of another user's order"),
        (status = 503, description = "`The database is unavailable`, or the keys of users' tokens are"),
    ),
)]
pub(super) async fn get_return(
    State(api): State<Arc<Api>>,
    caller: Caller,
    id: Segment,
) -> Result<Json<ReturnView>, Problem> {
    let id = uuid_segment(id, "id")?;
    caller.require(Right::ReadOrders)?;
    let not_found = || Problem::not_found("Return not found");
    let returned = api.store.find_return(id).await?.ok_or_else(not_found)?;
    let order = api.store.order(returned.order_id).await?;
    order.filter(|order| caller.sees(order.user_id)).ok_or_else(not_found)?;
    Ok(Json(returned.into()))
}

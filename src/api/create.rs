//! `POST /api/orders/create`: turns the request into an [`Order`], and the [`Answer`] into a response.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::{Level, event};
use utoipa::ToSchema;
use uuid::Uuid;

use super::cart::{CreateOrder, cart};
use super::key::idempotency_key;
use super::{Api, refusal};
use crate::auth::{Audited, Caller};
use crate::checkout::{Answer, Order};
use crate::config::Undecided;
use crate::order::{OrderId, UserId};
use crate::store::AuditAction;
use crate::trace::TraceParent;
use crate::web::{APPLIED, Preference, Problem, REPLAYED, json_bytes, parse_json, url};

/// `Retry-After` for a checkout that is pending or was turned away, in seconds.
const SOON_SECS: u32 = 1;
/// `Retry-After` while this process accepts no checkouts, in seconds: by then its backlog may have room,
/// or the client may reach another replica.
const LATER_SECS: u32 = 5;

/// A confirmed order, in brief.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Created)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedView {
    id: Uuid,
    user_id: Uuid,
    /// The total in paise.
    total_amount: i64,
}

impl CreatedView {
    pub(super) fn of(id: OrderId, user_id: UserId, total_amount: i64) -> Self {
        Self { id: id.0, user_id: user_id.0, total_amount }
    }
}

/// A checkout that is accepted and not decided yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Accepted)]
#[serde(rename_all = "camelCase")]
pub(super) struct AcceptedView {
    id: Uuid,
    user_id: Uuid,
    /// Always `Pending`.
    status: &'static str,
    status_url: String,
}

/// Create an order
///
/// Accepts a checkout and waits for its result. A request that repeats an `Idempotency-Key` joins the
/// first one and never makes a second order. Without a key, an equal request of the same user joins the
/// first one while that is in flight (`checkout.join_equal`).
///
/// If a checkout is refused after it was accepted, the refusal has the member `undone`. It is `false`
/// until everything that had happened is undone, and `true` after that. Either way the refusal is final.
#[utoipa::path(
    post,
    path = "/api/orders/create",
    tag = "orders",
    operation_id = "createOrder",
    security((), ("userToken" = [])),
    request_body = CreateOrder,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters, quoted or not; the same for every repeat of one request"),
        ("Prefer" = Option<String>, Header, description = "`respond-async`, or `wait=SECONDS` up to 60"),
        ("traceparent" = Option<String>, Header, description = "W3C trace context"),
    ),
    responses(
        (status = 201, description = "Completed", body = CreatedView, headers(
            ("Location" = String, description = "The order"),
            ("Idempotent-Replayed" = Option<bool>, description = "`true` for the answer to an earlier request that this one repeats"),
            ("Preference-Applied" = Option<String>, description = "What was done of `Prefer`"),
        )),
        (status = 202, description = "Accepted, durable, and not finished within the wait", body = AcceptedView, headers(
            ("Location" = String, description = "Its status"),
            ("Retry-After" = u32, description = "Seconds until it is worth asking"),
            ("Idempotent-Replayed" = Option<bool>, description = "`true` where an earlier request that this one repeats began it"),
            ("Preference-Applied" = Option<String>, description = "What was done of `Prefer`"),
        )),
        (status = 400, description = "`Order must contain items`, or what else is wrong, naming the field"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for another user`, where users need a token; `Not allowed for role ROLE` with an operator's"),
        (status = 404, description = "`User profile not found`, `Product not found` (with `productId`) or `User not found`"),
        (status = 408, description = "The body did not come"),
        (status = 409, description = "`Price changed` (with `total`), `Insufficient stock` (with `productId`, `available`), `Payment failed - insufficient balance` (with `details`) or `Reservation failed` (with `productId`, `details`)"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 422, description = "`Idempotency key reused with a different request`"),
        (status = 429, description = "`Too many checkouts in progress`: nothing was accepted", headers(("Retry-After" = u32, description = "Seconds"))),
        (status = 500, description = "`Order creation failed`; `undone` says whether everything is undone"),
        (status = 502, description = "`Order creation failed`: a neighbour was at fault or out of reach; `undone` says whether everything is undone"),
        (status = 503, description = "What is unavailable. Without an `id` nothing was accepted; with one it is not known whether it was. Or, where `checkout.undecided` is `error` and the client sent neither `Prefer` nor `Idempotency-Key`, `Order is still being processed`: accepted, and not decided within the wait", headers(
            ("Retry-After" = u32, description = "Seconds"),
            ("Location" = Option<String>, description = "The status of one that is still being processed"),
        )),
    ),
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Extension(trace): Extension<TraceParent>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let preference = Preference::of(&headers);
    let bytes = json_bytes(&headers, body).await?;
    let idempotency_key = idempotency_key(&headers)?;
    let cart = cart(&parse_json(&bytes)?)?;
    if let Err(denied) = caller.may_order_for(cart.user_id()) {
        let clock = api.executor.clock();
        let audited = caller.person().map(|who| who.audited_anew(AuditAction::Create, clock));
        let denied = Err::<Response, _>(denied);
        return Ok(Audited::answer_any(audited, &api.executor, denied).await);
    }
    let wait = preference.wait(api.default_wait);
    let is_attended = preference.is_attended(api.default_wait);
    // A client that sends neither header may mistake any 2xx for an order.
    let knows_of_202 = preference.is_given() || idempotency_key.is_some();
    let undecided = if knows_of_202 { Undecided::Accepted } else { api.undecided };
    // Thousands of requests may wait from here on, so each frees the memory of its body.
    drop((headers, bytes));
    let order = Order { cart, idempotency_key, wait, is_attended, trace };
    let answer = api.desk.create(order).await;
    let (id, is_replayed) = (answer.id(), is_replayed(&answer));
    let mut response = respond(answer, undecided);
    let status = response.status();
    if let Some(id) = id {
        let status = status.as_u16();
        event!(target: "answers", Level::DEBUG, order.id = %id, status, "answered");
    }
    if is_replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if let Some(applied) = preference.applied(status) {
        response.headers_mut().insert(APPLIED, applied);
    }
    Ok(response)
}

/// Whether this is the answer to an earlier request, which this one repeats.
fn is_replayed(answer: &Answer) -> bool {
    match answer {
        Answer::Confirmed { replayed, .. }
        | Answer::Pending { replayed, .. }
        | Answer::Refused { replayed, .. } => *replayed,
        Answer::KeyReused { .. }
        | Answer::TooMany
        | Answer::NotNow { .. }
        | Answer::Unavailable { .. } => false,
    }
}

fn respond(answer: Answer, undecided: Undecided) -> Response {
    match answer {
        Answer::Confirmed { id, user_id, total_amount, replayed: _ } => {
            let body = CreatedView::of(id, user_id, total_amount);
            let location = [(header::LOCATION, url::order(id))];
            (StatusCode::CREATED, location, Json(body)).into_response()
        }
        Answer::Pending { id, user_id, replayed: _ } => match undecided {
            Undecided::Accepted => pending(id, user_id),
            Undecided::Error => still_processed(id),
        },
        Answer::Refused { id, refusal, undoing, replayed: _ } => {
            refusal::problem(id, refusal, undoing).into_response()
        }
        Answer::KeyReused { id } => refusal::key_reused(id).into_response(),
        Answer::TooMany => {
            let error = "Too many checkouts in progress";
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, error);
            problem.retry_after(SOON_SECS).into_response()
        }
        Answer::NotNow { reason } => {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason);
            problem.retry_after(LATER_SECS).into_response()
        }
        Answer::Unavailable { id: None } => Problem::database_unavailable().into_response(),
        Answer::Unavailable { id: Some(id) } => Problem::database_unavailable()
            .detail(
                "it is not known whether the checkout was accepted: ask for its status, or \
                 repeat the request with its Idempotency-Key",
            )
            .of_checkout(id, url::status(id))
            .into_response(),
    }
}

fn pending(id: OrderId, user_id: UserId) -> Response {
    let status_url = url::status(id);
    let headers =
        [(header::LOCATION, status_url.clone()), (header::RETRY_AFTER, SOON_SECS.to_string())];
    let body = AcceptedView { id: id.0, user_id: user_id.0, status: "Pending", status_url };
    (StatusCode::ACCEPTED, headers, Json(body)).into_response()
}

/// The answer to a client that would mistake a 202 for an order.
fn still_processed(id: OrderId) -> Response {
    let status_url = url::status(id);
    let location = [(header::LOCATION, status_url.clone())];
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Order is still being processed")
        .detail("it may still become an order, or not: its status says so, and ordering anew may order twice")
        .of_checkout(id, status_url)
        .retry_after(SOON_SECS);
    (location, problem).into_response()
}

//! `GET /api/orders/{id}/status`: what became of a checkout, in the same words as the answer to its client.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Api, refusal};
use crate::auth::{Caller, Right};
use crate::order::{OrderId, OrderStatus};
use crate::reversal::status_without_order;
use crate::saga::{Progress, SagaId};
use crate::store::{Found, Order};
use crate::trace::TraceParent;
use crate::web::{Problem, ProblemBody, Segment, url, uuid_segment};

/// What became of a checkout.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckoutStatus)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusView {
    id: Uuid,
    user_id: Uuid,
    /// `Pending`, `Confirmed`, `Rejected`, `Cancelling`, `Cancelled`, `Shipped` or `Delivered`.
    pub(super) status: String,
    /// The checkout's own state; null for an order that no checkout is kept of: one that was imported, or whose
    /// sagas are forgotten.
    #[schema(required)]
    pub(super) state: Option<String>,
    /// The total in paise, once the order exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_amount: Option<i64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// The address of the order, once it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_url: Option<String>,
    /// Why a checkout became no order: the answer that a waiting client got. While the status is still
    /// `Pending` or `Cancelling`, not everything is undone yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// Get the status of a checkout
///
/// Available as soon as the checkout is accepted, under the `id` that every answer has.
#[utoipa::path(
    get,
    path = "/api/orders/{id}/status",
    tag = "orders",
    operation_id = "getStatus",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The checkout, which is the order's id too")),
    responses(
        (status = 200, description = "What became of it", body = StatusView, headers(
            ("Retry-After" = Option<u32>, description = "While `Pending` or `Cancelling`: seconds until it is worth asking again"),
        )),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 404, description = "`Order not found`; where users need a token also of another user's"),
        (status = 503, description = "`The database is unavailable`, or the keys of users' tokens are"),
    ),
)]
pub(super) async fn get_status(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Extension(trace): Extension<TraceParent>,
    id: Segment,
) -> Result<Response, Problem> {
    let id = OrderId(uuid_segment(id, "id")?);
    caller.require(Right::ReadOrders)?;
    let view = status_of(&api, &caller, id, &trace).await?.ok_or_else(not_found)?;
    let is_under_way = matches!(view.status.as_str(), "Pending" | "Cancelling");
    let retry_after = is_under_way.then_some([(header::RETRY_AFTER, "1")]);
    Ok((retry_after, Json(view)).into_response())
}

/// The answer about an id that nobody knows, or that is another user's.
pub(super) fn not_found() -> Problem {
    Problem::not_found("Order not found").detail("no checkout has this id")
}

/// The status, if the caller may see it.
pub(super) async fn status_of(
    api: &Api,
    caller: &Caller,
    id: OrderId,
    trace: &TraceParent,
) -> Result<Option<StatusView>, Problem> {
    let found = api.store.find(SagaId(id.0)).await?;
    // A saga about an existing order (a reversal) has an id of its own, which is no order's.
    let is_shown = |found: &Found| found.order_id == id && caller.sees(found.user_id);
    let Some(found) = found.filter(is_shown) else {
        let order = api.store.order(id).await?.filter(|order| caller.sees(order.user_id));
        return Ok(order.map(without_checkout));
    };
    if found.progress.is_some_and(Progress::is_completed) {
        let order = api.store.order(id).await?;
        return Ok(Some(confirmed(&found, order)));
    }
    let problem = refusal::of(&found);
    let problem = problem.map(|problem| problem.into_body(&url::status(id), trace.trace_id()));
    Ok(Some(StatusView { problem, ..view(&found, status_without_order(&found)) }))
}

/// A completed checkout. Its status is that of the order, which may be cancelled or shipped by now.
fn confirmed(found: &Found, order: Option<Order>) -> StatusView {
    let stands = StatusView {
        total_amount: found.amount.map(|amount| amount.0),
        order_url: Some(url::order(found.order_id)),
        ..view(found, OrderStatus::Confirmed)
    };
    match order {
        None => stands,
        Some(order) => StatusView {
            status: order.status,
            updated_at: found.updated_at.max(order.updated_at),
            ..stands
        },
    }
}

/// An order that no checkout is kept of: one of the old database, or one whose sagas are forgotten.
fn without_checkout(order: Order) -> StatusView {
    StatusView {
        id: order.id.0,
        user_id: order.user_id.0,
        status: order.status,
        state: None,
        total_amount: Some(order.total.0),
        created_at: order.created_at,
        updated_at: order.updated_at,
        order_url: Some(url::order(order.id)),
        problem: None,
    }
}

fn view(found: &Found, status: OrderStatus) -> StatusView {
    StatusView {
        id: found.order_id.0,
        user_id: found.user_id.0,
        status: status.to_string(),
        state: Some(found.state.clone()),
        total_amount: None,
        created_at: found.created_at,
        updated_at: found.updated_at,
        order_url: None,
        problem: None,
    }
}

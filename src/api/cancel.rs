//! `POST /api/orders/{id}/cancel`, and a preview of what it would do now.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use crate::auth::{Audited, Caller, Right};
use crate::order::{OrderId, OrderStatus};
use crate::reversal::{Begun, Preview, Wish};
use crate::store::AuditAction;
use crate::trace::TraceParent;
use crate::web::{
    APPLIED, CancelBody, CancelledView, CancellingView, Preference, Problem, ReleasedView, Segment,
    Words, cancel_response, optional_json_body, released, uuid_segment,
};

/// Cancel an order
///
/// A confirmed order is refunded and its stock released. A checkout in flight is undone; if all that is
/// left to do is to write its order, the order is written and then cancelled. An order has at most one
/// cancellation: a repeat, by anybody and at any time, gets the first answer, and the first reason and
/// note are kept.
#[utoipa::path(
    post,
    path = "/api/orders/{id}/cancel",
    tag = "orders",
    operation_id = "cancelOrder",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(
        ("id" = Uuid, Path, description = "The order"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` (at most 60), `respond-async`"),
    ),
    request_body(content = Option<CancelBody>, description = "Why; may be left out"),
    responses(
        (status = 200, description = "Everything is given back", body = CancelledView, headers(
            ("Idempotent-Replayed" = Option<String>, description = "`true` where an earlier request cancelled it"),
            ("Preference-Applied" = Option<String>, description = "What was done of `Prefer`"),
        )),
        (status = 202, description = "It will be given back, and not all is yet", body = CancellingView, headers(
            ("Location" = String, description = "Where to ask"),
            ("Retry-After" = u32, description = "Seconds"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` where an earlier request cancelled it"),
            ("Preference-Applied" = Option<String>, description = "What was done of `Prefer`"),
        )),
        (status = 400, description = "What is wrong, naming the field"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, with an operator's token"),
        (status = 404, description = "`Order not found`; where users need a token also of another user's"),
        (status = 408, description = "The body did not come"),
        (status = 409, description = "`Order can not be cancelled`, with `orderStatus`"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "`The database is unavailable`, or the keys of users' tokens are", headers(("Retry-After" = u32, description = "Seconds"))),
    ),
)]
pub(super) async fn cancel_order(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Extension(trace): Extension<TraceParent>,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut audited = caller.audited(AuditAction::Cancel, &id, api.executor.clock());
    let cancelled = async {
        let preference = Preference::of(&headers);
        let id = OrderId(uuid_segment(id, "id")?);
        let body: CancelBody = optional_json_body(&headers, body).await?;
        let Words { reason, note } = body.words()?;
        let reason = reason.unwrap_or("customer").to_owned();
        if let Some(audited) = &mut audited {
            audited.because(reason.as_str());
        }
        caller.require(Right::Act)?;
        let wish = Wish {
            id,
            reason,
            note,
            who: caller.operator()?,
            audit: audited.as_ref().map(|audited| audited.done().clone()),
            wait: preference.wait(api.default_wait),
            trace,
        };
        let answer = api.reversals.cancel(&wish, &|user_id| caller.sees(user_id)).await;
        let mut response = cancel_response(id, answer);
        if let Some(applied) = preference.applied(response.status()) {
            response.headers_mut().insert(APPLIED, applied);
        }
        Ok(response)
    };
    let cancelled = cancelled.await;
    Audited::answer_any(audited, &api.executor, cancelled).await
}

/// What cancelling would do now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CancellationPreview)]
#[serde(rename_all = "camelCase")]
struct PreviewView {
    allowed: bool,
    /// What would be refunded, as far as is known now, in paise. Only if cancelling is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<i64>,
    /// What would be released, as far as is known now. Only if cancelling is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<Vec<ReleasedView>>,
    /// The order's status. Only if cancelling is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    status: Option<OrderStatus>,
    /// Why cancelling is not allowed, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// The saga that refunds and releases everything. Only once it has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    saga_id: Option<Uuid>,
    /// What has been refunded so far, in paise. Only once the saga has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded: Option<i64>,
    /// What has been released so far. Only once the saga has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<Vec<ReleasedView>>,
    /// Why the saga needs a person, or null if it doesn't. Only once it has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    stuck: Option<Value>,
}

/// Preview a cancellation
///
/// Says what cancelling the order now would do, or how far its cancellation has come. Changes nothing.
#[utoipa::path(
    get,
    path = "/api/orders/{id}/cancellation",
    tag = "orders",
    operation_id = "previewCancellation",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "What it would do", body = PreviewView),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 404, description = "`Order not found`; where users need a token also of another user's"),
        (status = 503, description = "`The database is unavailable`, or the keys of users' tokens are"),
    ),
)]
pub(super) async fn preview_cancellation(
    State(api): State<Arc<Api>>,
    caller: Caller,
    id: Segment,
) -> Result<Response, Problem> {
    let id = OrderId(uuid_segment(id, "id")?);
    caller.require(Right::ReadOrders)?;
    let preview = api.reversals.preview(id, &|user_id| caller.sees(user_id)).await?;
    let preview = preview.ok_or_else(|| Problem::not_found("Order not found"))?;
    Ok((StatusCode::OK, Json(view(preview))).into_response())
}

fn stuck(begun: &Begun) -> Value {
    // Can't fail: it is plain data with string keys.
    serde_json::to_value(&begun.stuck).unwrap_or_default()
}

fn view(preview: Preview) -> PreviewView {
    let nothing = PreviewView {
        allowed: false,
        refund: None,
        release: None,
        status: None,
        why: None,
        saga_id: None,
        refunded: None,
        released: None,
        stuck: None,
    };
    match preview {
        Preview::Allowed { user_id: _, gives_back } => PreviewView {
            allowed: true,
            refund: Some(gives_back.refunded.0),
            release: Some(released(&gives_back)),
            ..nothing
        },
        Preview::NotAllowed { user_id: _, status, why, begun } => {
            let given_back = begun.as_ref().map(|begun| &begun.given_back);
            PreviewView {
                status: Some(status),
                why: Some(why),
                saga_id: begun.as_ref().and_then(|begun| begun.saga_id).map(|id| id.0),
                refunded: given_back.map(|given_back| given_back.refunded.0),
                released: given_back.map(released),
                stuck: begun.as_ref().map(stuck),
                ..nothing
            }
        }
    }
}

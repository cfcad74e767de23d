//! Deliveries that a person asks for: a test, one again, all that failed again.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Operators;
use super::body::RecoverBody;
use super::view::{Instead, OfBody, no_webhook};
use crate::auth::{Person, Right};
use crate::store::Tested;
use crate::web::{Problem, Segment, TwoSegments, json_body, uuid_segment, uuid_segments};

/// A test that will be sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
#[serde(rename_all = "camelCase")]
pub(in crate::operator) struct TestView {
    /// Its id, by which its delivery is listed.
    event_id: Uuid,
}

/// What will be sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recovered)]
pub(in crate::operator) struct RecoveredView {
    /// How many deliveries.
    count: u64,
}

/// Test a webhook
///
/// Sends an event `webhook.test`, once, whatever comes of it.
#[utoipa::path(
    post,
    path = "/api/operator/webhooks/{id}/test",
    tag = "webhooks",
    operation_id = "testWebhook",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 202, description = "It will be sent", body = TestView),
        (status = 409, description = "`Webhook is disabled`"),
        Instead,
    ),
)]
pub(in crate::operator) async fn test_webhook(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
) -> Result<(StatusCode, Json<TestView>), Problem> {
    who.require(Right::Administer)?;
    let id = uuid_segment(id, "id")?;
    match operators.webhooks.test(id).await? {
        (event_id, Tested::Accepted) => Ok((StatusCode::ACCEPTED, Json(TestView { event_id }))),
        (_, Tested::NoWebhook) => Err(no_webhook()),
        (_, Tested::Disabled) => Err(Problem::new(StatusCode::CONFLICT, "Webhook is disabled")),
    }
}

/// Send an event again
///
/// At once, and once, outside schedule and order, whatever became of it before.
#[utoipa::path(
    post,
    path = "/api/operator/webhooks/{id}/deliveries/{eventId}/resend",
    tag = "webhooks",
    operation_id = "resendDelivery",
    security(("operatorToken" = [])),
    params(
        ("id" = Uuid, Path, description = "The webhook"),
        ("eventId" = Uuid, Path, description = "The event"),
    ),
    responses((status = 202, description = "It will be sent"), Instead),
)]
pub(in crate::operator) async fn resend_delivery(
    State(operators): State<Operators>,
    who: Person,
    ids: TwoSegments,
) -> Result<StatusCode, Problem> {
    who.require(Right::Administer)?;
    let (id, event) = uuid_segments(ids, ["id", "eventId"])?;
    operators.store.webhook(id).await?.ok_or_else(no_webhook)?;
    if !operators.store.resend(id, event, operators.clock.now()).await? {
        return Err(Problem::not_found("Delivery not found"));
    }
    operators.webhooks.wake();
    Ok(StatusCode::ACCEPTED)
}

/// Send again what failed
///
/// Everything that failed and whose event is not older than `since`, as if it were new. To a webhook that is
/// disabled it is sent once.
#[utoipa::path(
    post,
    path = "/api/operator/webhooks/{id}/recover",
    tag = "webhooks",
    operation_id = "recoverDeliveries",
    security(("operatorToken" = [])),
    request_body = RecoverBody,
    params(("id" = Uuid, Path, description = "The webhook")),
    responses((status = 202, description = "They will be sent", body = RecoveredView), Instead, OfBody),
)]
pub(in crate::operator) async fn recover_deliveries(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<RecoveredView>), Problem> {
    who.require(Right::Administer)?;
    let id = uuid_segment(id, "id")?;
    let body: RecoverBody = json_body(&headers, body).await?;
    let since = body.since.value()?.0;
    let count = operators.store.recover(id, since, operators.clock.now()).await?;
    let count = count.ok_or_else(no_webhook)?;
    operators.webhooks.wake();
    Ok((StatusCode::ACCEPTED, Json(RecoveredView { count })))
}

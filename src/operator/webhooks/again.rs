//! Deliveries that a person asks for: a test, one again, all that failed again.

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Operators;
use super::body::RecoverBody;
use super::view::{Instead, OfBody, no_webhook};
use crate::auth::{Person, Right};
use crate::store::{AuditAction, Tested};
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
) -> Response {
    let audited = who.audited(AuditAction::TestWebhook, &id, &operators.clock);
    let tested = async {
        who.require(Right::Administer)?;
        who.name()?;
        let id = uuid_segment(id, "id")?;
        match operators.webhooks.test(id, audited.done()).await? {
            (event_id, Tested::Accepted) => Ok((StatusCode::ACCEPTED, Json(TestView { event_id }))),
            (_, Tested::NoWebhook) => Err(no_webhook()),
            (_, Tested::Disabled) => Err(Problem::new(StatusCode::CONFLICT, "Webhook is disabled")),
        }
    };
    let tested = tested.await;
    audited.answer(&operators.executor, tested).await
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
) -> Response {
    let mut audited = who.audited_anew(AuditAction::ResendDelivery, &operators.clock);
    if let Ok(Path((webhook, event))) = &ids {
        audited.to(&format!("{webhook}/{event}"));
    }
    let resent = async {
        who.require(Right::Administer)?;
        who.name()?;
        let (id, event) = uuid_segments(ids, ["id", "eventId"])?;
        operators.store.webhook(id).await?.ok_or_else(no_webhook)?;
        let now = operators.clock.now();
        if !operators.store.resend(id, event, now, audited.done()).await? {
            return Err(Problem::not_found("Delivery not found"));
        }
        operators.webhooks.wake();
        Ok(StatusCode::ACCEPTED)
    };
    let resent = resent.await;
    audited.answer(&operators.executor, resent).await
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
) -> Response {
    let audited = who.audited(AuditAction::RecoverDeliveries, &id, &operators.clock);
    let recovered = async {
        who.require(Right::Administer)?;
        who.name()?;
        let id = uuid_segment(id, "id")?;
        let body: RecoverBody = json_body(&headers, body).await?;
        let (since, now) = (body.since.value()?.0, operators.clock.now());
        let count = operators.store.recover(id, since, now, audited.done()).await?;
        let count = count.ok_or_else(no_webhook)?;
        operators.webhooks.wake();
        Ok((StatusCode::ACCEPTED, Json(RecoveredView { count })))
    };
    let recovered: Result<_, Problem> = recovered.await;
    audited.answer(&operators.executor, recovered).await
}

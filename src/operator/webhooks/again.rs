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
use crate::store::{AuditAction, NewAuditEntry, Tested};
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
        let event_id = test(&operators, id, audited.done()).await?;
        Ok((StatusCode::ACCEPTED, Json(TestView { event_id })))
    };
    let tested: Result<_, Problem> = tested.await;
    audited.answer(&operators.executor, tested).await
}

/// Sends a test; returns its event's id.
pub(super) async fn test(
    operators: &Operators,
    id: Uuid,
    audit: &NewAuditEntry,
) -> Result<Uuid, Problem> {
    match operators.webhooks.test(id, audit).await? {
        (event_id, Tested::Accepted) => Ok(event_id),
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
) -> Response {
    let mut audited = who.audited_anew(AuditAction::ResendDelivery, &operators.clock);
    if let Ok(Path((webhook, event))) = &ids {
        audited.to(&format!("{webhook}/{event}"));
    }
    let resent = async {
        who.require(Right::Administer)?;
        who.name()?;
        let (id, event) = uuid_segments(ids, ["id", "eventId"])?;
        resend(&operators, (id, event), audited.done()).await?;
        Ok(StatusCode::ACCEPTED)
    };
    let resent: Result<_, Problem> = resent.await;
    audited.answer(&operators.executor, resent).await
}

/// Has an event sent again.
pub(super) async fn resend(
    operators: &Operators,
    (id, event): (Uuid, Uuid),
    audit: &NewAuditEntry,
) -> Result<(), Problem> {
    operators.store.webhook(id).await?.ok_or_else(no_webhook)?;
    if !operators.store.resend(id, event, operators.clock.now(), audit).await? {
        return Err(Problem::not_found("Delivery not found"));
    }
    operators.webhooks.wake();
    Ok(())
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
        let count = recover(&operators, id, &body, audited.done()).await?;
        Ok((StatusCode::ACCEPTED, Json(RecoveredView { count })))
    };
    let recovered: Result<_, Problem> = recovered.await;
    audited.answer(&operators.executor, recovered).await
}

/// Has everything sent again that failed; returns how much that is.
pub(super) async fn recover(
    operators: &Operators,
    id: Uuid,
    body: &RecoverBody,
    audit: &NewAuditEntry,
) -> Result<u64, Problem> {
    let (since, now) = (body.since.value()?.0, operators.clock.now());
    let count = operators.store.recover(id, since, now, audit).await?.ok_or_else(no_webhook)?;
    operators.webhooks.wake();
    Ok(count)
}

//! Adding, changing, removing endpoints, and giving one a new secret.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use chrono::TimeDelta;
use uuid::Uuid;

use super::super::Operators;
use super::body::{ChangeBody, NewWebhookBody};
use super::view::{Instead, OfBody, SecretView, WebhookView, no_webhook};
use crate::auth::{Person, Right};
use crate::store::{AuditAction, NewAuditEntry, NewWebhook, Webhook, WebhookChange};
use crate::web::{Problem, Segment, json_body, json_bytes, parse_json, read, uuid_segment};
use crate::webhooks::{Target, fresh_secret};

/// What an endpoint wants that doesn't say.
const DEFAULT_TYPES: &str = "order.*";
/// How long an old secret signs beside a new one.
const BOTH: TimeDelta = TimeDelta::hours(24);

/// Add a webhook
///
/// It gets the events that happen from now on, as in Standard Webhooks. The secret is shown in this answer
/// and never again.
#[utoipa::path(
    post,
    path = "/api/operator/webhooks",
    tag = "webhooks",
    operation_id = "addWebhook",
    security(("operatorToken" = [])),
    request_body = NewWebhookBody,
    responses(
        (status = 201, description = "It is there", body = SecretView, headers(("Location" = String, description = "The webhook"))),
        (status = 400, description = "What is wrong, naming the field"),
        (status = 401, description = "Without an operator's token"),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        OfBody,
    ),
)]
pub(in crate::operator) async fn add_webhook(
    State(operators): State<Operators>,
    who: Person,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut audited = who.audited_anew(AuditAction::CreateWebhook, &operators.clock);
    let added = async {
        who.require(Right::Administer)?;
        who.name()?;
        let body: NewWebhookBody = json_body(&headers, body).await?;
        let id = operators.clock.fresh_id();
        audited.to(&id.to_string());
        let webhook = add(&operators, id, &body, audited.done()).await?;
        let location = [(header::LOCATION, format!("/api/operator/webhooks/{}", webhook.id))];
        Ok((StatusCode::CREATED, location, Json(SecretView::from(&webhook))))
    };
    let added: Result<_, Problem> = added.await;
    audited.answer(&operators.executor, added).await
}

/// Adds an endpoint.
pub(super) async fn add(
    operators: &Operators,
    id: Uuid,
    body: &NewWebhookBody,
    audit: &NewAuditEntry,
) -> Result<Webhook, Problem> {
    let types = body.types.value()?.as_ref().map(|types| types.0.clone());
    let description = body.description.value()?.as_ref().map(|text| text.0.clone());
    let new = NewWebhook {
        id,
        url: judged(operators, body.url.value()?)?,
        types: types.unwrap_or_else(|| vec![DEFAULT_TYPES.to_owned()]),
        description: description.filter(|text| !text.is_empty()),
        ordered: body.ordered.value()?.unwrap_or(false),
        secret: fresh_secret(),
        created_at: operators.clock.now(),
    };
    Ok(operators.store.add_webhook(new, audit).await?)
}

/// Change a webhook
///
/// A new url counts from the next attempt, new types from the next event. A webhook that is disabled is told
/// nothing: what is pending for it, and what happens meanwhile, is `failed`.
#[utoipa::path(
    patch,
    path = "/api/operator/webhooks/{id}",
    tag = "webhooks",
    operation_id = "changeWebhook",
    security(("operatorToken" = [])),
    request_body = ChangeBody,
    params(("id" = Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "As it is now", body = WebhookView), Instead, OfBody),
)]
pub(in crate::operator) async fn change_webhook(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let audited = who.audited(AuditAction::ChangeWebhook, &id, &operators.clock);
    let changed = async {
        who.require(Right::Administer)?;
        who.name()?;
        let id = uuid_segment(id, "id")?;
        let body = parse_json(&json_bytes(&headers, body).await?)?;
        if !body.is_object() {
            return Err(Problem::bad_request("the body must be a JSON object"));
        }
        let webhook = change(&operators, id, &read(&body)?, audited.done()).await?;
        Ok(Json(WebhookView::from(&webhook)))
    };
    let changed: Result<_, Problem> = changed.await;
    audited.answer(&operators.executor, changed).await
}

/// Changes an endpoint.
pub(super) async fn change(
    operators: &Operators,
    id: Uuid,
    body: &ChangeBody,
    audit: &NewAuditEntry,
) -> Result<Webhook, Problem> {
    let url = body.url.value()?.as_ref().map(|url| judged(operators, url)).transpose()?;
    let change = WebhookChange {
        url,
        types: body.types.value()?.as_ref().map(|types| types.0.clone()),
        state: body.state.value()?.as_ref().map(|state| state.0),
        description: body.description.value()?.as_ref().map(|text| text.0.clone()),
    };
    let webhook = operators.store.change_webhook(id, change, audit).await?;
    let webhook = webhook.ok_or_else(no_webhook)?;
    operators.webhooks.wake();
    Ok(webhook)
}

/// Remove a webhook
///
/// With it goes what is known of its deliveries.
#[utoipa::path(
    delete,
    path = "/api/operator/webhooks/{id}",
    tag = "webhooks",
    operation_id = "removeWebhook",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    responses((status = 204, description = "It is gone"), Instead),
)]
pub(in crate::operator) async fn remove_webhook(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
) -> Response {
    let audited = who.audited(AuditAction::RemoveWebhook, &id, &operators.clock);
    let removed = async {
        who.require(Right::Administer)?;
        who.name()?;
        let id = uuid_segment(id, "id")?;
        remove(&operators, id, audited.done()).await?;
        Ok(StatusCode::NO_CONTENT)
    };
    let removed: Result<_, Problem> = removed.await;
    audited.answer(&operators.executor, removed).await
}

/// Removes an endpoint.
pub(super) async fn remove(
    operators: &Operators,
    id: Uuid,
    audit: &NewAuditEntry,
) -> Result<(), Problem> {
    operators.store.remove_webhook(id, audit).await?.then_some(()).ok_or_else(no_webhook)
}

/// Give a webhook a new secret
///
/// For 24 hours its messages are signed with the old one, too.
#[utoipa::path(
    post,
    path = "/api/operator/webhooks/{id}/rotate",
    tag = "webhooks",
    operation_id = "rotateWebhook",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "It, with the new secret", body = SecretView), Instead),
)]
pub(in crate::operator) async fn rotate_webhook(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
) -> Response {
    let audited = who.audited(AuditAction::RotateWebhook, &id, &operators.clock);
    let rotated = async {
        who.require(Right::Administer)?;
        who.name()?;
        let id = uuid_segment(id, "id")?;
        let webhook = rotate(&operators, id, audited.done()).await?;
        Ok(Json(SecretView::from(&webhook)))
    };
    let rotated: Result<_, Problem> = rotated.await;
    audited.answer(&operators.executor, rotated).await
}

/// Gives an endpoint a new secret.
pub(super) async fn rotate(
    operators: &Operators,
    id: Uuid,
    audit: &NewAuditEntry,
) -> Result<Webhook, Problem> {
    let (store, now) = (&operators.store, operators.clock.now());
    let rotated = store.rotate_webhook(id, fresh_secret(), (now, now + BOTH), audit).await?;
    rotated.ok_or_else(no_webhook)
}

/// The URL, if it may be called.
fn judged(operators: &Operators, url: &str) -> Result<String, Problem> {
    let target = Target::parse(url, operators.webhooks.networks())
        .map_err(|error| Problem::bad_request(format!("url {error}")))?;
    Ok(target.url().as_str().to_owned())
}

//! `GET /api/operator/webhooks/{id}/deliveries`: what became of each event.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Operators;
use super::view::{Instead, no_webhook};
use crate::auth::{Person, Right};
use crate::store::{Attempt, Delivery, DeliveryState};
use crate::web::{Cursor, Problem, Query, Segment, uuid_segment};

const MAX_LIMIT: u64 = 500;
const DEFAULT_LIMIT: u64 = 50;
/// The tag of this list's cursors.
const TAG: char = 'd';

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<DeliveryView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// An event for a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    pub(crate) event_id: Uuid,
    /// The event's type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// `pending`, `delivered` or `failed`.
    pub(crate) state: String,
    /// `disabled` if it failed because the webhook was disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// The latest attempts, oldest first.
    pub(crate) attempts: Vec<AttemptView>,
    /// Of one that is pending: when it is tried next; null while it waits for the event before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub(crate) next_attempt_at: Option<NextAttempt>,
}

/// Of one that is pending: a time, or null while it waits for the event before.
#[derive(Debug, Serialize)]
pub(crate) struct NextAttempt(pub(crate) Option<DateTime<Utc>>);

/// An attempt to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    pub(crate) at: DateTime<Utc>,
    /// The HTTP status, if there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// How long it took, in milliseconds.
    pub(crate) duration_ms: u64,
    /// The first 2 KiB of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let is_pending = delivery.state == DeliveryState::Pending;
        Self {
            event_id: delivery.event_id,
            kind: delivery.kind,
            state: delivery.state.to_string(),
            cause: delivery.cause,
            attempts: delivery.attempts.into_iter().map(AttemptView::from).collect(),
            next_attempt_at: is_pending.then_some(NextAttempt(delivery.next_attempt_at)),
        }
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let Attempt { at, status, error, duration_ms, response } = attempt;
        Self { at, status, error, duration_ms, response }
    }
}

/// List the deliveries of a webhook
#[utoipa::path(
    get,
    path = "/api/operator/webhooks/{id}/deliveries",
    tag = "webhooks",
    operation_id = "listDeliveries",
    security(("operatorToken" = [])),
    params(
        ("id" = Uuid, Path, description = "The webhook"),
        ("state" = Option<String>, Query, pattern = "^(pending|delivered|failed)$", description = "Only those in this state"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 50 unless said"),
        ("cursor" = Option<String>, Query, pattern = "^d000[0-9a-fA-F]{45}$", description = "`next` of the page before"),
    ),
    responses((status = 200, description = "The page, newest first", body = Page), Instead),
)]
pub(in crate::operator) async fn list_deliveries(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    query: Query,
) -> Result<Json<Page>, Problem> {
    who.require(Right::ReadSagas)?;
    page(&operators, uuid_segment(id, "id")?, &query).await.map(Json)
}

/// The page of an endpoint's deliveries that this query asks for.
pub(crate) async fn page(operators: &Operators, id: Uuid, query: &Query) -> Result<Page, Problem> {
    let state = query.parsed::<DeliveryState>("state", "one of pending, delivered, failed")?;
    let limit = query.limit(MAX_LIMIT, DEFAULT_LIMIT)?;
    let after = query.read("cursor", "`next` of another page", |text| {
        let cursor = Cursor::parse(text, TAG)?;
        Some((cursor.moment()?, cursor.id))
    })?;
    operators.store.webhook(id).await?.ok_or_else(no_webhook)?;
    let mut found = operators.store.deliveries(id, state, after, limit).await?;
    let is_more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| is_more);
    let next = last.map(|last| Cursor::at(TAG, last.created_at, last.event_id).to_string());
    Ok(Page { items: found.into_iter().map(DeliveryView::from).collect(), next })
}

//! `GET /api/operator/webhooks` and `GET /api/operator/webhooks/{id}`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Operators;
use super::view::{Instead, WebhookView, no_webhook};
use crate::auth::{Person, Right};
use crate::web::{Cursor, Problem, Query, Segment, uuid_segment};

const MAX_LIMIT: u64 = 500;
const DEFAULT_LIMIT: u64 = 50;
/// The tag of this list's cursors.
const TAG: char = 'w';

/// A page of endpoints.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<WebhookView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// List webhooks
#[utoipa::path(
    get,
    path = "/api/operator/webhooks",
    tag = "webhooks",
    operation_id = "listWebhooks",
    security(("operatorToken" = [])),
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 50 unless said"),
        ("cursor" = Option<String>, Query, pattern = "^w000[0-9a-fA-F]{45}$", description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "The page, newest first", body = Page),
        (status = 400, description = "What is wrong, naming the parameter"),
        (status = 401, description = "Without an operator's token"),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
    ),
)]
pub(in crate::operator) async fn list_webhooks(
    State(operators): State<Operators>,
    who: Person,
    query: Query,
) -> Result<Json<Page>, Problem> {
    who.require(Right::ReadSagas)?;
    page(&operators, &query).await.map(Json)
}

/// The page that this query asks for.
pub(crate) async fn page(operators: &Operators, query: &Query) -> Result<Page, Problem> {
    let limit = query.limit(MAX_LIMIT, DEFAULT_LIMIT)?;
    let after = query.read("cursor", "`next` of another page", |text| {
        let cursor = Cursor::parse(text, TAG)?;
        Some((cursor.moment()?, cursor.id))
    })?;
    let mut found = operators.store.webhooks(after, limit).await?;
    let is_more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| is_more);
    let next = last.map(|webhook| Cursor::at(TAG, webhook.created_at, webhook.id).to_string());
    Ok(Page { items: found.iter().map(WebhookView::from).collect(), next })
}

/// Show a webhook
#[utoipa::path(
    get,
    path = "/api/operator/webhooks/{id}",
    tag = "webhooks",
    operation_id = "getWebhook",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "It, without its secret", body = WebhookView), Instead),
)]
pub(in crate::operator) async fn get_webhook(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
) -> Result<Json<WebhookView>, Problem> {
    who.require(Right::ReadSagas)?;
    one(&operators, uuid_segment(id, "id")?).await.map(Json)
}

/// One endpoint.
pub(crate) async fn one(operators: &Operators, id: Uuid) -> Result<WebhookView, Problem> {
    let webhook = operators.store.webhook(id).await?.ok_or_else(no_webhook)?;
    Ok(WebhookView::from(&webhook))
}

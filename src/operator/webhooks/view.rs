//! Endpoints as they are shown, and the errors that all of their routes have in common.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::Webhook;
use crate::web::Problem;

/// An endpoint, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView {
    pub(crate) id: Uuid,
    /// Where events are sent.
    pub(crate) url: String,
    /// Which types of events it wants.
    pub(crate) types: Vec<String>,
    /// `enabled` or `disabled`.
    pub(crate) state: String,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// Whether the events of one order are sent one after the other.
    pub(crate) ordered: bool,
    pub(crate) created_at: DateTime<Utc>,
    /// Why it was disabled by itself: `gone` (it answered 410) or `failing` (nothing but failures for five
    /// days).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disabled_reason: Option<String>,
}

impl From<&Webhook> for WebhookView {
    fn from(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url.clone(),
            types: webhook.types.clone(),
            state: webhook.state.to_string(),
            description: webhook.description.clone(),
            ordered: webhook.ordered,
            created_at: webhook.created_at,
            disabled_reason: webhook.disabled_reason.clone(),
        }
    }
}

/// An endpoint with its newest secret, which is shown once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub(in crate::operator) struct SecretView {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What its messages are signed with: `whsec_` and base64.
    secret: String,
}

impl From<&Webhook> for SecretView {
    fn from(webhook: &Webhook) -> Self {
        let newest = webhook.secrets.first().map(|newest| newest.secret.clone());
        Self { webhook: webhook.into(), secret: newest.unwrap_or_default() }
    }
}

/// The errors of every route.
#[derive(utoipa::IntoResponses)]
pub(super) enum Instead {
    /// What is wrong, naming the parameter or the field
    #[response(status = 400)]
    _Bad,
    /// Without an operator's token
    #[response(status = 401)]
    _NoToken,
    /// `Not allowed for role ROLE`, or no token is configured
    #[response(status = 403)]
    _Closed,
    /// `Webhook not found`
    #[response(status = 404)]
    _NotFound,
    /// `The database is unavailable`
    #[response(status = 503)]
    _Unavailable,
}

/// The errors of a route that takes a body, besides.
#[derive(utoipa::IntoResponses)]
pub(super) enum OfBody {
    /// The body is over 256 KiB
    #[response(status = 413)]
    _TooLarge,
    /// The body is not JSON
    #[response(status = 415)]
    _NotJson,
}

/// 404.
pub(super) fn no_webhook() -> Problem {
    Problem::not_found("Webhook not found")
}

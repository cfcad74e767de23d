//! `webhooks list`, `webhooks deliveries` and the secret of an endpoint.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::table::table;
use crate::cli::format::{clipped, instant};
use crate::cli::out::TableStyle;

/// Longer texts are cut; `--json` has them.
const TEXT: usize = 60;

/// A page of endpoints.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct WebhookPage {
    pub items: Vec<Webhook>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// An endpoint.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Webhook {
    id: String,
    url: String,
    #[serde(default)]
    types: Vec<String>,
    state: String,
    disabled_reason: Option<String>,
    description: Option<String>,
    #[serde(default)]
    ordered: bool,
    secret: Option<String>,
}

/// A page of deliveries.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct DeliveryPage {
    pub items: Vec<Delivery>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// An event for an endpoint.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Delivery {
    event_id: String,
    #[serde(rename = "type")]
    kind: String,
    state: String,
    cause: Option<String>,
    #[serde(default)]
    attempts: Vec<Attempt>,
    next_attempt_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    at: DateTime<Utc>,
    status: Option<u16>,
    error: Option<String>,
}

/// Draws endpoints.
pub(in crate::cli) fn webhooks(webhooks: &[Webhook], style: TableStyle) -> String {
    if webhooks.is_empty() {
        return "no webhooks".to_owned();
    }
    let headers = ["ID", "STATE", "TYPES", "ORDERED", "URL", "DESCRIPTION"];
    let mut drawn = table(style, &headers, &[]);
    for webhook in webhooks {
        let state = match &webhook.disabled_reason {
            Some(reason) => format!("{}:{reason}", webhook.state),
            None => webhook.state.clone(),
        };
        drawn.add_row([
            webhook.id.clone(),
            state,
            webhook.types.join(","),
            if webhook.ordered { "yes" } else { "no" }.to_owned(),
            webhook.url.clone(),
            clipped(webhook.description.as_deref().unwrap_or("-"), TEXT),
        ]);
    }
    drawn.trim_fmt()
}

/// Draws deliveries.
pub(in crate::cli) fn deliveries(deliveries: &[Delivery], style: TableStyle) -> String {
    if deliveries.is_empty() {
        return "no deliveries".to_owned();
    }
    let headers = ["EVENT", "TYPE", "STATE", "ATTEMPTS", "LAST", "NEXT", "WHY"];
    let mut drawn = table(style, &headers, &["ATTEMPTS"]);
    let moment = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), instant);
    for delivery in deliveries {
        let last = delivery.attempts.last();
        drawn.add_row([
            delivery.event_id.clone(),
            delivery.kind.clone(),
            delivery.state.clone(),
            delivery.attempts.len().to_string(),
            moment(last.map(|last| last.at)),
            moment(delivery.next_attempt_at),
            clipped(&why(delivery, last), TEXT),
        ]);
    }
    drawn.trim_fmt()
}

fn why(delivery: &Delivery, last: Option<&Attempt>) -> String {
    let of_attempt = |last: &Attempt| {
        let status = || last.status.map(|status| format!("answered {status}"));
        last.error.clone().or_else(status)
    };
    delivery.cause.clone().or_else(|| last.and_then(of_attempt)).unwrap_or_else(|| "-".to_owned())
}

/// The endpoint's id and its secret, which is shown once.
pub(in crate::cli) fn secret(webhook: &Webhook) -> String {
    let secret = webhook.secret.as_deref().unwrap_or("-");
    format!("ID      {}\nSecret  {secret}\n\nThe secret is not shown again.", webhook.id)
}

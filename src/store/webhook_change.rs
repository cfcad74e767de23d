//! Changing and removing endpoints, and giving them new secrets. Who does locks the endpoint's row
//! (`webhook.rs`).

use chrono::{DateTime, Utc};
use entity::{webhook, webhook_delivery};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::trail::NewAuditEntry;
use super::webhook::{Secret, Webhook, WebhookState};
use super::{Error, Store};

/// Secrets of an endpoint that are kept at most, the newest first.
const MAX_SECRETS: usize = 10;

/// A change of an endpoint; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Counts from the next attempt.
    pub url: Option<String>,
    /// Counts for events that are taken in from now on.
    pub types: Option<Vec<String>>,
    /// Disabled: everything that is pending is given up.
    pub state: Option<WebhookState>,
    /// An empty one takes the description away.
    pub description: Option<String>,
}

impl Store {
    /// Changes an endpoint; `None` if there is none.
    pub async fn change_webhook(
        &self,
        id: Uuid,
        change: WebhookChange,
        audit: &NewAuditEntry,
    ) -> Result<Option<Webhook>, Error> {
        let transaction = self.write.begin().await?;
        let changed = async {
            let Some(mut webhook) = self.locked_webhook(&transaction, id).await? else {
                return Ok(None);
            };
            if let Some(url) = change.url {
                webhook.url = url;
            }
            if let Some(types) = change.types {
                webhook.types = types;
            }
            if let Some(description) = change.description {
                webhook.description = Some(description).filter(|text| !text.is_empty());
            }
            match change.state.filter(|state| *state != webhook.state) {
                Some(WebhookState::Enabled) => {
                    webhook.state = WebhookState::Enabled;
                    (webhook.disabled_reason, webhook.failing_since) = (None, None);
                }
                Some(WebhookState::Disabled) => {
                    webhook.state = WebhookState::Disabled;
                    self.give_up_pending(&transaction, id).await?;
                }
                None => {}
            }
            self.write_webhook(&transaction, &webhook).await?;
            self.audit_in(&transaction, Some(audit)).await?;
            Ok(Some(webhook))
        };
        let changed = changed.await;
        transaction.end(changed).await
    }

    /// Removes an endpoint with all that is known of it; `false` if there is none.
    pub async fn remove_webhook(&self, id: Uuid, audit: &NewAuditEntry) -> Result<bool, Error> {
        let transaction = self.write.begin().await?;
        let removed = async {
            let removed = webhook::Entity::delete_by_id(id).exec(&transaction).await?;
            let of_it = webhook_delivery::Column::WebhookId.eq(id);
            webhook_delivery::Entity::delete_many().filter(of_it).exec(&transaction).await?;
            let is_removed = removed.rows_affected == 1;
            self.audit_in(&transaction, Some(audit).filter(|_| is_removed)).await?;
            Ok(is_removed)
        };
        let removed = removed.await;
        transaction.end(removed).await
    }

    /// Has an endpoint's messages signed with a new secret, and until then with those before, too; `None` if
    /// there is no such endpoint.
    pub async fn rotate_webhook(
        &self,
        id: Uuid,
        secret: String,
        (now, until): (DateTime<Utc>, DateTime<Utc>),
        audit: &NewAuditEntry,
    ) -> Result<Option<Webhook>, Error> {
        let transaction = self.write.begin().await?;
        let rotated = async {
            let Some(mut webhook) = self.locked_webhook(&transaction, id).await? else {
                return Ok(None);
            };
            let old = webhook.secrets.into_iter().map(|old| {
                let until = old.until.unwrap_or(until);
                Secret { until: Some(until), ..old }
            });
            let old = old.filter(|old| old.until > Some(now));
            let new = std::iter::once(Secret { secret, until: None });
            webhook.secrets = new.chain(old).take(MAX_SECRETS).collect();
            self.write_webhook(&transaction, &webhook).await?;
            self.audit_in(&transaction, Some(audit)).await?;
            Ok(Some(webhook))
        };
        let rotated = rotated.await;
        transaction.end(rotated).await
    }
}

//! Deliveries that a person asks for: a test, one again, all that failed again.

use chrono::{DateTime, Utc};
use entity::webhook_delivery;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Set};
use serde_json::json;
use uuid::Uuid;

use super::delivery::DeliveryState;
use super::trail::NewAuditEntry;
use super::transaction::Transaction;
use super::webhook::WebhookState;
use super::{Error, Store};

/// A message that tells of nothing.
#[derive(Clone, Debug)]
pub struct TestDelivery {
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub kind: String,
    /// What is sent.
    pub body: String,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What became of a request for a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tested {
    /// It will be sent.
    Accepted,
    /// There is no such endpoint.
    NoWebhook,
    /// The endpoint is told nothing.
    Disabled,
}

impl Store {
    /// Takes in a test message, which is sent once.
    pub async fn test_webhook(
        &self,
        id: Uuid,
        test: TestDelivery,
        audit: &NewAuditEntry,
    ) -> Result<Tested, Error> {
        let transaction = self.write.begin().await?;
        let tested = async {
            match self.locked_webhook(&transaction, id).await?.map(|webhook| webhook.state) {
                None => return Ok(Tested::NoWebhook),
                Some(WebhookState::Disabled) => return Ok(Tested::Disabled),
                Some(WebhookState::Enabled) => {}
            }
            let row = webhook_delivery::ActiveModel {
                webhook_id: Set(id),
                event_id: Set(test.event_id),
                kind: Set(test.kind),
                subject: Set(id),
                position: Set(None),
                event_at: Set(test.now),
                body: Set(test.body),
                state: Set(DeliveryState::Pending.to_string()),
                cause: Set(None),
                attempts: Set(json!([])),
                tries: Set(0),
                resends: Set(0),
                next_attempt_at: Set(Some(test.now)),
                due_at: Set(Some(test.now)),
                owner: Set(None),
                fence: Set(0),
                created_at: Set(test.now),
            };
            webhook_delivery::Entity::insert(row).exec_without_returning(&transaction).await?;
            self.audit_in(&transaction, Some(audit)).await?;
            Ok(Tested::Accepted)
        };
        let tested = tested.await;
        transaction.end(tested).await
    }

    /// Has a delivery sent once more, outside schedule and order; `false` if there is none.
    pub async fn resend(
        &self,
        webhook: Uuid,
        event: Uuid,
        now: DateTime<Utc>,
        audit: &NewAuditEntry,
    ) -> Result<bool, Error> {
        // One that is being sent is due when that is settled.
        let sql = format!(
            "UPDATE webhook_delivery SET resends = resends + 1, \
             due_at = CASE WHEN owner IS NULL OR due_at IS NULL THEN {} ELSE due_at END \
             WHERE webhook_id = $1 AND event_id = $2",
            self.third_as_time()
        );
        let values = vec![webhook.into(), event.into(), now.into()];
        let transaction = self.write.begin().await?;
        let resent = async {
            let done = transaction.execute_raw(self.statement(&sql, values)).await?;
            let is_there = done.rows_affected() == 1;
            self.audit_in(&transaction, Some(audit).filter(|_| is_there)).await?;
            Ok(is_there)
        };
        let resent = resent.await;
        transaction.end(resent).await
    }

    /// Has everything sent again that failed and whose event is of `since` or later: as if it were new, or
    /// once where the endpoint is disabled. Returns how much that is; `None` if there is no such endpoint.
    pub async fn recover(
        &self,
        webhook: Uuid,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
        audit: &NewAuditEntry,
    ) -> Result<Option<u64>, Error> {
        let transaction = self.write.begin().await?;
        let recovered = async {
            let Some(found) = self.locked_webhook(&transaction, webhook).await? else {
                return Ok(None);
            };
            self.audit_in(&transaction, Some(audit)).await?;
            let set = match found.state {
                WebhookState::Enabled if found.ordered => "NULL",
                WebhookState::Enabled => self.third_as_time(),
                WebhookState::Disabled => {
                    return self.resend_failed(&transaction, webhook, since, now).await.map(Some);
                }
            };
            // A test tells of nothing; one that failed stays so.
            let sql = format!(
                "UPDATE webhook_delivery SET state = 'pending', cause = NULL, tries = 0, \
                 owner = NULL, next_attempt_at = {set}, due_at = {set} WHERE webhook_id = $1 \
                 AND state = 'failed' AND event_at >= $2 AND position IS NOT NULL"
            );
            let mut values = vec![webhook.into(), since.into(), now.into()];
            if found.ordered {
                values.pop();
            }
            let done = transaction.execute_raw(self.statement(&sql, values)).await?;
            if found.ordered {
                self.begin_waiting(&transaction, webhook, now).await?;
            }
            Ok(Some(done.rows_affected()))
        };
        let recovered = recovered.await;
        transaction.end(recovered).await
    }

    async fn resend_failed(
        &self,
        transaction: &Transaction,
        webhook: Uuid,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, Error> {
        let sql = "UPDATE webhook_delivery SET resends = resends + 1, due_at = $3 \
                   WHERE webhook_id = $1 AND state = 'failed' AND event_at >= $2 \
                   AND position IS NOT NULL";
        let values = vec![webhook.into(), since.into(), now.into()];
        Ok(transaction.execute_raw(self.statement(sql, values)).await?.rows_affected())
    }

    /// Begins with every waiting delivery of an ordered endpoint that none is before.
    async fn begin_waiting(
        &self,
        transaction: &Transaction,
        webhook: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sql = "UPDATE webhook_delivery SET next_attempt_at = $2, due_at = $2 \
                   WHERE webhook_id = $1 AND state = 'pending' AND due_at IS NULL \
                   AND next_attempt_at IS NULL AND NOT EXISTS (SELECT 1 \
                   FROM webhook_delivery earlier WHERE earlier.webhook_id = $1 \
                   AND earlier.subject = webhook_delivery.subject AND earlier.state = 'pending' \
                   AND earlier.position < webhook_delivery.position)";
        let values = vec![webhook.into(), now.into()];
        transaction.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// PostgreSQL would take the type of a parameter in a CASE for text.
    fn third_as_time(&self) -> &'static str {
        if self.backend == DbBackend::Postgres { "$3::timestamptz" } else { "$3" }
    }
}

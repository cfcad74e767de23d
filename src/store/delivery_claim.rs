//! Claiming deliveries: which process makes the next attempt of each.
//!
//! A claim moves `due_at` to the end of a lease, which its owner renews while the attempt is under way. A
//! delivery whose owner died is due again when the lease is over, and is found like any other. As in a
//! saga's row, a claim raises the fence, and who settles names owner and fence.

use chrono::{DateTime, Utc};
use entity::{webhook, webhook_delivery};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use super::rowset::{ids, source_of_ids};
use super::webhook::Webhook;
use super::{Error, Store};

/// An endpoint, and when the first of its deliveries is due.
#[derive(Clone, Debug, PartialEq)]
pub struct DueWebhook {
    /// The endpoint.
    pub webhook: Webhook,
    /// When there is something to do.
    pub due_at: Option<DateTime<Utc>>,
    /// When the last of what is known now is to be done.
    pub last_due_at: Option<DateTime<Utc>>,
}

/// A delivery whose next attempt is this process's.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedDelivery {
    /// Which endpoint.
    pub webhook_id: Uuid,
    /// Which event.
    pub event_id: Uuid,
    /// The event's type.
    pub kind: String,
    /// What is sent.
    pub body: String,
    /// Attempts of the schedule that failed.
    pub tries: u32,
    /// Whether this attempt is outside the schedule.
    pub is_resend: bool,
    /// Whose it is.
    pub owner: Uuid,
    /// Under which claim.
    pub fence: i64,
}

/// The end of leases, and who has them.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryLease {
    /// The process.
    pub owner: Uuid,
    /// Now.
    pub now: DateTime<Utc>,
    /// When they end.
    pub until: DateTime<Utc>,
}

impl Store {
    /// All endpoints, with when each has something to do: two looks into the index for each.
    pub async fn due_webhooks(&self) -> Result<Vec<DueWebhook>, Error> {
        let sql = "SELECT w.*, (SELECT d.due_at FROM webhook_delivery d \
                   WHERE d.webhook_id = w.id AND d.due_at IS NOT NULL \
                   ORDER BY d.due_at LIMIT 1) AS due_at, \
                   (SELECT d.due_at FROM webhook_delivery d \
                   WHERE d.webhook_id = w.id AND d.due_at IS NOT NULL \
                   ORDER BY d.due_at DESC LIMIT 1) AS last_due_at FROM webhook w";
        let rows = self.read.query_all_raw(self.statement(sql, vec![])).await?;
        let due = |row: &sea_orm::QueryResult| -> Result<DueWebhook, Error> {
            let webhook = Webhook::try_from(webhook::Model::from_query_result(row, "")?)?;
            let (due_at, last_due_at) =
                (row.try_get("", "due_at")?, row.try_get("", "last_due_at")?);
            Ok(DueWebhook { webhook, due_at, last_due_at })
        };
        rows.iter().map(due).collect()
    }

    /// Claims up to `limit` deliveries of an endpoint that are due, the longest due first.
    pub async fn claim_deliveries(
        &self,
        webhook: Uuid,
        lease: DeliveryLease,
        limit: u64,
    ) -> Result<Vec<ClaimedDelivery>, Error> {
        let due = "SELECT event_id FROM webhook_delivery WHERE webhook_id = $1 AND due_at <= $3 \
                   ORDER BY due_at, event_id LIMIT $5";
        // As an array the subquery is carried out once, whatever the plan.
        let chosen = match self.backend {
            DbBackend::Postgres => format!("= ANY(ARRAY({due} FOR UPDATE SKIP LOCKED))"),
            _ => format!("IN ({due})"),
        };
        let sql = format!(
            "UPDATE webhook_delivery SET owner = $2, fence = fence + 1, due_at = $4 \
             WHERE webhook_id = $1 AND event_id {chosen} RETURNING *"
        );
        let DeliveryLease { owner, now, until } = lease;
        let values = vec![webhook.into(), owner.into(), now.into(), until.into(), limit.into()];
        let rows = webhook_delivery::Model::find_by_statement(self.statement(&sql, values));
        let mut rows = rows.all(&self.write).await?;
        rows.sort_by_key(|row| (row.next_attempt_at, row.position, row.event_id));
        let claimed = rows.into_iter().map(|row| ClaimedDelivery {
            webhook_id: row.webhook_id,
            event_id: row.event_id,
            kind: row.kind,
            body: row.body,
            tries: row.tries.unsigned_abs(),
            is_resend: row.resends > 0,
            owner,
            fence: row.fence,
        });
        Ok(claimed.collect())
    }

    /// Renews the leases of the deliveries of these events that a process has.
    pub async fn renew_deliveries(
        &self,
        lease: DeliveryLease,
        events: &[Uuid],
    ) -> Result<(), Error> {
        let source = source_of_ids(self.backend);
        let sql = format!(
            "UPDATE webhook_delivery SET due_at = $3 WHERE owner = $2 \
             AND due_at IS NOT NULL AND event_id IN (SELECT r.id FROM {source})"
        );
        let values = vec![ids(events), lease.owner.into(), lease.until.into()];
        self.write.execute_raw(self.statement(&sql, values)).await?;
        Ok(())
    }

    /// Makes due what an endpoint is to be told later than `latest`: that can't be meant, and is of a clock
    /// that was set back since (promise 34).
    pub async fn bring_deliveries_forward(
        &self,
        webhook: Uuid,
        latest: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sql = "UPDATE webhook_delivery SET due_at = $3 WHERE webhook_id = $1 AND due_at > $2";
        let values = vec![webhook.into(), latest.into(), now.into()];
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Gives up a process's deliveries, so that others need not wait for its leases.
    pub async fn release_deliveries(&self, owner: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
        let sql = "UPDATE webhook_delivery SET owner = NULL, due_at = $2 \
                   WHERE owner = $1 AND due_at IS NOT NULL";
        self.write.execute_raw(self.statement(sql, vec![owner.into(), now.into()])).await?;
        Ok(())
    }

    /// The same for all processes, where this one has the database to itself.
    pub async fn release_all_deliveries(&self, now: DateTime<Utc>) -> Result<(), Error> {
        if !self.is_exclusive() {
            return Ok(());
        }
        let sql = "UPDATE webhook_delivery SET owner = NULL, due_at = $1 \
                   WHERE owner IS NOT NULL AND due_at IS NOT NULL";
        self.write.execute_raw(self.statement(sql, vec![now.into()])).await?;
        Ok(())
    }
}

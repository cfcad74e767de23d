//! Deleting events that are old, from the first position on and without a gap; and deliveries and mails that
//! are dealt with.
//!
//! The invariants: an event without a position stays, and so does one that a sink has not been told yet. An
//! order that may still have events keeps the version of its last one, so that the next has the next version.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::retention::ForgettingLead;
use super::rowset::{ids, source_of_ids};
use super::saga::IN_FLIGHT;
use super::{DeliveryState, Error, Store};

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgottenRows {
    /// So many are deleted.
    Deleted(u64),
    /// Another process leads; nothing was deleted.
    LeadLost,
}

/// Old deliveries of one webhook and state, behind each other.
#[derive(Clone, Copy, Debug)]
pub struct OldDeliveries {
    /// Which webhook.
    pub webhook: Uuid,
    /// Delivered, or failed.
    pub state: DeliveryState,
    /// Taken in at this time or later.
    pub from: DateTime<Utc>,
    /// Taken in at this time or earlier.
    pub cutoff: DateTime<Utc>,
}

impl Store {
    /// Deletes the first events, as far as they are as old as `cutoff` and every sink was told of them; at
    /// most so many. The lead learns how far that is.
    pub async fn forget_events(
        &self,
        lead: &mut ForgettingLead,
        cutoff: DateTime<Utc>,
        limit: u64,
        now: DateTime<Utc>,
    ) -> Result<ForgottenRows, Error> {
        let first = lead.events_until + 1;
        // The sequencer's cursor is one of them: there is nothing behind it.
        let sql = "SELECT position, created_at FROM outbox WHERE position >= $1 AND position <= \
                   (SELECT min(position) FROM event_cursor) ORDER BY position LIMIT $2";
        let values = vec![first.into(), limit.into()];
        let rows = self.read.query_all_raw(self.statement(sql, values)).await?;
        let event = |row: &QueryResult| -> Result<(i64, DateTime<Utc>), Error> {
            Ok((row.try_get("", "position")?, row.try_get("", "created_at")?))
        };
        let events: Vec<_> = rows.iter().map(event).collect::<Result<_, _>>()?;
        let old = events.iter().take_while(|(_, at)| *at <= cutoff);
        let Some((last, latest)) =
            old.copied().reduce(|(_, latest), (last, at)| (last, latest.max(at)))
        else {
            return Ok(ForgottenRows::Deleted(0));
        };
        let transaction = self.write.begin().await?;
        let forgotten = async {
            let set = "events_until = $3, last_batch_at = $5, \
                       events_at = CASE WHEN events_at > $4 THEN events_at ELSE $4 END";
            let values = vec![last.into(), latest.into(), now.into()];
            if !self.note_forgotten_in(&transaction, lead, set, values).await? {
                return Ok(ForgottenRows::LeadLost);
            }
            let values = || vec![first.into(), last.into()];
            transaction.execute_raw(self.statement(&keep_versions(), values())).await?;
            let sql = "DELETE FROM outbox WHERE position >= $1 AND position <= $2";
            let deleted = transaction.execute_raw(self.statement(sql, values())).await?;
            Ok(ForgottenRows::Deleted(deleted.rows_affected()))
        };
        let forgotten = forgotten.await;
        let forgotten = transaction.end(forgotten).await?;
        if forgotten != ForgottenRows::LeadLost {
            lead.events_until = last;
        }
        Ok(forgotten)
    }

    /// The sink that holds back the most old events, and how many positions: its cursor stands before
    /// one that is as old as `cutoff`.
    pub async fn holds_back_events(
        &self,
        cutoff: DateTime<Utc>,
    ) -> Result<Option<(String, i64)>, Error> {
        let sql = "SELECT name, position FROM event_cursor ORDER BY position, name LIMIT 1";
        let row = self.read.query_one_raw(self.statement(sql, vec![])).await?;
        let Some(row) = row else { return Ok(None) };
        let (name, position): (String, i64) =
            (row.try_get("", "name")?, row.try_get("", "position")?);
        let sql = "SELECT created_at FROM outbox WHERE position > $1 ORDER BY position LIMIT 1";
        let row = self.read.query_one_raw(self.statement(sql, vec![position.into()])).await?;
        let at: Option<DateTime<Utc>> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        let head = self.last_position().await?;
        Ok(at.filter(|at| *at <= cutoff).map(|_| (name, head - position)))
    }

    /// Every webhook.
    pub async fn webhook_ids(&self) -> Result<Vec<Uuid>, Error> {
        let sql = "SELECT id FROM webhook ORDER BY created_at, id";
        let rows = self.read.query_all_raw(self.statement(sql, vec![])).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    /// Deletes deliveries of one webhook that are dealt with, at most so many, the oldest first; and up to
    /// when those were taken in, `None` where there was none.
    pub async fn forget_deliveries(
        &self,
        lead: &ForgettingLead,
        old: OldDeliveries,
        limit: u64,
        now: DateTime<Utc>,
    ) -> Result<(ForgottenRows, Option<DateTime<Utc>>), Error> {
        let state: &str = old.state.into();
        let sql = "SELECT event_id, created_at FROM webhook_delivery WHERE webhook_id = $1 \
                   AND state = $2 AND created_at >= $3 AND created_at <= $4 \
                   ORDER BY created_at, event_id LIMIT $5";
        let values = vec![
            old.webhook.into(),
            state.into(),
            old.from.into(),
            old.cutoff.into(),
            limit.into(),
        ];
        let rows = self.read.query_all_raw(self.statement(sql, values)).await?;
        let Some(last) = rows.last() else { return Ok((ForgottenRows::Deleted(0), None)) };
        let last = last.try_get("", "created_at")?;
        let these = rows.iter().map(|row| row.try_get("", "event_id"));
        let these: Vec<Uuid> = these.collect::<Result<_, _>>()?;
        // One that is to be sent once more is not dealt with.
        let sql = format!(
            "DELETE FROM webhook_delivery WHERE webhook_id = $2 AND state <> 'pending' \
             AND due_at IS NULL AND owner IS NULL \
             AND event_id IN (SELECT r.id FROM {})",
            source_of_ids(self.backend)
        );
        let values = vec![ids(&these), old.webhook.into()];
        Ok((self.forget_by(lead, &sql, values, now).await?, Some(last)))
    }

    /// Deletes mails that were dealt with by `cutoff`, at most so many, the oldest first.
    pub async fn forget_mails(
        &self,
        lead: &ForgettingLead,
        cutoff: DateTime<Utc>,
        limit: u64,
        now: DateTime<Utc>,
    ) -> Result<ForgottenRows, Error> {
        let sql = "SELECT event_id FROM mails WHERE noted_at IS NOT NULL AND noted_at <= $1 \
                   ORDER BY noted_at LIMIT $2";
        let values = vec![cutoff.into(), limit.into()];
        let rows = self.read.query_all_raw(self.statement(sql, values)).await?;
        let these = rows.iter().map(|row| row.try_get("", "event_id"));
        let these: Vec<Uuid> = these.collect::<Result<_, _>>()?;
        if these.is_empty() {
            return Ok(ForgottenRows::Deleted(0));
        }
        let sql = format!(
            "DELETE FROM mails WHERE due_at IS NULL AND event_id IN (SELECT r.id FROM {})",
            source_of_ids(self.backend)
        );
        self.forget_by(lead, &sql, vec![ids(&these)], now).await
    }

    async fn forget_by(
        &self,
        lead: &ForgettingLead,
        sql: &str,
        values: Vec<sea_orm::Value>,
        now: DateTime<Utc>,
    ) -> Result<ForgottenRows, Error> {
        let transaction = self.write.begin().await?;
        let forgotten = async {
            let set = "last_batch_at = $3";
            if !self.note_forgotten_in(&transaction, lead, set, vec![now.into()]).await? {
                return Ok(ForgottenRows::LeadLost);
            }
            let deleted = transaction.execute_raw(self.statement(sql, values)).await?;
            Ok(ForgottenRows::Deleted(deleted.rows_affected()))
        };
        let forgotten = forgotten.await;
        transaction.end(forgotten).await
    }
}

/// Writes down the versions of these events' orders, where there may be more events: of orders that are not
/// cancelled, of sagas in flight, and of webhooks.
fn keep_versions() -> String {
    format!(
        "INSERT INTO event_version (order_id, version) \
         SELECT order_id, max(COALESCE(version, 1)) FROM outbox \
         WHERE position >= $1 AND position <= $2 AND (\
         EXISTS (SELECT 1 FROM orders WHERE orders.id = outbox.order_id \
         AND orders.status <> 'Cancelled') \
         OR EXISTS (SELECT 1 FROM saga_instance WHERE saga_instance.id = outbox.order_id \
         AND {IN_FLIGHT}) \
         OR EXISTS (SELECT 1 FROM saga_instance WHERE saga_instance.order_id = outbox.order_id \
         AND {IN_FLIGHT}) \
         OR EXISTS (SELECT 1 FROM webhook WHERE webhook.id = outbox.order_id)) \
         GROUP BY order_id \
         ON CONFLICT (order_id) DO UPDATE SET version = excluded.version"
    )
}

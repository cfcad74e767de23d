//! Answers owed to whoever sent an order by a queue: kept from before the message is acknowledged until the
//! answer is confirmed, so that each is given at least once, whatever dies in between (promise 61).

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::rowset::{ids, source_of_ids};
use super::{Error, Store};
use crate::order::OrderId;

/// An answer that somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedAnswer {
    /// Names this debt.
    pub id: Uuid,
    /// What the answer is about.
    pub order_id: OrderId,
    /// The queue that it goes to.
    pub reply_to: String,
    /// What the asker knows it by.
    pub correlation_id: Option<String>,
    /// W3C trace context of the message.
    pub trace_parent: String,
}

impl Store {
    /// Writes down that an answer is owed.
    pub async fn owe(&self, owed: &OwedAnswer, now: DateTime<Utc>) -> Result<(), Error> {
        let sql = "INSERT INTO owed_answer \
                   (id, order_id, reply_to, correlation_id, trace_parent, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let OwedAnswer { id, order_id, reply_to, correlation_id, trace_parent } = owed.clone();
        let values = vec![
            id.into(),
            order_id.0.into(),
            reply_to.into(),
            correlation_id.into(),
            trace_parent.into(),
            now.into(),
        ];
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Takes up to `limit` of the answers that can be given, because their checkouts are at rest. For `lease`
    /// nobody else takes them.
    pub async fn take_owed(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u64,
    ) -> Result<Vec<OwedAnswer>, Error> {
        // Looked for first, so that whoever finds nothing writes nothing.
        let due = "SELECT owed_answer.id FROM owed_answer \
                   JOIN saga_instance ON saga_instance.id = owed_answer.order_id \
                   WHERE (owed_answer.taken_until IS NULL OR owed_answer.taken_until < $1) \
                   AND saga_instance.owner IS NULL AND saga_instance.next_attempt_at IS NULL \
                   AND saga_instance.stuck_kind IS NULL AND saga_instance.held IS NULL \
                   ORDER BY owed_answer.created_at, owed_answer.id LIMIT $2";
        let due = self.read.query_all_raw(self.statement(due, vec![now.into(), limit.into()]));
        let due: Vec<Uuid> =
            due.await?.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let until = now + lease;
        let take = format!(
            "UPDATE owed_answer SET taken_until = $3 \
             WHERE id IN (SELECT r.id FROM {}) AND (taken_until IS NULL OR taken_until < $2) \
             RETURNING id, order_id, reply_to, correlation_id, trace_parent",
            source_of_ids(self.backend)
        );
        let values = vec![ids(&due), now.into(), until.into()];
        let taken = self.write.query_all_raw(self.statement(&take, values)).await?;
        taken.iter().map(owed).collect()
    }

    /// Forgets answers that were given.
    pub async fn forget_owed(&self, given: &[Uuid]) -> Result<(), Error> {
        let sql = format!(
            "DELETE FROM owed_answer WHERE id IN (SELECT r.id FROM {})",
            source_of_ids(self.backend)
        );
        self.write.execute_raw(self.statement(&sql, vec![ids(given)])).await?;
        Ok(())
    }
}

fn owed(row: &QueryResult) -> Result<OwedAnswer, Error> {
    Ok(OwedAnswer {
        id: row.try_get("", "id")?,
        order_id: OrderId(row.try_get("", "order_id")?),
        reply_to: row.try_get("", "reply_to")?,
        correlation_id: row.try_get("", "correlation_id")?,
        trace_parent: row.try_get("", "trace_parent")?,
    })
}

//! What metrics show of the books, the same on every replica; and what the last audit of the books found.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::retention::Forgotten;
use super::{Error, Store};
use crate::saga::SagaId;

/// What metrics show of the books.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    /// How many sagas need a person, by why; only the whys that occur.
    pub by_stuck: Vec<(String, u64)>,
    /// Of the sagas in trouble by which money may be out, the first that was accepted.
    pub oldest_out: Option<SagaId>,
    /// Webhooks that are not sent to any more.
    pub disabled_webhooks: u64,
    /// The last audit that came to its end; `None` before the first.
    pub audit: Option<BooksAudit>,
    /// What was forgotten so far.
    pub forgotten: Forgotten,
}

/// What an audit of the books found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BooksAudit {
    /// How many things differ.
    pub differences: u64,
    /// When it came to its end.
    pub ended_at: DateTime<Utc>,
}

/// What of the books an audit has looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditScope {
    /// Everything.
    All,
    /// What has changed since some time, or all but what could not be compared. Earlier differences may be
    /// elsewhere, so they still count.
    Part,
}

impl Store {
    /// Counts what metrics show. By indexes of what is in trouble, which is little.
    pub async fn watched(&self) -> Result<Watched, Error> {
        let by_stuck = "SELECT stuck_kind, count(*) FROM saga_instance \
                        WHERE stuck_kind IS NOT NULL GROUP BY stuck_kind";
        let out = "SELECT saga_id FROM saga_trouble WHERE money > 0 \
                   ORDER BY created_at, saga_id LIMIT 1";
        let disabled = "SELECT 'disabled', count(*) FROM webhook WHERE state = 'disabled'";
        let out = self.read.query_one_raw(self.statement(out, vec![])).await?;
        let disabled = self.counts(self.statement(disabled, vec![])).await?;
        Ok(Watched {
            by_stuck: self.counts(self.statement(by_stuck, vec![])).await?,
            oldest_out: out.map(|row| row.try_get_by_index(0)).transpose()?.map(SagaId),
            disabled_webhooks: disabled.iter().map(|(_, count)| count).sum(),
            audit: self.books_audit().await?,
            forgotten: self.forgotten().await?,
        })
    }

    async fn books_audit(&self) -> Result<Option<BooksAudit>, Error> {
        let sql = "SELECT differences, ended_at FROM books_audit WHERE ended_at IS NOT NULL";
        let Some(row) = self.read.query_one_raw(self.statement(sql, vec![])).await? else {
            return Ok(None);
        };
        let differences: i64 = row.try_get_by_index(0)?;
        let differences = u64::try_from(differences).unwrap_or(0);
        Ok(Some(BooksAudit { differences, ended_at: row.try_get_by_index(1)? }))
    }

    /// Whether an audit is due, the last having begun at least `every` ago, and is the caller's to run. Of
    /// several replicas that ask, one is told so.
    pub async fn claim_books_audit(
        &self,
        now: DateTime<Utc>,
        every: Duration,
    ) -> Result<bool, Error> {
        let sql = "INSERT INTO books_audit (id, begun_at, differences) VALUES (1, $1, 0) \
                   ON CONFLICT (id) DO UPDATE SET begun_at = excluded.begun_at \
                   WHERE books_audit.begun_at <= $2";
        let values = vec![now.into(), (now - every).into()];
        let claimed = self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Notes what an audit found that has come to its end now.
    pub async fn note_books_audit(
        &self,
        found: BooksAudit,
        scope: AuditScope,
    ) -> Result<(), Error> {
        let differences = match scope {
            AuditScope::All => "excluded.differences",
            AuditScope::Part => {
                "CASE WHEN excluded.differences > books_audit.differences \
                 THEN excluded.differences ELSE books_audit.differences END"
            }
        };
        let sql = format!(
            "INSERT INTO books_audit (id, begun_at, ended_at, differences) VALUES (1, $1, $1, $2) \
             ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, differences = {differences}"
        );
        let differences = i64::try_from(found.differences).unwrap_or(i64::MAX);
        let values = vec![found.ended_at.into(), differences.into()];
        self.write.execute_raw(self.statement(&sql, values)).await?;
        Ok(())
    }
}

//! Who forgets what is over, up to where the archive is done with, and what was forgotten so far: one row.
//!
//! A lead is a lease on that row, as that of a cursor is. What keeps forgetting right is that everything
//! that is deleted is deleted in a transaction that also changes this row, by owner and fence: a leader that
//! was paused and comes back deletes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::transaction::Transaction;
use super::{Error, Store};

/// The lead of forgetting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgettingLead {
    /// Which process.
    pub owner: Uuid,
    /// Rises whenever the lead goes to another process.
    pub fence: i64,
    /// Which database this is.
    pub database: Uuid,
    /// Up to where the archive is done with: the rows of everything before are deleted.
    pub mark: Option<ArchiveMark>,
    /// The last position whose event is forgotten.
    pub events_until: i64,
}

/// A place in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveMark {
    /// A file's name.
    pub file: String,
    /// Bytes from its beginning on.
    pub bytes: u64,
}

/// What was forgotten so far, the same for whoever asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forgotten {
    /// Sagas.
    pub sagas: u64,
    /// Bytes that the archive got for them.
    pub bytes: u64,
    /// The last position whose event is forgotten; 0 where none is.
    pub events_until: i64,
    /// The latest of these events.
    pub events_at: Option<DateTime<Utc>>,
    /// The sink that old events are kept for, as it has not been told of them; `None` where none is.
    pub events_kept_for: Option<String>,
    /// When something was forgotten last.
    pub last_batch_at: Option<DateTime<Utc>>,
    /// Attempts that failed.
    pub failures: u64,
    /// Since when nothing but failures.
    pub failing_since: Option<DateTime<Utc>>,
    /// The last failure.
    pub last_error: Option<String>,
}

impl Store {
    /// Takes or renews the lead of forgetting for `lease` from `now`; `None` while another process has it.
    pub async fn lead_forgetting(
        &self,
        owner: Uuid,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<ForgettingLead>, Error> {
        let (until, latest) = (now + lease, now + lease * 2);
        let sql = "UPDATE retention SET owner = $1, leased_until = $2, \
                   fence = fence + CASE WHEN owner = $1 THEN 0 ELSE 1 END \
                   WHERE id = 1 AND (owner IS NULL OR owner = $1 OR leased_until < $3 \
                   OR leased_until > $4) \
                   RETURNING fence, database_id, archive_file, archive_bytes, events_until";
        let values = vec![owner.into(), until.into(), now.into(), latest.into()];
        let row = self.write.query_one_raw(self.statement(sql, values)).await?;
        let Some(row) = row else { return Ok(None) };
        let (file, bytes): (Option<String>, i64) =
            (row.try_get("", "archive_file")?, row.try_get("", "archive_bytes")?);
        let bytes = u64::try_from(bytes).unwrap_or(0);
        Ok(Some(ForgettingLead {
            owner,
            fence: row.try_get("", "fence")?,
            database: row.try_get("", "database_id")?,
            mark: file.map(|file| ArchiveMark { file, bytes }),
            events_until: row.try_get("", "events_until")?,
        }))
    }

    /// Gives the lead of forgetting up, so that others need not wait for its lease.
    pub async fn resign_forgetting(&self, owner: Uuid) -> Result<(), Error> {
        let sql = "UPDATE retention SET owner = NULL, leased_until = NULL WHERE owner = $1";
        self.write.execute_raw(self.statement(sql, vec![owner.into()])).await?;
        Ok(())
    }

    /// Moves the mark of the archive without deleting anything; `false` if the lead is lost.
    pub async fn move_archive_mark(
        &self,
        lead: &ForgettingLead,
        mark: &ArchiveMark,
    ) -> Result<bool, Error> {
        let sql = "UPDATE retention SET archive_file = $3, archive_bytes = $4 \
                   WHERE id = 1 AND owner = $1 AND fence = $2";
        let bytes = i64::try_from(mark.bytes).unwrap_or(i64::MAX);
        let values =
            vec![lead.owner.into(), lead.fence.into(), mark.file.clone().into(), bytes.into()];
        let moved = self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Notes a failure, or that there is none any more.
    pub async fn note_forgetting(
        &self,
        lead: &ForgettingLead,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (sql, values) = match error {
            Some(error) => (
                "UPDATE retention SET failures = failures + 1, last_error = $3, \
                 failing_since = COALESCE(failing_since, $4) \
                 WHERE id = 1 AND owner = $1 AND fence = $2",
                vec![lead.owner.into(), lead.fence.into(), error.to_owned().into(), now.into()],
            ),
            None => (
                "UPDATE retention SET failing_since = NULL \
                 WHERE id = 1 AND owner = $1 AND fence = $2 AND failing_since IS NOT NULL",
                vec![lead.owner.into(), lead.fence.into()],
            ),
        };
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Notes which sink old events are kept for.
    pub async fn note_events_kept(
        &self,
        lead: &ForgettingLead,
        sink: Option<&str>,
    ) -> Result<(), Error> {
        let sql = "UPDATE retention SET events_kept_for = $3 WHERE id = 1 AND owner = $1 \
                   AND fence = $2 AND events_kept_for IS DISTINCT FROM $3";
        let sink = sink.map(str::to_owned);
        let values = vec![lead.owner.into(), lead.fence.into(), sink.into()];
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// What was forgotten so far.
    pub async fn forgotten(&self) -> Result<Forgotten, Error> {
        let sql = "SELECT sagas, bytes, events_until, events_at, events_kept_for, last_batch_at, \
                   failures, failing_since, last_error FROM retention WHERE id = 1";
        let row = self.read.query_one_raw(self.statement(sql, vec![])).await?;
        let Some(row) = row else { return Ok(Forgotten::default()) };
        let count = |column| -> Result<u64, Error> {
            let count: i64 = row.try_get("", column)?;
            Ok(u64::try_from(count).unwrap_or(0))
        };
        Ok(Forgotten {
            sagas: count("sagas")?,
            bytes: count("bytes")?,
            events_until: row.try_get("", "events_until")?,
            events_at: row.try_get("", "events_at")?,
            events_kept_for: row.try_get("", "events_kept_for")?,
            last_batch_at: row.try_get("", "last_batch_at")?,
            failures: count("failures")?,
            failing_since: row.try_get("", "failing_since")?,
            last_error: row.try_get("", "last_error")?,
        })
    }

    /// Changes the row in the transaction of what is deleted; `false` if the lead is lost. The values are
    /// `$3` and the following.
    pub(super) async fn note_forgotten_in(
        &self,
        transaction: &Transaction,
        lead: &ForgettingLead,
        set: &str,
        values: Vec<Value>,
    ) -> Result<bool, Error> {
        let sql = format!("UPDATE retention SET {set} WHERE id = 1 AND owner = $1 AND fence = $2");
        let fence: Vec<Value> = vec![lead.owner.into(), lead.fence.into()];
        let values = fence.into_iter().chain(values).collect();
        let noted = transaction.execute_raw(self.statement(&sql, values)).await?;
        Ok(noted.rows_affected() == 1)
    }
}

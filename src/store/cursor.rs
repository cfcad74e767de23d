//! Cursors over the events' positions: how far each reader of them has come, and which process leads it.
//!
//! A lead is a lease on the cursor's row. It only keeps processes from doing the same work twice: what
//! keeps a cursor right is that each move of it names the owner, the fence and the position it leaves, in
//! the transaction of what the move is about. So a leader that was paused and comes back moves nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::transaction::Transaction;
use super::{Error, Store};

/// The cursor of positions given out.
pub const SEQUENCER: &str = "sequencer";

/// The cursor of mail to customers.
pub const MAIL: &str = "mail";

/// The lead of a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Which cursor.
    pub name: &'static str,
    /// Which process.
    pub owner: Uuid,
    /// Rises whenever the lead goes to another process.
    pub fence: i64,
    /// How far the cursor has come.
    pub position: i64,
}

/// A cursor as anybody may look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which one.
    pub name: String,
    /// How far it has come.
    pub position: i64,
    /// Set while it can't come further.
    pub failing_since: Option<DateTime<Utc>>,
    /// Why.
    pub last_error: Option<String>,
}

impl Store {
    /// Takes or renews the lead of a cursor for `lease` from `now`; `None` while another process has it. A
    /// lease that ends much later than one that begins now can't be meant: the clock was set back since
    /// (promise 34).
    pub async fn lead(
        &self,
        name: &'static str,
        owner: Uuid,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<Lead>, Error> {
        let (until, latest) = (now + lease, now + lease * 2);
        let sql = "UPDATE event_cursor SET owner = $2, leased_until = $3, \
                   fence = fence + CASE WHEN owner = $2 THEN 0 ELSE 1 END \
                   WHERE name = $1 AND (owner IS NULL OR owner = $2 OR leased_until < $4 \
                   OR leased_until > $5) \
                   RETURNING fence, position";
        let values = vec![name.into(), owner.into(), until.into(), now.into(), latest.into()];
        let row = self.write.query_one_raw(self.statement(sql, values)).await?;
        let lead = |row: QueryResult| -> Result<Lead, Error> {
            let (fence, position) = (row.try_get("", "fence")?, row.try_get("", "position")?);
            Ok(Lead { name, owner, fence, position })
        };
        row.map(lead).transpose()
    }

    /// Gives up all leads of a process, so that others need not wait for its leases.
    pub async fn resign(&self, owner: Uuid) -> Result<(), Error> {
        let sql = "UPDATE event_cursor SET owner = NULL, leased_until = NULL WHERE owner = $1";
        self.write.execute_raw(self.statement(sql, vec![owner.into()])).await?;
        Ok(())
    }

    /// Adds a cursor that begins at this position, unless there is one of this name.
    pub async fn add_cursor(&self, name: &'static str, position: i64) -> Result<(), Error> {
        let sql = "INSERT INTO event_cursor (name, position, fence) VALUES ($1, $2, 0) \
                   ON CONFLICT (name) DO NOTHING";
        let values = vec![name.into(), position.into()];
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Moves a cursor in a transaction of its own; `false` if the lead is lost.
    pub async fn move_cursor(&self, lead: &Lead, to: i64) -> Result<bool, Error> {
        let moved = self.write.execute_raw(self.statement(MOVE, moving(lead, to))).await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Moves a cursor in the transaction of what the move is about; `false` if the lead is lost.
    pub(super) async fn move_cursor_in(
        &self,
        transaction: &Transaction,
        lead: &Lead,
        to: i64,
    ) -> Result<bool, Error> {
        let moved = transaction.execute_raw(self.statement(MOVE, moving(lead, to))).await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Notes why a cursor can't come further, since when, or that it can again. Nothing is written that is there
    /// already: on SQLite a commit that leaves the file as it was is taken for a lost one.
    pub async fn note_cursor(
        &self,
        lead: &Lead,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sql = "UPDATE event_cursor SET last_error = COALESCE($4, last_error), \
                   failing_since = CASE WHEN $4 IS NULL THEN NULL \
                   ELSE COALESCE(failing_since, $5) END \
                   WHERE name = $1 AND owner = $2 AND fence = $3 AND (CASE WHEN $4 IS NULL \
                   THEN failing_since IS NOT NULL \
                   ELSE failing_since IS NULL OR last_error IS DISTINCT FROM $4 END)";
        let (name, error) = (lead.name, error.map(str::to_owned));
        let values =
            vec![name.into(), lead.owner.into(), lead.fence.into(), error.into(), now.into()];
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// The same of a cursor whose events are told, in the end, by others than its leader.
    pub async fn note_sink(
        &self,
        name: &'static str,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sql = "UPDATE event_cursor SET last_error = COALESCE($2, last_error), \
                   failing_since = CASE WHEN $2 IS NULL THEN NULL \
                   ELSE COALESCE(failing_since, $3) END \
                   WHERE name = $1 AND (CASE WHEN $2 IS NULL THEN failing_since IS NOT NULL \
                   ELSE failing_since IS NULL OR last_error IS DISTINCT FROM $2 END)";
        let error = error.map(str::to_owned);
        self.write
            .execute_raw(self.statement(sql, vec![name.into(), error.into(), now.into()]))
            .await?;
        Ok(())
    }

    /// Every cursor.
    pub async fn cursors(&self) -> Result<Vec<Cursor>, Error> {
        let sql =
            "SELECT name, position, failing_since, last_error FROM event_cursor ORDER BY name";
        let rows = self.read.query_all_raw(self.statement(sql, vec![])).await?;
        let cursor = |row: &QueryResult| -> Result<Cursor, Error> {
            Ok(Cursor {
                name: row.try_get("", "name")?,
                position: row.try_get("", "position")?,
                failing_since: row.try_get("", "failing_since")?,
                last_error: row.try_get("", "last_error")?,
            })
        };
        rows.iter().map(cursor).collect()
    }
}

/// One move of a cursor: from where its leader believes it to be, and by nobody but its leader.
const MOVE: &str = "UPDATE event_cursor SET position = $5 \
                    WHERE name = $1 AND owner = $2 AND fence = $3 AND position = $4";

fn moving(lead: &Lead, to: i64) -> Vec<sea_orm::Value> {
    vec![lead.name.into(), lead.owner.into(), lead.fence.into(), lead.position.into(), to.into()]
}

//! Sessions at the console, in rows: they are good on every replica and after a restart.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};

use super::trail::NewAuditEntry;
use super::{Error, Store};

/// Somebody who has signed in with a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSession {
    /// The digest of the cookie.
    pub id: String,
    /// Shows, together with the cookie, which token it was given for.
    pub seal: String,
    /// What they call themselves.
    pub who: String,
    /// The role that the token had.
    pub role: String,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
    /// What the next page is to tell them.
    pub notice: Option<String>,
}

impl Store {
    /// Begins a session, and forgets those that have ended by themselves. The audit trail gets this entry.
    pub async fn begin_session(
        &self,
        session: ConsoleSession,
        now: DateTime<Utc>,
        audit: &NewAuditEntry,
    ) -> Result<(), Error> {
        let lapsed = "DELETE FROM console_session WHERE until <= $1";
        let lapsed = self.statement(lapsed, vec![now.into()]);
        let sql = "INSERT INTO console_session (id, seal, who, role, until, notice) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let ConsoleSession { id, seal, who, role, until, notice } = session;
        let values =
            vec![id.into(), seal.into(), who.into(), role.into(), until.into(), notice.into()];
        let transaction = self.write.begin().await?;
        let begun = async {
            transaction.execute_raw(lapsed).await?;
            transaction.execute_raw(self.statement(sql, values)).await?;
            self.audit_in(&transaction, Some(audit)).await
        };
        let begun = begun.await;
        transaction.end(begun).await
    }

    /// The session of this cookie's digest, unless it has ended.
    pub async fn session(
        &self,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<ConsoleSession>, Error> {
        let sql = "SELECT id, seal, who, role, until, notice FROM console_session \
                   WHERE id = $1 AND until > $2";
        let values = vec![id.into(), now.into()];
        let row = self.read.query_one_raw(self.statement(sql, values)).await?;
        row.as_ref().map(session).transpose()
    }

    /// Ends a session. Where there was one, the audit trail gets this entry.
    pub async fn end_session(&self, id: &str, audit: Option<&NewAuditEntry>) -> Result<(), Error> {
        let sql = "DELETE FROM console_session WHERE id = $1";
        let transaction = self.write.begin().await?;
        let ended = async {
            let ended = transaction.execute_raw(self.statement(sql, vec![id.into()])).await?;
            self.audit_in(&transaction, audit.filter(|_| ended.rows_affected() == 1)).await
        };
        let ended = ended.await;
        transaction.end(ended).await
    }

    /// Has the next page tell this, or nothing any more.
    pub async fn notice(&self, id: &str, notice: Option<&str>) -> Result<(), Error> {
        // What changes nothing must not be written: SQLite's file stays as it is, and the commit, looked at from
        // elsewhere, has not happened.
        let sql = "UPDATE console_session SET notice = $2 \
                   WHERE id = $1 AND COALESCE(notice, '') <> COALESCE($2, '')";
        let notice = notice.map(str::to_owned);
        self.write.execute_raw(self.statement(sql, vec![id.into(), notice.into()])).await?;
        Ok(())
    }
}

fn session(row: &QueryResult) -> Result<ConsoleSession, Error> {
    Ok(ConsoleSession {
        id: row.try_get("", "id")?,
        seal: row.try_get("", "seal")?,
        who: row.try_get("", "who")?,
        role: row.try_get("", "role")?,
        until: row.try_get("", "until")?,
        notice: row.try_get("", "notice")?,
    })
}

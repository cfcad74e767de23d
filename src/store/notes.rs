//! Notes that operators leave at a saga. They change nothing else.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use uuid::Uuid;

use super::trail::NewAuditEntry;
use super::{Error, Store};
use crate::saga::SagaId;

/// What an operator wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: DateTime<Utc>,
    /// The operator's name.
    pub who: String,
    /// In their words.
    pub text: String,
}

impl Store {
    /// Adds a note; `false` where there is no such saga.
    pub async fn add_note(
        &self,
        id: Uuid,
        saga: SagaId,
        note: &Note,
        audit: &NewAuditEntry,
    ) -> Result<bool, Error> {
        // Whoever forgets the saga waits for the note, or the note finds no saga.
        let lock = if self.backend == DbBackend::Sqlite { "" } else { " FOR KEY SHARE" };
        let sql = format!(
            "INSERT INTO saga_note (id, saga_id, at, who, body) \
             SELECT $1, id, $3, $4, $5 FROM saga_instance WHERE id = $2{lock}"
        );
        let Note { at, who, text } = note.clone();
        let values = vec![id.into(), saga.0.into(), at.into(), who.into(), text.into()];
        let transaction = self.write.begin().await?;
        let added = async {
            let added = transaction.execute_raw(self.statement(&sql, values)).await?;
            let is_added = added.rows_affected() == 1;
            self.audit_in(&transaction, Some(audit).filter(|_| is_added)).await?;
            Ok(is_added)
        };
        let added = added.await;
        transaction.end(added).await
    }

    /// The notes of a saga, oldest first.
    pub async fn notes(&self, saga: SagaId) -> Result<Vec<Note>, Error> {
        let sql = "SELECT at, who, body FROM saga_note WHERE saga_id = $1 ORDER BY at, id";
        let rows = self.read.query_all_raw(self.statement(sql, vec![saga.0.into()])).await?;
        rows.iter().map(Note::of).collect()
    }
}

impl Note {
    pub(super) fn of(row: &QueryResult) -> Result<Self, Error> {
        Ok(Self {
            at: row.try_get("", "at")?,
            who: row.try_get("", "who")?,
            text: row.try_get("", "body")?,
        })
    }
}

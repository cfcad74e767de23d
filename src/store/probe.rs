//! Whether something can be written, found out by writing it; and what a commit that was heard of
//! proves about earlier ones.
//!
//! Where PostgreSQL waits for a standby, a commit whose wait was cut short is there for all to read
//! and not on the standby: a failover would lose it. A later commit of ours that was waited for covers
//! it, as the standby has everything before it, too.

use sea_orm::{ConnectionTrait, DbBackend};

use super::failure::Remedy;
use super::transaction::Tries;
use super::{Error, Store, failure, schema};

/// As much as a commit of several sagas takes: a disk that is nearly full has room for a few bytes.
const FILLS: &str = "INSERT INTO write_probe (id, filler) VALUES (1, randomblob(65536)) \
     ON CONFLICT (id) DO UPDATE SET filler = excluded.filler";
/// One row for all: of those that a standby keeps waiting, only the first holds a connection for long.
const TOUCHES: &str = "INSERT INTO write_probe (id) VALUES (1) \
     ON CONFLICT (id) DO UPDATE SET filler = NULL";

impl Store {
    /// Commits something of no meaning. All that could be read before is durable then.
    ///
    /// # Errors
    /// As [`Error`] says: then it is not known to be durable.
    pub async fn write_something(&self) -> Result<(), Error> {
        let sql = if self.backend == DbBackend::Sqlite { FILLS } else { TOUCHES };
        let mut tries = Tries::begin(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let written = transaction.execute_raw(self.statement(sql, vec![])).await;
            let ended = transaction.end(written.map(drop).map_err(Error::from)).await;
            if !tries.once_more(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    /// Makes sure that what was just read survives a failover, before somebody is told.
    pub(super) async fn settle_what_was_read(&self) -> Result<(), Error> {
        if self.waits_for_a_standby().await? { self.write_something().await } else { Ok(()) }
    }

    async fn waits_for_a_standby(&self) -> Result<bool, Error> {
        if self.backend != DbBackend::Postgres {
            return Ok(false);
        }
        let sql = "SELECT current_setting('synchronous_standby_names') <> ''";
        let row = self.read.query_one_raw(self.statement(sql, vec![])).await?;
        row.map_or(Ok(false), |row| Ok(row.try_get_by_index(0)?))
    }

    /// Why the database can't be reached now, or not be written, or lacks a migration; `None` when all
    /// is well, as far as is known without writing.
    pub async fn out_of_reach(&self) -> Option<String> {
        let asked = self.ready.query_one_raw(self.statement("SELECT 1", vec![])).await;
        if let Err(error) = asked {
            return Some(failure::in_words(&error).to_owned());
        }
        // Where somebody has locked the list of migrations, nothing is known to be missing.
        schema::read(&self.ready).await.ok()?.lacks()
    }
}

impl Error {
    /// Whether it was the connection that broke, so that another may do.
    pub fn is_of_connection(&self) -> bool {
        match self {
            Self::Unavailable(error) | Self::OutcomeUnknown(error) => {
                failure::remedy(error) == Remedy::Reconnect
            }
            Self::Refused(_) | Self::Unusable(_) => false,
        }
    }

    /// The sort of trouble, for whoever asks whether the service is ready. Errors themselves may quote
    /// addresses and user names.
    pub fn in_words(&self) -> String {
        match self {
            Self::Unavailable(error) => failure::in_words(error).to_owned(),
            Self::OutcomeUnknown(_) => "the database does not say that it commits".to_owned(),
            Self::Refused(_) => "the database refuses what is written".to_owned(),
            Self::Unusable(reason) => reason.clone(),
        }
    }
}

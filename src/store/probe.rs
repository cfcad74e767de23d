//! The probe: a commit without meaning, which shows that the database can be written and makes
//! everything before it durable.
//!
//! Where PostgreSQL waits for a standby, a commit whose wait was cut short can be read by everybody and
//! is not yet on the standby: a failover would lose it. So what is read after a commit of unknown
//! outcome is not yet safe to tell anyone. A standby receives commits in order. Once it has confirmed
//! any later commit, the probe's for instance, it has all those before it, too.
//!
//! ```text
//! commit A: answer lost   -> read back: A is there   -> commit B, confirmed by the standby
//!                            (a failover may lose it)   A is durable, too: now it may be told
//! ```

use sea_orm::{ConnectionTrait, DbBackend};

use super::primary::Server;
use super::retry::Retries;
use super::{Error, Store, failure, schema};

/// SQLite: as large as a commit of several sagas, since even a disk that is nearly full has room for a
/// few bytes.
const LARGE_PROBE: &str = "INSERT INTO write_probe (id, filler) VALUES (1, randomblob(65536)) \
     ON CONFLICT (id) DO UPDATE SET filler = excluded.filler";
/// PostgreSQL: always the same row. While a standby is away, the server keeps the session of the first
/// probe waiting in its commit, even after we gave up on it. All later probes wait for the row's lock
/// instead, which `statement_timeout` ends.
const SMALL_PROBE: &str = "INSERT INTO write_probe (id) VALUES (1) \
     ON CONFLICT (id) DO UPDATE SET filler = NULL";

impl Store {
    /// Commits a probe. Everything that could be read before is durable then.
    ///
    /// # Errors
    /// As [`Error`] says; it is not known then whether what was read is durable.
    pub async fn commit_probe(&self) -> Result<(), Error> {
        let sql = if self.backend == DbBackend::Sqlite { LARGE_PROBE } else { SMALL_PROBE };
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let written = transaction.execute_raw(self.statement(sql, vec![])).await;
            let ended = transaction.end(written.map(drop).map_err(Error::from)).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    /// Makes what was read since then durable, so that it may be told: it survives a failover then. `since` is
    /// the primary before it was read: if it is another one now, the probe says nothing of what was read.
    pub(super) async fn make_reads_durable(&self, since: Option<Server>) -> Result<(), Error> {
        if self.has_standby().await? {
            self.commit_probe().await?;
        }
        self.check_primary(since)
    }

    /// Checks that the primary is still the one that it was then.
    pub(super) fn check_primary(&self, since: Option<Server>) -> Result<(), Error> {
        if self.write.primary() == since {
            Ok(())
        } else {
            Err(Error::Unavailable(failure::driver_error(failure::old_primary())))
        }
    }

    async fn has_standby(&self) -> Result<bool, Error> {
        if self.backend != DbBackend::Postgres {
            return Ok(false);
        }
        let sql = "SELECT current_setting('synchronous_standby_names') <> ''";
        let row = self.read.query_one_raw(self.statement(sql, vec![])).await?;
        row.map_or(Ok(false), |row| Ok(row.try_get_by_index(0)?))
    }

    /// Why the database can't be used now: it can't be reached or written, or lacks a migration. `None`
    /// when all is well, as far as can be told without writing.
    pub async fn unusable_now(&self) -> Option<String> {
        let asked = self.ready.query_one_raw(self.statement("SELECT 1", vec![])).await;
        if let Err(error) = asked {
            return Some(failure::in_words(&error).to_owned());
        }
        // If somebody has locked the table of migrations, nothing is known to be missing.
        schema::read(&self.ready).await.ok()?.lacks()
    }
}

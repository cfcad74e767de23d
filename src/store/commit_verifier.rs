//! Verifies commits on SQLite by a second connection.
//!
//! A connection can be in another state than we believe: it has lost its transaction, or one was left
//! open on it. It then reports success for statements that will never be committed. So a commit is
//! believed only when another connection, which shares nothing with the first but the file, sees a new
//! `PRAGMA data_version`: a number that changes when, and only when, *another* connection commits.
//!
//! ```text
//! writing connection     BEGIN .. write ..            COMMIT says it worked
//! verifying connection                     version 7                        version 8: it did
//!                                                                           version 7: it did not
//! ```

use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::Mutex;

use super::connection::{Connection, Connector};
use super::failure::{driver_error, late};
use crate::clock::Clock;

/// How long reading the version may take.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether other processes commit to the same file. Where they do, the version has to be read right
/// before each commit, too; where they don't, the one read after the commit before is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherWriters {
    Possible,
    None,
}

#[derive(Debug)]
pub(super) struct CommitVerifier {
    connector: Connector,
    other_writers: OtherWriters,
    last_read: Mutex<Option<LastRead>>,
}

#[derive(Debug)]
struct LastRead {
    connection: Connection,
    version: i64,
}

impl CommitVerifier {
    pub(super) fn new(connector: Connector, other_writers: OtherWriters) -> Self {
        Self { connector, other_writers, last_read: Mutex::default() }
    }

    pub(super) async fn close(&self, clock: &Clock) {
        if let Some(last) = self.last_read.lock().await.take() {
            // A connection that doesn't answer in time is dropped, which closes it as well.
            let _answered = clock.within(READ_TIMEOUT, last.connection.close()).await;
        }
    }

    /// Makes sure that the version from before a commit is known.
    pub(super) async fn before_commit(&self, clock: &Clock) -> Result<(), DbErr> {
        let mut last = self.last_read.lock().await;
        if last.is_none() || self.other_writers == OtherWriters::Possible {
            *last = Some(self.read(last.take(), clock).await?);
        }
        Ok(())
    }

    /// Whether the file has changed since [`Self::before_commit`].
    pub(super) async fn has_changed(&self, clock: &Clock) -> Result<bool, DbErr> {
        let mut last = self.last_read.lock().await;
        let before = last.take();
        let version = before.as_ref().map(|before| before.version);
        let now = self.read(before, clock).await?;
        let has_changed = version.is_some_and(|version| version != now.version);
        *last = Some(now);
        Ok(has_changed)
    }

    async fn read(&self, last: Option<LastRead>, clock: &Clock) -> Result<LastRead, DbErr> {
        let reading = Box::pin(read(&self.connector, last));
        clock.within(READ_TIMEOUT, reading).await.unwrap_or_else(|| Err(late()))
    }
}

async fn read(connector: &Connector, last: Option<LastRead>) -> Result<LastRead, DbErr> {
    let mut connection = match last {
        Some(last) => last.connection,
        None => connector.open().await.map_err(driver_error)?,
    };
    let version = connection.data_version().await.map_err(driver_error)?;
    Ok(LastRead { connection, version })
}

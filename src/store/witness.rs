//! A connection of SQLite's that only looks whether there was a commit.
//!
//! A connection that has lost its transaction without our knowledge says of whatever is done on it
//! that it succeeded. So what it says is believed only when another connection, which shares nothing
//! with it but the file, sees that the file has changed.

use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::Mutex;

use super::connection::{Connection, Setup};
use super::failure::{driver_error, late};
use crate::clock::Clock;

/// A look at one number of the file's.
const LOOK: Duration = Duration::from_secs(5);

/// Whether others commit to the same file: then it is looked right before a commit, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    Commit,
    DoNot,
}

#[derive(Debug)]
pub(super) struct Witness {
    setup: Setup,
    others: Others,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug)]
struct Seen {
    connection: Connection,
    /// How the file stood at the last look.
    version: i64,
}

impl Witness {
    pub(super) fn new(setup: Setup, others: Others) -> Self {
        Self { setup, others, seen: Mutex::default() }
    }

    pub(super) async fn close(&self, clock: &Clock) {
        if let Some(seen) = self.seen.lock().await.take() {
            let _answered = clock.within(LOOK, seen.connection.close()).await;
        }
    }

    /// Takes note of how the file stands, before a commit to it.
    pub(super) async fn look(&self, clock: &Clock) -> Result<(), DbErr> {
        let mut seen = self.seen.lock().await;
        if seen.is_none() || self.others == Others::Commit {
            let looked = clock.within(LOOK, Box::pin(look(&self.setup, seen.take()))).await;
            *seen = Some(looked.unwrap_or_else(|| Err(late()))?);
        }
        Ok(())
    }

    /// Whether it stands differently now.
    pub(super) async fn sees_more(&self, clock: &Clock) -> Result<bool, DbErr> {
        let mut seen = self.seen.lock().await;
        let before = seen.take();
        let version = before.as_ref().map(|before| before.version);
        let looked = clock.within(LOOK, Box::pin(look(&self.setup, before))).await;
        let looked = looked.unwrap_or_else(|| Err(late()))?;
        let more = version.is_some_and(|version| version != looked.version);
        *seen = Some(looked);
        Ok(more)
    }
}

async fn look(setup: &Setup, seen: Option<Seen>) -> Result<Seen, DbErr> {
    let mut connection = match seen {
        Some(seen) => seen.connection,
        None => setup.open().await.map_err(driver_error)?,
    };
    let version = connection.data_version().await.map_err(driver_error)?;
    Ok(Seen { connection, version })
}

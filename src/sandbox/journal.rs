//! The file: every change of the world as one row of JSON, in order, in SQLite. An answer is sent only
//! after everything that it may depend on is committed, so a killed sandbox comes back as its callers
//! knew it. A commit survives the end of the process, but not a power failure.

use std::path::Path;

use sqlx::{
    ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{config::Error, world::JournalEntry};

/// The most rows of a commit.
const BATCH: usize = 1_000;

/// Opens or creates the file and reads what it holds. The file is locked until the connection is closed,
/// since two sandboxes with one file would each sell the same stock.
pub(super) async fn open(file: &Path) -> Result<(SqliteConnection, Vec<JournalEntry>), Error> {
    let failed = |source| Error::File { file: file.to_owned(), source };
    let mut connection = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(failed)?;
    sqlx::query("CREATE TABLE IF NOT EXISTS journal (n INTEGER PRIMARY KEY, entry TEXT NOT NULL)")
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    let rows = sqlx::query("SELECT n, entry FROM journal ORDER BY n")
        .fetch_all(&mut connection)
        .await
        .map_err(failed)?;
    let entries = rows
        .iter()
        .map(|row| {
            serde_json::from_str(row.get(1)).map_err(|source| Error::Entry {
                file: file.to_owned(),
                entry: row.get(0),
                source,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok((connection, entries))
}

/// Takes entries for the file.
pub(super) struct Journal {
    entries: mpsc::UnboundedSender<JournalEntry>,
    len: u64,
}

/// How many entries are committed.
pub(super) type Committed = watch::Receiver<u64>;

impl Journal {
    /// A journal, the count of its committed entries, and the task that commits them. The task ends on
    /// `stop`. If it can't write the file, it stops the sandbox, because callers must not be told anything
    /// that may be lost.
    pub(super) fn new(
        connection: SqliteConnection,
        stop: CancellationToken,
    ) -> (Self, Committed, impl Future<Output = ()>) {
        let (entries, from) = mpsc::unbounded_channel();
        let (count, committed) = watch::channel(0);
        let writing = async move {
            if let Err(error) = write(connection, from, count, &stop).await {
                tracing::error!(%error, "The sandbox stops: it cannot write its file.");
                stop.cancel();
            }
        };
        (Self { entries, len: 0 }, committed, writing)
    }

    /// Adds an entry. If the task has ended, the entry is never committed, and callers that wait for its
    /// commit are told so.
    pub(super) fn add(&mut self, entry: JournalEntry) {
        self.len += 1;
        drop(self.entries.send(entry));
    }

    /// How many entries were added.
    pub(super) fn len(&self) -> u64 {
        self.len
    }
}

async fn write(
    mut connection: SqliteConnection,
    mut from: mpsc::UnboundedReceiver<JournalEntry>,
    count: watch::Sender<u64>,
    stop: &CancellationToken,
) -> Result<(), sqlx::Error> {
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            () = stop.cancelled(), if !from.is_closed() => from.close(),
            taken = from.recv_many(&mut batch, BATCH) => {
                if taken == 0 {
                    return connection.close().await;
                }
                commit(&mut connection, &mut batch).await?;
                count.send_modify(|count| *count += taken as u64);
            }
        }
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    batch: &mut Vec<JournalEntry>,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for entry in batch.drain(..) {
        if matches!(entry, JournalEntry::Reset { .. }) {
            // Nothing from before a reset is needed any more.
            sqlx::query("DELETE FROM journal").execute(&mut *transaction).await?;
        }
        let json = serde_json::to_string(&entry).expect("our own plain types always serialise");
        sqlx::query("INSERT INTO journal (entry) VALUES (?)")
            .bind(json)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

//! The file: every change of the world as one row of JSON, in order, in `SQLite`. No answer leaves
//! before everything that it may have seen is committed, so a killed sandbox comes back as its
//! callers knew it. A commit is safe against the death of the process, not of the machine.

use std::path::Path;

use sqlx::{
    ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{config::Error, world::Entry};

/// Rows per commit at the most.
const BATCH: usize = 1_000;

/// Opens or makes the file and reads what it holds. The file is locked until the connection is
/// closed: two sandboxes that share one file would each sell the same stock.
pub(super) async fn open(file: &Path) -> Result<(SqliteConnection, Vec<Entry>), Error> {
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

/// The end that changes are put in at.
pub(super) struct Journal {
    entries: mpsc::UnboundedSender<Entry>,
    put: u64,
}

/// The end that they come out at: how many are committed.
pub(super) type Committed = watch::Receiver<u64>;

impl Journal {
    /// The journal, how far it is committed, and the task that commits, which ends on `stop`, and
    /// stops the sandbox when it can't go on: callers must not be told what may be lost.
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
        (Self { entries, put: 0 }, committed, writing)
    }

    /// Puts a change in. One that can't be, since the writer has ended, is never committed, and
    /// whoever waits for that is told.
    pub(super) fn put(&mut self, entry: Entry) {
        self.put += 1;
        drop(self.entries.send(entry));
    }

    /// How many changes were put in.
    pub(super) fn len(&self) -> u64 {
        self.put
    }
}

async fn write(
    mut connection: SqliteConnection,
    mut from: mpsc::UnboundedReceiver<Entry>,
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
    batch: &mut Vec<Entry>,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for entry in batch.drain(..) {
        if matches!(entry, Entry::Reset { .. }) {
            // Nothing from before a reset is ever read again.
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

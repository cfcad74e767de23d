//! Opening the database: pools, settings, the lock of an embedded one, and migrations.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr, TransactionTrait};

use super::pool::{Gate, Pool};
use super::{Error, Store};

/// Connections kept for writing: the log writer, claims and heartbeats, and one to spare.
const WRITERS: u32 = 3;
/// How long a statement waits for a connection before the database counts as out of reach.
const ACQUIRE: Duration = Duration::from_secs(3);
/// Any number, the same in every replica: who holds it migrates.
const MIGRATION_LOCK: i64 = 0x6f72_6465_7273;

/// As what a process comes to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To drive sagas; on SQLite there is only one such process.
    Owner,
    /// Beside whoever drives sagas.
    Guest,
}

/// How to open the store.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// `sqlite://FILE` or `postgres://...`.
    pub url: &'a str,
    /// Connections at most, over both pools (PostgreSQL).
    pub max_connections: u32,
    /// PostgreSQL ends a transaction of ours that has been silent for so long: a process that was
    /// stopped in the middle of one must not keep its rows from those who take over.
    pub silence: Duration,
    /// As what.
    pub access: Access,
    /// What everything passes; `None` but in proofs.
    pub gate: Option<Arc<dyn Gate>>,
}

/// Connects. Doesn't migrate.
///
/// # Errors
/// [`Error::Unusable`] where another process has the SQLite file; [`Error::Unavailable`] where the
/// database is out of reach now.
pub async fn open(options: Options<'_>) -> Result<Store, Error> {
    if options.url.starts_with("sqlite:") {
        open_sqlite(options).await
    } else {
        open_postgres(options).await
    }
}

async fn open_sqlite(options: Options<'_>) -> Result<Store, Error> {
    let lock = match options.access {
        Access::Owner => Some(Arc::new(lock_beside(options.url)?)),
        Access::Guest => None,
    };
    let pool = async |connections: u32| {
        let mut pool = ConnectOptions::new(options.url);
        pool.max_connections(connections).min_connections(1).acquire_timeout(ACQUIRE);
        pool.sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
            use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // Durable against power loss too, not only against our own death.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
        });
        let connections = Database::connect(pool).await?;
        Ok::<_, Error>(Pool::new(connections, options.gate.clone()))
    };
    // One writer: SQLite has one anyway, and queueing here beats its busy loop.
    let write = pool(1).await?;
    let read = pool(4).await?;
    Ok(Store { write, read, backend: DbBackend::Sqlite, lock })
}

/// SQLite is for one process: a second one on the same file is refused. The lock goes with the
/// process, however it ends, so that holding it proves that a former owner of sagas is dead.
fn lock_beside(url: &str) -> Result<File, Error> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or(path);
    let lock_path = PathBuf::from(format!("{path}.lock"));
    let unusable = |error: std::io::Error| {
        Error::Unusable(format!("`database.url`: cannot open {}: {error}", lock_path.display()))
    };
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Unusable(format!(
            "`database.url`: {path} is in use by another process; SQLite is for one process, \
             PostgreSQL for more"
        ))),
        Err(std::fs::TryLockError::Error(error)) => Err(unusable(error)),
    }
}

async fn open_postgres(options: Options<'_>) -> Result<Store, Error> {
    let silence = options.silence.as_millis().max(1);
    let pool = async |connections: u32| {
        let mut pool = ConnectOptions::new(options.url);
        pool.max_connections(connections).min_connections(1).acquire_timeout(ACQUIRE);
        pool.sqlx_logging(false).map_sqlx_postgres_opts(move |postgres| {
            // Every statement has its index, and joins a few rows to it. A plan made while a table
            // was small must not become a scan, or a join over a whole index, when it is large.
            let plans = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"];
            postgres
                .application_name("order-service")
                .options(plans.map(|plan| (plan, "off")))
                .options([("idle_in_transaction_session_timeout", silence)])
        });
        let connections = Database::connect(pool).await?;
        Ok::<_, Error>(Pool::new(connections, options.gate.clone()))
    };
    let write = pool(WRITERS).await?;
    let read = pool(options.max_connections.saturating_sub(WRITERS).max(1)).await?;
    Ok(Store { write, read, backend: DbBackend::Postgres, lock: None })
}

impl Store {
    /// Brings the schema up to date. Safe when several replicas start at once: on PostgreSQL one
    /// migrates, in one transaction, and the others wait for it and find nothing left to do.
    pub async fn migrate(&self) -> Result<(), Error> {
        let transaction = self.write.connections.begin().await?;
        if self.backend == DbBackend::Postgres {
            let take = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
            transaction.execute_unprepared(&take).await?;
        }
        Migrator::up(&transaction, None).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Why the service can't work with the database now; `None` when it can.
    pub async fn not_ready(&self) -> Option<String> {
        match Migrator::get_pending_migrations_read_only(&self.read.connections).await {
            Ok(pending) if pending.is_empty() => None,
            Ok(pending) => Some(format!(
                "{} migrations are missing: run `order-service migrate`",
                pending.len()
            )),
            Err(error) => Some(brief(&error)),
        }
    }

    /// A setting of PostgreSQL; `None` on SQLite.
    pub async fn postgres_setting(&self, name: &str) -> Result<Option<String>, Error> {
        if self.backend != DbBackend::Postgres {
            return Ok(None);
        }
        let sql = "SELECT current_setting($1)";
        let row = self.read.query_one_raw(self.statement(sql, vec![name.into()])).await?;
        Ok(row.and_then(|row| row.try_get_by_index(0).ok()))
    }
}

/// Says no more than the sort of trouble: connection errors may quote addresses and user names.
fn brief(error: &DbErr) -> String {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => "the database is out of reach".to_owned(),
        DbErr::Query(_) | DbErr::Exec(_) => "the database does not answer as it should".to_owned(),
        _other => "the database is not usable".to_owned(),
    }
}

/// Both pools, closed at the end of a process so that the last writes are not cut off.
impl Store {
    /// Closes the connections; statements after this fail.
    pub async fn close(&self) {
        let close = async |pool: &Pool| drop(pool.connections.clone().close().await);
        close(&self.read).await;
        close(&self.write).await;
        if let Some(lock) = &self.lock {
            // Clones may linger; the file is free from here on. A lock that can't be given back
            // goes with the process.
            let _given_back = lock.unlock();
        }
    }
}

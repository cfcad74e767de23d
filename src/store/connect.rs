//! Opening the database: pools and settings.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr};

use super::lock::{Lock, named};
use super::pool::{Gate, Pool};
use super::{Error, Store, pooler};

/// Connections kept for writing: the log writer, claims and heartbeats, and one to spare.
const WRITERS: u32 = 3;
/// Connections of a command that only reads: one looks while another looks again.
const READERS: u32 = 4;
/// How long a statement waits for a connection before the database counts as out of reach.
pub(super) const ACQUIRE: Duration = Duration::from_secs(3);
/// Behind a gate it is the gate that says what is out of reach, not a machine that is merely busy.
const ACQUIRE_BEHIND_A_GATE: Duration = Duration::from_mins(1);
/// A connection that was silent for so long is asked whether it is still there, before it is used.
const SILENT: Duration = Duration::from_secs(1);

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

/// Connects beside a service that may be running, to look and never to write: without the lock of
/// an embedded database, and with connections that refuse to write. Creates no file.
///
/// # Errors
/// [`Error::Unusable`] where there is no such SQLite file; [`Error::Unavailable`] where the database
/// is out of reach now.
pub async fn open_to_read(options: Options<'_>) -> Result<Store, Error> {
    let (read, backend) = if options.url.starts_with("sqlite:") {
        let path = named(options.url);
        // A `file:` name is SQLite's to understand.
        if !path.starts_with("file:") && !path.exists() {
            let missing = format!("`database.url`: there is no file {}", path.display());
            return Err(Error::Unusable(missing));
        }
        let mut pool = ConnectOptions::new(options.url);
        pool.max_connections(READERS).acquire_timeout(ACQUIRE).sqlx_logging(false);
        // Not SQLite's own read-only mode: after a crash, a first reader has to recover the log.
        pool.map_sqlx_sqlite_opts(|sqlite| {
            sqlite.busy_timeout(Duration::from_secs(5)).pragma("query_only", "ON")
        });
        (Pool::new(Database::connect(pool).await?, options.gate.clone()), DbBackend::Sqlite)
    } else {
        pooler::leaves_sessions(options.url).await?;
        let read_only = Some(("default_transaction_read_only", "on"));
        (postgres_pool(&options, READERS, read_only).await?, DbBackend::Postgres)
    };
    Ok(Store { write: read.clone(), read, backend, lock: None })
}

async fn open_sqlite(options: Options<'_>) -> Result<Store, Error> {
    let lock = match options.access {
        Access::Owner => Some(Arc::new(Lock::on(options.url).await?)),
        Access::Guest => None,
    };
    let acquire = if options.gate.is_some() { ACQUIRE_BEHIND_A_GATE } else { ACQUIRE };
    let pool = async |connections: u32| {
        let mut pool = ConnectOptions::new(options.url);
        pool.max_connections(connections).min_connections(1).acquire_timeout(acquire);
        // A file does not hang up.
        pool.test_before_acquire(false);
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

async fn open_postgres(options: Options<'_>) -> Result<Store, Error> {
    pooler::leaves_sessions(options.url).await?;
    // What writes has one good plan, whatever it writes; making it anew costs more than to carry it
    // out.
    let planned_once = Some(("plan_cache_mode", "force_generic_plan"));
    let write = postgres_pool(&options, WRITERS, planned_once).await?;
    let readers = options.max_connections.saturating_sub(WRITERS).max(1);
    let read = postgres_pool(&options, readers, None).await?;
    Ok(Store { write, read, backend: DbBackend::Postgres, lock: None })
}

async fn postgres_pool(
    options: &Options<'_>,
    connections: u32,
    setting: Option<(&'static str, &'static str)>,
) -> Result<Pool, DbErr> {
    let silence = options.silence.as_millis().max(1);
    let mut pool = ConnectOptions::new(options.url);
    pool.max_connections(connections).min_connections(1).acquire_timeout(ACQUIRE);
    pool.test_before_acquire_if_idle_for(SILENT);
    pool.sqlx_logging(false).map_sqlx_postgres_opts(move |postgres| {
        // Every statement has its index, and joins a few rows to it. A plan made while a table
        // was small must not become a scan, or a join over a whole index, when it is large. Nor a
        // bitmap: it reads what is dead each time, where an index scan marks it for the next.
        let plans =
            ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"];
        postgres
            .application_name("order-service")
            .options(plans.map(|plan| (plan, "off")))
            .options([("idle_in_transaction_session_timeout", silence)])
            .options(setting)
    });
    Ok(Pool::new(Database::connect(pool).await?, options.gate.clone()))
}

impl Store {
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

/// Both pools, closed at the end of a process so that the last writes are not cut off.
impl Store {
    /// Closes the connections; statements after this fail.
    pub async fn close(&self) {
        let close = async |pool: &Pool| drop(pool.connections.clone().close().await);
        close(&self.read).await;
        close(&self.write).await;
        if let Some(lock) = &self.lock {
            lock.give_back();
        }
    }
}

//! Opens the database: which pools there are, and the settings of their sessions.
//!
//! ```text
//! PostgreSQL   write pool   lane `write`: the log writer, claims, operators
//!                           lane `alive`: heartbeats
//!              read pool    lanes `read`, `orders` and `ready`
//! SQLite       write pool   one connection, which heartbeats share
//!              read pool
//! ```

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectionTrait, DbBackend};

use super::commit_verifier::OtherWriters;
use super::connection::{Connector, SessionAccess};
use super::failpoint::Failpoints;
use super::failure::driver_error;
use super::lock::{FileLock, sqlite_file};
use super::pool::Pool;
use super::pool_inner::{CommitCheck, PoolLimits, PoolOptions};
use super::primary::Primary;
use super::{Error, Store, pooler};
use crate::clock::Clock;
use crate::saga::Catalogue;

/// Connections of the write pool (PostgreSQL): the log writer's, one for claims and operators, and one
/// for heartbeats.
const WRITERS: u32 = 3;
/// Connections of the read pool on SQLite, and of a command that only reads.
const READERS: u32 = 4;
/// How long SQLite waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// For what is looked up to answer a request. Short, as many requests may wait for the same table.
const READ_LIMITS: PoolLimits = PoolLimits {
    statement_timeout: Duration::from_secs(5),
    check_after_idle: Duration::from_secs(1),
};
/// For a page of an audit, or a count of everything.
const AUDIT_LIMITS: PoolLimits = PoolLimits {
    statement_timeout: Duration::from_mins(2),
    check_after_idle: Duration::from_secs(1),
};
/// For what writes. A statement sent over a connection that turns out to be broken may have been
/// carried out, so connections are checked after the shortest pause.
const WRITE_LIMITS: PoolLimits = PoolLimits {
    statement_timeout: Duration::from_secs(9),
    check_after_idle: Duration::from_millis(2),
};

/// In which role a process opens the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To drive sagas. On SQLite only one process can: it holds the file's lock.
    Owner,
    /// Beside an owner: without the file's lock.
    Guest,
}

/// How to open the store.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// `sqlite://FILE` or `postgres://...`.
    pub url: &'a str,
    /// Connections at most, of both pools together (PostgreSQL).
    pub max_connections: u32,
    /// How long a transaction may be idle before PostgreSQL ends it: a process that was paused in the
    /// middle of one must not keep its rows locked for those who take its sagas over.
    pub silence: Duration,
    /// In which role.
    pub access: Access,
    /// For time limits, and for how long connections have been idle.
    pub clock: Clock,
    /// The tables of the kinds of saga that are read.
    pub catalogue: Catalogue,
    /// See [`Failpoints`]; `None` except in tests.
    pub failpoints: Option<Arc<dyn Failpoints>>,
}

impl Options<'_> {
    fn pool(
        &self,
        connector: Connector,
        max_connections: u32,
        limits: PoolLimits,
        commit_check: CommitCheck,
    ) -> Pool {
        let (clock, failpoints) = (self.clock.clone(), self.failpoints.clone());
        Pool::new(PoolOptions {
            connector,
            max_connections,
            limits,
            commit_check,
            clock,
            failpoints,
        })
    }
}

/// Opens the books. Doesn't migrate.
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

/// Opens the books to read them, beside a service that may be running: without the SQLite file's lock,
/// and over connections that refuse to write. Creates no file.
///
/// # Errors
/// [`Error::Unusable`] where there is no such SQLite file; [`Error::Unavailable`] where the database
/// is out of reach now.
pub async fn open_to_read(options: Options<'_>) -> Result<Store, Error> {
    let connector = if options.url.starts_with("sqlite:") {
        let path = sqlite_file(options.url);
        // Only SQLite can tell whether a `file:` name exists.
        if !path.starts_with("file:") && !path.exists() {
            let missing = format!("`database.url`: there is no file {}", path.display());
            return Err(Error::Unusable(missing));
        }
        // Not SQLite's own read-only mode: after a crash, the first reader has to recover the WAL.
        let sqlite = sqlite(options.url)?.pragma("query_only", "ON");
        Connector::Sqlite(Box::new(sqlite))
    } else {
        pooler::check_sessions(options.url, &options.clock).await?;
        let read_only = [("default_transaction_read_only", "on".to_owned())];
        postgres(&options, AUDIT_LIMITS, SessionAccess::ReadOnly, read_only)?
    };
    let backend = connector.backend();
    let read = options.pool(connector, READERS, AUDIT_LIMITS, CommitCheck::None).resending();
    drop(read.session().await?);
    let (write, alive, orders, ready) = (read.clone(), read.clone(), read.clone(), read.clone());
    let catalogue = options.catalogue;
    Ok(Store { write, alive, read, orders, ready, backend, catalogue, lock: None })
}

/// Whether there can be books at this address; a file of SQLite's may not have been made yet.
pub fn is_there(url: &str) -> bool {
    let path = sqlite_file(url);
    !url.starts_with("sqlite:") || path.starts_with("file:") || path.exists()
}

async fn open_sqlite(options: Options<'_>) -> Result<Store, Error> {
    let lock = match options.access {
        Access::Owner => Some(Arc::new(FileLock::acquire(options.url).await?)),
        Access::Guest => None,
    };
    let sqlite = sqlite(options.url)?
        .journal_mode(SqliteJournalMode::Wal)
        // A commit survives a power failure, not only the end of this process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    // Only here: a file that disappears later must not be replaced by an empty one.
    let creating = Connector::Sqlite(Box::new(sqlite.clone().create_if_missing(true)));
    drop(creating.open().await.map_err(driver_error)?);
    let connector = Connector::Sqlite(Box::new(sqlite));
    let others = if lock.is_some() { OtherWriters::None } else { OtherWriters::Possible };
    let check = CommitCheck::SecondConnection(others);
    // One connection writes: SQLite allows no more at a time, and waiting for a permit is better than
    // polling for its lock.
    let write = options.pool(connector.clone(), 1, WRITE_LIMITS, check);
    drop(write.session().await?);
    // Readers never wait for locks (WAL), so they need no lanes.
    let read = options.pool(connector, READERS, READ_LIMITS, CommitCheck::None).resending();
    let (alive, orders, ready) = (write.resending(), read.clone(), read.clone());
    let (backend, catalogue) = (DbBackend::Sqlite, options.catalogue);
    Ok(Store { write, alive, read, orders, ready, backend, catalogue, lock })
}

fn sqlite(url: &str) -> Result<SqliteConnectOptions, Error> {
    let options: SqliteConnectOptions = url.parse().map_err(unusable)?;
    Ok(options.busy_timeout(BUSY_TIMEOUT).disable_statement_logging())
}

/// The error for a URL that can't be parsed. It may hold a password, so it is not repeated.
fn unusable(error: DriverError) -> Error {
    drop(error);
    Error::Unusable("`database.url` is not the address of a database".to_owned())
}

async fn open_postgres(options: Options<'_>) -> Result<Store, Error> {
    pooler::check_sessions(options.url, &options.clock).await?;
    // The statements that write have one good plan each, whatever their parameters are, and planning
    // one costs more than executing it.
    let planned_once = [("plan_cache_mode", "force_generic_plan".to_owned())];
    let access = SessionAccess::Writable(Arc::<Primary>::default());
    let connector = postgres(&options, WRITE_LIMITS, access.clone(), planned_once)?;
    let write = options.pool(connector, WRITERS, WRITE_LIMITS, CommitCheck::NoWarning);
    drop(write.session().await?);
    // Neither many claims nor a hanging one may delay a heartbeat.
    let (alive, write) = (write.lane(1).resending(), write.lane(WRITERS - 1));
    let readers = options.max_connections.saturating_sub(WRITERS).max(2);
    // A statement that waits for a locked table uses up a connection while it waits.
    let short_lock_wait = [("lock_timeout", "2s".to_owned())];
    let connector = postgres(&options, READ_LIMITS, access, short_lock_wait)?;
    let read = options.pool(connector, readers, READ_LIMITS, CommitCheck::None).resending();
    drop(read.session().await?);
    let ready = read.lane(1);
    // Neither of the other two lanes may use all connections that are left.
    let most = ((readers - 1) * 2 / 3).max(1);
    let (read, orders) = (read.lane(most), read.lane(most));
    let (backend, catalogue) = (DbBackend::Postgres, options.catalogue);
    Ok(Store { write, alive, read, orders, ready, backend, catalogue, lock: None })
}

/// A connector for sessions with these settings besides those that all of ours have. They are set by
/// statements and not as start-up parameters, which a pooler in between may refuse.
fn postgres<const N: usize>(
    options: &Options<'_>,
    limits: PoolLimits,
    access: SessionAccess,
    settings: [(&str, String); N],
) -> Result<Connector, Error> {
    let postgres: PgConnectOptions = options.url.parse().map_err(unusable)?;
    let postgres = postgres.application_name("order-service").disable_statement_logging();
    // The driver would send this one as a start-up parameter, which poolers don't know.
    let postgres = postgres.extra_float_digits(None);
    // Every statement has an index and joins a few rows to it. Plans are cached: one that was made while
    // a table was small must not turn out to be a scan of the table, or a join over a whole index, once
    // it is large. Nor a bitmap scan: it reads dead index entries each time, where an index scan marks
    // them so that the next one skips them.
    let plans =
        ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"];
    let millis = |bound: Duration| bound.as_millis().max(1).to_string();
    // The server gives up before we do, so that the connection is still good.
    let statement = limits.statement_timeout.saturating_sub(Duration::from_secs(1));
    let ours = [
        ("idle_in_transaction_session_timeout", millis(options.silence)),
        ("statement_timeout", millis(statement)),
        // A commit must not come with a warning (`warning.rs`).
        ("client_min_messages", "warning".to_owned()),
        // Our statements are written for this level, whatever the database's default is.
        ("default_transaction_isolation", "read committed".to_owned()),
    ];
    let all = plans.map(|plan| (plan, "off".to_owned())).into_iter().chain(ours).chain(settings);
    let settings: Vec<_> = all.map(|(name, value)| format!("SET {name} = '{value}'; ")).collect();
    let settings = settings.concat();
    Ok(Connector::Postgres { options: Box::new(postgres), settings, access })
}

impl Store {
    /// The value of a setting of PostgreSQL; `None` on SQLite.
    pub async fn postgres_setting(&self, name: &str) -> Result<Option<String>, Error> {
        if self.backend != DbBackend::Postgres {
            return Ok(None);
        }
        let sql = "SELECT current_setting($1)";
        let row = self.read.query_one_raw(self.statement(sql, vec![name.into()])).await?;
        Ok(row.and_then(|row| row.try_get_by_index(0).ok()))
    }

    /// Closes both pools at the end of a process, after the last writes. Statements after this fail.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
        if let Some(lock) = &self.lock {
            lock.release();
        }
    }
}

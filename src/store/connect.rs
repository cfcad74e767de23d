//! Opening the database: pools and settings.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectionTrait, DbBackend};

use super::connection::{SessionAccess, Setup};
use super::failure::driver_error;
use super::gate::Gate;
use super::kept::Manner;
use super::lock::{Lock, named};
use super::pool::Pool;
use super::witness::Others;
use super::{Error, Store, pooler};
use crate::clock::Clock;

/// Connections kept for writing: the log writer's, one for claims and operators, and one that says
/// that we live.
const WRITERS: u32 = 3;
/// Connections that read, of SQLite's and of a command that only reads.
const READERS: u32 = 4;
/// SQLite waits for so long for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// Whatever is looked up on the way to an answer. Not long, as many may wait for the same table.
const READING: Manner =
    Manner { statement: Duration::from_secs(5), asked_after: Duration::from_secs(1) };
/// A page of an audit, or a count of everything.
const AUDITING: Manner =
    Manner { statement: Duration::from_mins(2), asked_after: Duration::from_secs(1) };
/// What is sent to a connection that is gone may have been carried out: it is asked before.
const WRITING: Manner =
    Manner { statement: Duration::from_secs(9), asked_after: Duration::from_millis(2) };

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
    /// Bounds what is asked, and is the time by which connections age.
    pub clock: Clock,
    /// What everything passes; `None` but in proofs.
    pub gate: Option<Arc<dyn Gate>>,
}

impl Options<'_> {
    fn pool(&self, setup: Setup, most: u32, manner: Manner) -> Pool {
        Pool::new(setup, most, manner, (&self.clock, self.gate.as_ref()))
    }
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
    let setup = if options.url.starts_with("sqlite:") {
        let path = named(options.url);
        // A `file:` name is SQLite's to understand.
        if !path.starts_with("file:") && !path.exists() {
            let missing = format!("`database.url`: there is no file {}", path.display());
            return Err(Error::Unusable(missing));
        }
        // Not SQLite's own read-only mode: after a crash, a first reader has to recover the log.
        let sqlite = sqlite(options.url)?.pragma("query_only", "ON");
        Setup::Sqlite(Box::new(sqlite))
    } else {
        pooler::leaves_sessions(options.url, &options.clock).await?;
        let read_only = [("default_transaction_read_only", "on".to_owned())];
        postgres_setup(&options, AUDITING, SessionAccess::ReadOnly, read_only)?
    };
    let backend = setup.backend();
    let read = options.pool(setup, READERS, AUDITING).repeating();
    drop(read.session().await?);
    let (write, alive, orders, ready) = (read.clone(), read.clone(), read.clone(), read.clone());
    Ok(Store { write, alive, read, orders, ready, backend, lock: None })
}

async fn open_sqlite(options: Options<'_>) -> Result<Store, Error> {
    let lock = match options.access {
        Access::Owner => Some(Arc::new(Lock::on(options.url).await?)),
        Access::Guest => None,
    };
    let sqlite = sqlite(options.url)?
        .journal_mode(SqliteJournalMode::Wal)
        // Durable against power loss too, not only against our own death.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    // Here, and never later: a file that is gone is not to be replaced by an empty one.
    let creating = Setup::Sqlite(Box::new(sqlite.clone().create_if_missing(true)));
    drop(creating.open().await.map_err(driver_error)?);
    let setup = Setup::Sqlite(Box::new(sqlite));
    let others = if lock.is_some() { Others::DoNot } else { Others::Commit };
    // One writer: SQLite has one anyway, and queueing here beats its busy loop.
    let write = options.pool(setup.clone(), 1, WRITING).witnessed(others);
    drop(write.session().await?);
    // Its readers wait for nobody.
    let read = options.pool(setup, READERS, READING).repeating();
    let (alive, orders, ready) = (write.repeating(), read.clone(), read.clone());
    Ok(Store { write, alive, read, orders, ready, backend: DbBackend::Sqlite, lock })
}

fn sqlite(url: &str) -> Result<SqliteConnectOptions, Error> {
    let options: SqliteConnectOptions = url.parse().map_err(unusable)?;
    Ok(options.busy_timeout(BUSY).disable_statement_logging())
}

/// An address that no connection can come from. It may hold a password: it is not repeated.
fn unusable(error: DriverError) -> Error {
    drop(error);
    Error::Unusable("`database.url` is not the address of a database".to_owned())
}

async fn open_postgres(options: Options<'_>) -> Result<Store, Error> {
    pooler::leaves_sessions(options.url, &options.clock).await?;
    // What writes has one good plan, whatever it writes; making it anew costs more than to carry it
    // out.
    let planned_once = [("plan_cache_mode", "force_generic_plan".to_owned())];
    let setup = postgres_setup(&options, WRITING, SessionAccess::Writable, planned_once)?;
    let write = options.pool(setup, WRITERS, WRITING).warned();
    drop(write.session().await?);
    // Neither many claims nor a hanging one keep us from saying that we live.
    let (alive, write) = (write.lane(1).repeating(), write.lane(WRITERS - 1));
    let readers = options.max_connections.saturating_sub(WRITERS).max(2);
    // Who waits for a table that somebody has locked holds a connection: not for long.
    let not_for_locks = [("lock_timeout", "2s".to_owned())];
    let setup = postgres_setup(&options, READING, SessionAccess::Writable, not_for_locks)?;
    let read = options.pool(setup, readers, READING).repeating();
    drop(read.session().await?);
    let ready = read.lane(1);
    // Neither of the others may use all that is left.
    let most = ((readers - 1) * 2 / 3).max(1);
    let (read, orders) = (read.lane(most), read.lane(most));
    Ok(Store { write, alive, read, orders, ready, backend: DbBackend::Postgres, lock: None })
}

/// Sessions with these settings besides those that all of ours have. They are set by statements and
/// not as they begin, which a pooler in between may not let through.
fn postgres_setup<const N: usize>(
    options: &Options<'_>,
    manner: Manner,
    access: SessionAccess,
    settings: [(&str, String); N],
) -> Result<Setup, Error> {
    let postgres: PgConnectOptions = options.url.parse().map_err(unusable)?;
    let postgres = postgres.application_name("order-service").disable_statement_logging();
    // What the driver would set by itself is a parameter that poolers don't know.
    let postgres = postgres.extra_float_digits(None);
    // Every statement has its index, and joins a few rows to it. A plan made while a table
    // was small must not become a scan, or a join over a whole index, when it is large. Nor a
    // bitmap: it reads what is dead each time, where an index scan marks it for the next.
    let plans =
        ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"];
    let millis = |bound: Duration| bound.as_millis().max(1).to_string();
    // Sooner than we stop listening: then the connection is still good.
    let statement = manner.statement.saturating_sub(Duration::from_secs(1));
    let ours = [
        ("idle_in_transaction_session_timeout", millis(options.silence)),
        ("statement_timeout", millis(statement)),
        // A commit's warnings are listened to.
        ("client_min_messages", "warning".to_owned()),
        // What our statements are written for, whatever the database's default is.
        ("default_transaction_isolation", "read committed".to_owned()),
    ];
    let all = plans.map(|plan| (plan, "off".to_owned())).into_iter().chain(ours).chain(settings);
    let session: Vec<_> = all.map(|(name, value)| format!("SET {name} = '{value}'; ")).collect();
    let session = session.concat();
    Ok(Setup::Postgres { options: Box::new(postgres), session, access })
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
        self.read.close().await;
        self.write.close().await;
        if let Some(lock) = &self.lock {
            lock.give_back();
        }
    }
}

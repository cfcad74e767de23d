//! What an error says about the connection that it came by, and about what was asked.
//!
//! Whatever is not known here to leave a connection as it was, leaves its state unknown; whatever
//! is not known here to have done nothing may have been carried out.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::sqlx::postgres::{PgDatabaseError, PgSeverity};
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, RuntimeErr};

use super::gate::Fault;

/// SQLite's primary result code of a full disk.
const SQLITE_FULL: u32 = 13;
const SQLITE_READONLY: u32 = 8;
/// Of a constraint that does not hold: the statement is undone, and nothing else.
const SQLITE_CONSTRAINT: u32 = 19;

pub(super) fn driver_error(error: DriverError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

/// Nobody answered in time.
pub(super) fn late() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the database does not answer in time".to_owned()))
}

/// No connection was to be had in time.
pub(super) fn no_connection() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

pub(super) fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// The database said that it committed, and has not.
pub(super) fn forgotten() -> DbErr {
    let said = "it said that it committed, and another connection sees nothing of it";
    DbErr::Conn(RuntimeErr::Internal(said.to_owned()))
}

/// It said that it committed, and warned us.
pub(super) fn warned() -> DbErr {
    let said = "it committed with a warning, as when its standby does not have it yet";
    DbErr::Conn(RuntimeErr::Internal(said.to_owned()))
}

/// A session that can only read.
pub(super) fn read_only(backend: DbBackend) -> DriverError {
    let code = if backend == DbBackend::Sqlite { "8" } else { "25006" };
    DriverError::Database(Box::new(Told { code, message: "the database is read-only" }))
}

/// What a fault at a gate sounds like.
pub(super) fn of(fault: Fault, backend: DbBackend) -> DbErr {
    let full = || {
        let code = if backend == DbBackend::Sqlite { "13" } else { "53100" };
        DriverError::Database(Box::new(Told { code, message: "database or disk is full" }))
    };
    match fault {
        Fault::Cut | Fault::Forgotten => {
            driver_error(DriverError::Io(std::io::ErrorKind::ConnectionReset.into()))
        }
        Fault::Full | Fault::Stuck => driver_error(full()),
        Fault::ReadOnly => driver_error(read_only(backend)),
    }
}

/// An error as a database would say it.
#[derive(Debug)]
struct Told {
    code: &'static str,
    message: &'static str,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Told {}

impl DatabaseError for Told {
    fn message(&self) -> &str {
        self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

fn driver(error: &DbErr) -> Option<&DriverError> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => Some(cause),
        _not_the_driver => None,
    }
}

/// What the database calls it: an SQLSTATE, or SQLite's result code.
fn code(error: &DriverError) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(DatabaseError::code)
}

/// SQLite's primary result code.
fn sqlite_code(code: &str) -> Option<u32> {
    Some(code)
        .filter(|code| code.len() < 5)
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xff)
}

/// The session can only read: so can others that were opened when it was.
pub(super) fn is_read_only(error: &DbErr) -> bool {
    let code = driver(error).and_then(code);
    code.is_some_and(|code| code == "25006" || sqlite_code(&code) == Some(SQLITE_READONLY))
}

/// Whether a connection, on which no transaction was open, is as before once it has said this.
pub(super) fn leaves_as_it_was(error: &DriverError) -> bool {
    let Some(code) = code(error) else {
        // What could not be read of an answer that came whole.
        return matches!(error, DriverError::RowNotFound | DriverError::ColumnNotFound(_));
    };
    if let Some(sqlite) = sqlite_code(&code) {
        return sqlite == SQLITE_CONSTRAINT;
    }
    // Connection exceptions, read-only sessions, prepared statements that are not there (any more),
    // an operator's intervention but for a statement that was cancelled, and errors of the system.
    let suspect = ["08", "25", "26", "0A", "57P", "58", "XX", "53"];
    is_an_error(error) && !suspect.iter().any(|class| code.starts_with(class))
}

/// Whether PostgreSQL said that a statement failed, and no more.
fn is_an_error(error: &DriverError) -> bool {
    let said = error.as_database_error();
    let said = said.and_then(|said| said.try_downcast_ref::<PgDatabaseError>());
    said.is_some_and(|said| said.severity() == PgSeverity::Error)
}

/// Whether what was to be committed surely was not. What ends a connection, and what it ends by
/// itself, may have come after the commit. A write that found no space left has not come as far as
/// the mark of its commit; one whose flush failed may have.
pub(super) fn is_surely_not_committed(error: &DbErr) -> bool {
    let Some(error) = driver(error) else { return false };
    let is_full = |code: Cow<'_, str>| sqlite_code(&code) == Some(SQLITE_FULL);
    is_an_error(error)
        || code(error)
            .is_some_and(|code| is_full(code.clone()) || code == "53100" || code == "25006")
}

/// What can be done about a transaction of which nothing was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// It stood in the way of another: again after a pause.
    Pause,
    /// Another connection.
    Reconnect,
    /// Nothing that helps at once.
    Wait,
}

/// Serialization failures and deadlocks pass, and a connection that was ended can be replaced.
pub(super) fn remedy(error: &DbErr) -> Remedy {
    let Some(error) = driver(error) else { return Remedy::Wait };
    match code(error).as_deref() {
        Some("40001" | "40P01") => Remedy::Pause,
        Some(code) if ["08", "25006", "26", "0A", "57P"].iter().any(|of| code.starts_with(of)) => {
            Remedy::Reconnect
        }
        Some(_) => Remedy::Wait,
        None => match error {
            DriverError::Io(_) | DriverError::Protocol(_) | DriverError::WorkerCrashed => {
                Remedy::Reconnect
            }
            _of_what_was_asked => Remedy::Wait,
        },
    }
}

/// Whether PostgreSQL, while it starts or is full of sessions, may soon take us in.
pub(super) fn may_be_taken_in_soon(error: &DriverError) -> bool {
    match error {
        DriverError::Io(cause) => cause.kind() == std::io::ErrorKind::ConnectionRefused,
        error => {
            let code = code(error);
            let code = code.as_deref().unwrap_or_default();
            ["57P03", "53300", "25006", "3D000"].contains(&code) && code != "3D000"
        }
    }
}

/// The sort of trouble in words. Errors themselves may quote addresses and user names.
pub(super) fn in_words(error: &DbErr) -> &'static str {
    if is_read_only(error) {
        return "the database is read-only";
    }
    let code = driver(error).and_then(code);
    let code = code.as_deref().unwrap_or_default();
    if code == "53100" || sqlite_code(code) == Some(SQLITE_FULL) {
        return "the database's disk is full";
    }
    let is_lost = remedy(error) == Remedy::Reconnect;
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => "the database is out of reach",
        _lost if is_lost => "the database is out of reach",
        DbErr::Query(_) | DbErr::Exec(_) => "the database does not answer as it should",
        _other => "the database is not usable",
    }
}

//! What an error of the database means: for the connection that it came over, and for the work.
//!
//! Both questions have a cautious default. An error that is not known here to be harmless leaves the
//! connection in an unknown state, so it is closed. An error that is not known here to mean that
//! nothing was committed leaves the outcome unknown.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::sqlx::postgres::{PgDatabaseError, PgSeverity};
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, RuntimeErr};

use super::failpoint::Fault;

/// SQLite's primary result code of a full disk.
const SQLITE_FULL: u32 = 13;
/// SQLite's primary result code of a database that can't be written.
const SQLITE_READONLY: u32 = 8;
/// SQLite's primary result code of a broken constraint. It undoes the statement and nothing else.
const SQLITE_CONSTRAINT: u32 = 19;

pub(super) fn driver_error(error: DriverError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

/// The database did not answer in time.
pub(super) fn late() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the database does not answer in time".to_owned()))
}

/// No connection became free in time.
pub(super) fn no_connection() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

pub(super) fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// The database reported a commit that a second connection doesn't see.
pub(super) fn not_verified() -> DbErr {
    let said = "it said that it committed, and another connection sees nothing of it";
    DbErr::Conn(RuntimeErr::Internal(said.to_owned()))
}

/// The database reported a commit with a warning (`warning.rs`).
pub(super) fn warned() -> DbErr {
    let said = "it committed with a warning, as when its standby does not have it yet";
    DbErr::Conn(RuntimeErr::Internal(said.to_owned()))
}

/// The error of a session that can only read.
pub(super) fn read_only(backend: DbBackend) -> DriverError {
    let code = if backend == DbBackend::Sqlite { "8" } else { "25006" };
    DriverError::Database(Box::new(PlainError { code, message: "the database is read-only" }))
}

/// The error of a connection to a server that is the primary no more (`primary.rs`).
pub(super) fn old_primary() -> DriverError {
    let message = "another server is the primary now";
    DriverError::Database(Box::new(PlainError { code: "57P01", message }))
}

/// The error that a database would answer for this fault.
pub(super) fn of(fault: Fault, backend: DbBackend) -> DbErr {
    let full = || {
        let code = if backend == DbBackend::Sqlite { "13" } else { "53100" };
        DriverError::Database(Box::new(PlainError { code, message: "database or disk is full" }))
    };
    match fault {
        Fault::Cut | Fault::Forgotten => {
            driver_error(DriverError::Io(std::io::ErrorKind::ConnectionReset.into()))
        }
        Fault::Full | Fault::Stuck => driver_error(full()),
        Fault::ReadOnly => driver_error(read_only(backend)),
    }
}

/// A database error that is only a code and a message.
#[derive(Debug)]
struct PlainError {
    code: &'static str,
    message: &'static str,
}

impl fmt::Display for PlainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for PlainError {}

impl DatabaseError for PlainError {
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

/// The database's code for an error: an SQLSTATE (five characters), or SQLite's result code.
fn code(error: &DriverError) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(DatabaseError::code)
}

/// The primary one of SQLite's result codes; `None` for an SQLSTATE.
fn sqlite_code(code: &str) -> Option<u32> {
    Some(code)
        .filter(|code| code.len() < 5)
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xff)
}

/// Whether this code is SQLite's of a broken constraint.
pub(super) fn is_broken_constraint(code: &str) -> bool {
    sqlite_code(code) == Some(SQLITE_CONSTRAINT)
}

/// Whether the session can only read. Others that were opened at the same time can't write either.
pub(super) fn is_read_only(error: &DbErr) -> bool {
    let code = driver(error).and_then(code);
    code.is_some_and(|code| code == "25006" || sqlite_code(&code) == Some(SQLITE_READONLY))
}

/// Whether a connection without an open transaction is still in a known state after this error.
pub(super) fn leaves_state_known(error: &DriverError) -> bool {
    let Some(code) = code(error) else {
        // The answer came whole; only what it holds was not as expected.
        return matches!(error, DriverError::RowNotFound | DriverError::ColumnNotFound(_));
    };
    if let Some(sqlite) = sqlite_code(&code) {
        return sqlite == SQLITE_CONSTRAINT;
    }
    // The classes of errors that are not of the statement: connection exceptions (08), read-only and
    // other invalid transaction states (25), prepared statements that are gone (26) or no longer fit
    // (0A), intervention by an operator (57P; not 57014, a cancelled statement), and trouble of the
    // system itself (58, XX, 53).
    let suspect = ["08", "25", "26", "0A", "57P", "58", "XX", "53"];
    is_an_error(error) && !suspect.iter().any(|class| code.starts_with(class))
}

/// Whether PostgreSQL reported that the statement failed (ERROR) and the session goes on. FATAL and
/// PANIC end the session.
fn is_an_error(error: &DriverError) -> bool {
    let said = error.as_database_error();
    let said = said.and_then(|said| said.try_downcast_ref::<PgDatabaseError>());
    said.is_some_and(|said| said.severity() == PgSeverity::Error)
}

/// Whether a transaction whose commit answered this surely was not committed. An error that ends the
/// session proves nothing: the commit may have come first, and so may a flush that failed. A full disk
/// proves it: a write that finds no space fails before the commit record is written.
pub(super) fn is_surely_not_committed(error: &DbErr) -> bool {
    let Some(error) = driver(error) else { return false };
    let is_full = |code: Cow<'_, str>| sqlite_code(&code) == Some(SQLITE_FULL);
    is_an_error(error)
        || code(error)
            .is_some_and(|code| is_full(code.clone()) || code == "53100" || code == "25006")
}

/// What may help at once after work that was not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// It conflicted with another transaction: a retry after a pause.
    RetryAfterPause,
    /// Its connection broke: a retry on another one.
    Reconnect,
    /// Nothing.
    None,
}

/// Two transactions gave the same version to events of one order: the later one looks again.
fn is_of_versions(error: &DriverError) -> bool {
    let said = error.as_database_error().and_then(DatabaseError::constraint);
    said == Some("ux_outbox_version")
}

/// What may help after this error.
pub(super) fn remedy(error: &DbErr) -> Remedy {
    let Some(error) = driver(error) else { return Remedy::None };
    match code(error).as_deref() {
        // A serialization failure, or a deadlock.
        Some("40001" | "40P01") => Remedy::RetryAfterPause,
        Some("23505") if is_of_versions(error) => Remedy::RetryAfterPause,
        Some(code) if ["08", "25006", "26", "0A", "57P"].iter().any(|of| code.starts_with(of)) => {
            Remedy::Reconnect
        }
        Some(_) => Remedy::None,
        None => match error {
            DriverError::Io(_) | DriverError::Protocol(_) | DriverError::WorkerCrashed => {
                Remedy::Reconnect
            }
            _of_what_was_asked => Remedy::None,
        },
    }
}

/// Whether an attempt to connect failed for a reason that may pass soon: PostgreSQL is starting or
/// stopping, has no session left, or is a standby or an old primary whose address may lead to another soon.
pub(super) fn may_connect_soon(error: &DriverError) -> bool {
    match error {
        DriverError::Io(cause) => cause.kind() == std::io::ErrorKind::ConnectionRefused,
        error => {
            let code = code(error);
            let code = code.as_deref().unwrap_or_default();
            ["57P01", "57P03", "53300", "25006"].contains(&code)
        }
    }
}

/// The error in general words. The error's own text may quote addresses and user names.
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

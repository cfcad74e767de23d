//! One connection: how it is opened, and what is asked of it.
//!
//! Ours, not a pool's of the driver: a driver's pool gives a connection to the next whatever the
//! last did to it, and pings it first for as long as that takes. Dropping one closes it at once and
//! waits for nobody; what was open on it is rolled back by the database.

use sea_orm::sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Database, Error as DriverError,
    Executor as _, IntoArguments, Row as _, query::Query, query_with,
};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_query_sqlx::SqlxValues;

use super::failure;

/// How connections are opened.
#[derive(Clone, Debug)]
pub(super) enum Setup {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres {
        options: Box<PgConnectOptions>,
        /// Statements that make a session ours.
        session: String,
        access: SessionAccess,
    },
}

/// Whether a session that can only read will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionAccess {
    /// No: it is a standby's, and what it says may be old.
    Writable,
    /// Yes: nothing is ever written on it.
    ReadOnly,
}

impl Setup {
    pub(super) fn backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres { .. } => DbBackend::Postgres,
        }
    }

    /// A new one. However long it takes: whoever asks sets the bound.
    pub(super) async fn open(&self) -> Result<Connection, DriverError> {
        match self {
            Self::Sqlite(options) => Ok(Connection::Sqlite(options.connect().await?)),
            Self::Postgres { options, session, access } => {
                let mut connection = options.connect().await?;
                let made_ours = format!("{session}{READ_ONLY}");
                let row = connection.fetch_one(AssertSqlSafe(made_ours)).await?;
                if *access == SessionAccess::Writable {
                    is_writable(&row.try_get::<String, _>(0)?)?;
                }
                Ok(Connection::Postgres(connection))
            }
        }
    }
}

impl Setup {
    /// One of sea-orm's, for the migrations.
    pub(super) async fn open_to_migrate(&self) -> Result<DatabaseConnection, DbErr> {
        Ok(match self {
            Self::Sqlite(options) => {
                let pool = SqlitePoolOptions::new().max_connections(1);
                let pool = pool.connect_with(options.as_ref().clone()).await;
                pool.map_err(failure::driver_error)?.into()
            }
            Self::Postgres { options, .. } => {
                let pool = PgPoolOptions::new().max_connections(1);
                let pool = pool.connect_with(options.as_ref().clone()).await;
                pool.map_err(failure::driver_error)?.into()
            }
        })
    }
}

const READ_ONLY: &str = "SHOW transaction_read_only";

fn is_writable(read_only: &str) -> Result<(), DriverError> {
    if read_only == "off" { Ok(()) } else { Err(failure::read_only(DbBackend::Postgres)) }
}

/// What is asked of a connection.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// Text without parameters, which is not kept prepared.
    Text(String),
    Execute(Statement),
    Query(Statement),
}

impl Asked {
    pub(super) fn text(sql: &str) -> Self {
        Self::Text(sql.to_owned())
    }

    /// Whether this says, by its answer, that something was written.
    pub(super) fn may_write(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Execute(statement) | Self::Query(statement) => {
                !statement.sql.starts_with("SELECT")
            }
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Answer {
    Done(ExecResult),
    Rows(Vec<QueryResult>),
}

impl Answer {
    /// Rows that were returned, or touched.
    pub(super) fn has_rows(&self) -> bool {
        match self {
            Self::Done(done) => done.rows_affected() > 0,
            Self::Rows(rows) => !rows.is_empty(),
        }
    }

    pub(super) fn done(self) -> Result<ExecResult, DbErr> {
        match self {
            Self::Done(done) => Ok(done),
            Self::Rows(_) => Err(DbErr::Custom("rows came where none were asked for".to_owned())),
        }
    }

    pub(super) fn rows(self) -> Vec<QueryResult> {
        match self {
            Self::Done(_) => Vec::new(),
            Self::Rows(rows) => rows,
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connection {
    /// Whether it is still there; an SQLite file is.
    pub(super) async fn ping(&mut self) -> Result<(), DriverError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => connection.ping().await,
        }
    }

    /// Whether it is still there, and still leads to a database that can be written.
    pub(super) async fn ask(&mut self) -> Result<(), DriverError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => {
                let row = connection.fetch_one(READ_ONLY).await?;
                is_writable(&row.try_get::<String, _>(0)?)
            }
        }
    }

    pub(super) async fn close(self) -> Result<(), DriverError> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }

    pub(super) async fn send(&mut self, asked: Asked) -> Result<Answer, DriverError> {
        match self {
            Self::Sqlite(connection) => Ok(match asked {
                Asked::Text(sql) => {
                    Answer::Done(connection.execute(AssertSqlSafe(sql)).await?.into())
                }
                Asked::Execute(statement) => {
                    Answer::Done(bound(statement).execute(connection).await?.into())
                }
                Asked::Query(statement) => {
                    let rows = bound(statement).fetch_all(connection).await?;
                    Answer::Rows(rows.into_iter().map(QueryResult::from).collect())
                }
            }),
            Self::Postgres(connection) => Ok(match asked {
                Asked::Text(sql) => {
                    Answer::Done(connection.execute(AssertSqlSafe(sql)).await?.into())
                }
                Asked::Execute(statement) => {
                    Answer::Done(bound(statement).execute(connection).await?.into())
                }
                Asked::Query(statement) => {
                    let rows = bound(statement).fetch_all(connection).await?;
                    Answer::Rows(rows.into_iter().map(QueryResult::from).collect())
                }
            }),
        }
    }

    /// One of PostgreSQL's, with parameters that are encoded already.
    pub(super) async fn execute_encoded(
        &mut self,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<(), DriverError> {
        match self {
            Self::Sqlite(_) => Err(DriverError::Protocol("this is SQLite's".to_owned())),
            Self::Postgres(connection) => {
                query_with(sql, arguments).execute(connection).await.map(drop)
            }
        }
    }

    /// A number that changes with every commit that another connection has made (SQLite).
    pub(super) async fn data_version(&mut self) -> Result<i64, DriverError> {
        match self {
            Self::Sqlite(connection) => {
                connection.fetch_one("PRAGMA data_version").await?.try_get(0)
            }
            Self::Postgres(_) => Ok(0),
        }
    }
}

fn bound<DB>(statement: Statement) -> Query<'static, DB, SqlxValues>
where
    DB: Database,
    SqlxValues: IntoArguments<DB>,
{
    let values = statement.values.map_or_else(Vec::new, |values| values.0);
    query_with(AssertSqlSafe(statement.sql), SqlxValues(sea_orm::Values(values)))
}

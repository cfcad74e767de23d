//! One connection: how it is opened, and what can be sent over it.
//!
//! The store has its own pool (`pool.rs`) instead of the driver's. The driver's hands a connection to
//! its next user whatever the last one left on it, and pings it first without a time limit. Dropping a
//! connection of ours closes it at once, without waiting for anything; the database then rolls back
//! what was open on it.

use std::sync::Arc;

use sea_orm::sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Database, Error as DriverError,
    Executor as _, IntoArguments, Row as _, query::Query, query_with,
};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_query_sqlx::SqlxValues;

use super::failure;
use super::primary::{Primary, Server};

/// Opens connections.
#[derive(Clone, Debug)]
pub(super) enum Connector {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres {
        options: Box<PgConnectOptions>,
        /// `SET` statements that every new session begins with.
        settings: String,
        access: SessionAccess,
    },
}

/// Which sessions of PostgreSQL are accepted.
#[derive(Clone, Debug)]
pub(super) enum SessionAccess {
    /// Only those that can write, on the newest primary: others are a standby's or an old primary's, and
    /// what is read there may be old.
    Writable(Arc<Primary>),
    /// Also those that can only read.
    ReadOnly,
}

impl Connector {
    pub(super) fn backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres { .. } => DbBackend::Postgres,
        }
    }

    /// What is known of the primary; `None` where it doesn't matter.
    pub(super) fn primary(&self) -> Option<&Primary> {
        match self {
            Self::Postgres { access: SessionAccess::Writable(primary), .. } => Some(primary),
            Self::Sqlite(_) | Self::Postgres { access: SessionAccess::ReadOnly, .. } => None,
        }
    }

    /// Opens a connection. Has no time limit of its own.
    pub(super) async fn open(&self) -> Result<Connection, DriverError> {
        match self {
            Self::Sqlite(options) => Ok(Connection::Sqlite(options.connect().await?)),
            Self::Postgres { options, settings, access } => {
                let mut connection = options.connect().await?;
                let first = format!("{settings}{READ_ONLY}");
                let row = connection.fetch_one(AssertSqlSafe(first)).await?;
                let server = match access {
                    SessionAccess::Writable(primary) => {
                        is_writable(&row.try_get::<String, _>(0)?)?;
                        let server = Server::of(&mut connection).await?;
                        if server.is_some_and(|server| !primary.admits(server)) {
                            return Err(failure::old_primary());
                        }
                        server
                    }
                    SessionAccess::ReadOnly => None,
                };
                Ok(Connection::Postgres(connection, server))
            }
        }
    }

    /// Opens a connection of sea-orm's, for the migrations.
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

/// What is sent to the database.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// Text without parameters, which is not prepared.
    Text(String),
    /// A statement of which only the number of touched rows counts.
    Execute(Statement),
    /// A statement that returns rows.
    Query(Statement),
}

impl Command {
    pub(super) fn text(sql: &str) -> Self {
        Self::Text(sql.to_owned())
    }

    /// Whether rows in the answer mean that something was written.
    pub(super) fn may_write(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Execute(statement) | Self::Query(statement) => {
                !statement.sql.starts_with("SELECT")
            }
        }
    }
}

/// What the database answered.
#[derive(Debug)]
pub(super) enum Answer {
    Done(ExecResult),
    Rows(Vec<QueryResult>),
}

impl Answer {
    /// Whether any row was returned or touched.
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
    /// And the server that it leads to, where that is known.
    Postgres(PgConnection, Option<Server>),
}

impl Connection {
    /// The server that it leads to; `None` on SQLite, and where PostgreSQL doesn't say.
    pub(super) fn server(&self) -> Option<Server> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_, server) => *server,
        }
    }

    /// Whether the server still answers. SQLite has no server.
    pub(super) async fn ping(&mut self) -> Result<(), DriverError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection, _) => connection.ping().await,
        }
    }

    /// Whether the server still answers and can still be written to.
    pub(super) async fn check(&mut self) -> Result<(), DriverError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection, _) => {
                let row = connection.fetch_one(READ_ONLY).await?;
                is_writable(&row.try_get::<String, _>(0)?)
            }
        }
    }

    pub(super) async fn close(self) -> Result<(), DriverError> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection, _) => connection.close().await,
        }
    }

    pub(super) async fn send(&mut self, command: Command) -> Result<Answer, DriverError> {
        match self {
            Self::Sqlite(connection) => Ok(match command {
                Command::Text(sql) => {
                    Answer::Done(connection.execute(AssertSqlSafe(sql)).await?.into())
                }
                Command::Execute(statement) => {
                    Answer::Done(bound(statement).execute(connection).await?.into())
                }
                Command::Query(statement) => {
                    let rows = bound(statement).fetch_all(connection).await?;
                    Answer::Rows(rows.into_iter().map(QueryResult::from).collect())
                }
            }),
            Self::Postgres(connection, _) => Ok(match command {
                Command::Text(sql) => {
                    Answer::Done(connection.execute(AssertSqlSafe(sql)).await?.into())
                }
                Command::Execute(statement) => {
                    Answer::Done(bound(statement).execute(connection).await?.into())
                }
                Command::Query(statement) => {
                    let rows = bound(statement).fetch_all(connection).await?;
                    Answer::Rows(rows.into_iter().map(QueryResult::from).collect())
                }
            }),
        }
    }

    /// The number that a statement answers whose parameters are encoded already (PostgreSQL only).
    pub(super) async fn query_encoded(
        &mut self,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<i32, DriverError> {
        match self {
            Self::Sqlite(_) => {
                Err(DriverError::Protocol("encoded parameters are PostgreSQL's".to_owned()))
            }
            Self::Postgres(connection, _) => {
                query_with(sql, arguments).fetch_one(connection).await?.try_get(0)
            }
        }
    }

    /// A number that changes with every commit of another connection (SQLite; 0 on PostgreSQL).
    pub(super) async fn data_version(&mut self) -> Result<i64, DriverError> {
        match self {
            Self::Sqlite(connection) => {
                connection.fetch_one("PRAGMA data_version").await?.try_get(0)
            }
            Self::Postgres(..) => Ok(0),
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

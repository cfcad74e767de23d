//! A session: a connection in use, by one user at a time.
//!
//! While a command is under way, its future owns the connection. It gives the connection back to the
//! session only after an answer that leaves the connection in a known state. A future that is dropped
//! half way, a timeout and an unclear error close the connection instead, so that nobody uses a
//! connection whose state is unknown.
//!
//! ```text
//! idle in the pool -> Session -> command: the future owns it -> clear answer -> Session -> idle
//!                                          dropped, timeout, unclear error   -> closed
//! ```

use std::sync::Arc;

use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::{DbBackend, DbErr};

use super::Error;
use super::connection::{Answer, Command, Connection};
use super::failpoint::Fault;
use super::failure::{self, closed, driver_error, late};
use super::pool_inner::{CHECK_TIMEOUT, Permit, PoolInner};

/// When dropped, returns the connection to the pool if no transaction is open, and closes it otherwise.
#[derive(Debug)]
pub(super) struct Session {
    /// `None` while a command is under way, and for good once the connection's state is unknown.
    connection: Option<Connection>,
    transaction: State,
    /// Set by [`Fault::Stuck`] in tests: a rollback fails.
    is_stuck: bool,
    pool: Arc<PoolInner>,
    _permit: Permit,
}

/// The state of the session's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No transaction is open.
    Idle,
    /// A transaction is open and has written nothing.
    Open,
    /// A transaction is open and has written something.
    Written,
    /// A transaction is open and a statement in it has failed.
    Failed,
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.transaction == State::Idle
        {
            self.pool.keep(connection);
        }
    }
}

impl Session {
    pub(super) fn new(connection: Connection, permit: Permit, pool: Arc<PoolInner>) -> Self {
        let (transaction, is_stuck) = (State::Idle, false);
        Self { connection: Some(connection), transaction, is_stuck, pool, _permit: permit }
    }

    /// Whether the server still answers.
    pub(super) async fn ping(&mut self) -> Result<(), DbErr> {
        let (mut connection, pool) = self.take()?;
        let answer = pool.clock.within(CHECK_TIMEOUT, connection.ping()).await;
        self.take_back(connection, answer)
    }

    /// The number that one statement answers that is a transaction by itself, with parameters that are encoded
    /// already (PostgreSQL only). A warning makes it a commit of unknown outcome (`warning.rs`).
    pub(super) async fn commit_by(
        &mut self,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<i32, DbErr> {
        let (mut connection, pool) = self.take()?;
        let server = connection.server();
        let sent = Box::pin(connection.query_encoded(sql, arguments));
        let (answer, warned) = pool.await_commit(server, sent).await;
        let answer = self.take_back(connection, answer);
        if warned && answer.is_ok() { Err(failure::warned()) } else { answer }
    }

    /// Breaks the connection as this fault does, and returns the fault's error.
    pub(super) fn break_by(&mut self, fault: Fault) -> DbErr {
        self.connection = None;
        self.pool.failure(fault)
    }

    pub(super) async fn send(&mut self, command: Command) -> Result<Answer, DbErr> {
        let may_write = command.may_write();
        let (mut connection, pool) = self.take()?;
        let server = connection.server();
        let sent = Box::pin(connection.send(command));
        let answer = pool.await_answer(server, sent).await;
        let answer = self.take_back(connection, answer);
        self.transaction = match (self.transaction, &answer) {
            (State::Idle, _) => State::Idle,
            (_, Err(_)) | (State::Failed, Ok(_)) => State::Failed,
            (State::Open, Ok(answer)) if may_write && answer.has_rows() => State::Written,
            (state @ (State::Open | State::Written), Ok(_)) => state,
        };
        answer
    }

    /// Sends one statement that is a transaction by itself.
    pub(super) async fn send_alone(&mut self, command: Command) -> Result<Answer, DbErr> {
        let may_write = command.may_write();
        if may_write {
            self.before_commit().await?;
        }
        let answer = self.send(command).await?;
        if may_write && answer.has_rows() && !self.is_verified().await? {
            self.connection = None;
            return Err(failure::not_verified());
        }
        Ok(answer)
    }

    pub(super) async fn begin(&mut self, sql: &str) -> Result<(), DbErr> {
        // It may be open from the moment at which this is sent.
        self.transaction = State::Open;
        self.send(Command::text(sql)).await.map(drop)
    }

    /// Commits; `fault` is what a test has happen instead.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] unless the transaction surely was not committed.
    pub(super) async fn commit(&mut self, fault: Option<Fault>) -> Result<(), Error> {
        let is_verifying = self.pool.verifier.is_some();
        match fault {
            Some(fault @ (Fault::Cut | Fault::ReadOnly)) => {
                return Err(Error::OutcomeUnknown(self.break_by(fault)));
            }
            // Without a second connection, this lie could not be found out.
            Some(fault @ Fault::Forgotten) if !is_verifying => {
                return Err(Error::OutcomeUnknown(self.break_by(fault)));
            }
            Some(Fault::Full | Fault::Stuck | Fault::Forgotten) | None => {}
        }
        if self.transaction == State::Failed {
            // PostgreSQL would report success for this COMMIT and roll back.
            self.rollback().await;
            return Err(closed().into());
        }
        let is_written = self.transaction == State::Written;
        if is_written {
            self.before_commit().await?;
        }
        let answer = match fault {
            None => self.send_commit().await,
            Some(fault) => self.commit_with(fault).await,
        };
        match answer {
            Ok(()) => {
                self.transaction = State::Idle;
                let is_verified =
                    !is_written || self.is_verified().await.map_err(Error::OutcomeUnknown)?;
                if !is_verified {
                    self.connection = None;
                    return Err(Error::OutcomeUnknown(failure::not_verified()));
                }
                Ok(())
            }
            Err(error) if failure::is_surely_not_committed(&error) => {
                self.rollback().await;
                Err(error.into())
            }
            Err(error) => {
                self.connection = None;
                Err(Error::OutcomeUnknown(error))
            }
        }
    }

    async fn commit_with(&mut self, fault: Fault) -> Result<(), DbErr> {
        match fault {
            Fault::Cut | Fault::ReadOnly => return Err(self.break_by(fault)),
            Fault::Stuck => self.is_stuck = true,
            Fault::Full => self.command("ROLLBACK").await?,
            Fault::Forgotten => return self.command("ROLLBACK").await,
        }
        Err(self.pool.failure(fault))
    }

    /// Rolls back the open transaction. If that fails, the connection is closed.
    pub(super) async fn rollback(&mut self) {
        if self.transaction == State::Idle || self.connection.is_none() {
            return;
        }
        let rolled_back = if self.is_stuck { Err(late()) } else { self.command("ROLLBACK").await };
        match rolled_back {
            Ok(()) => self.transaction = State::Idle,
            Err(_said_before) => self.connection = None,
        }
    }

    async fn send_commit(&mut self) -> Result<(), DbErr> {
        let (mut connection, pool) = self.take()?;
        let server = connection.server();
        let sent = Box::pin(connection.send(Command::text("COMMIT")));
        let (answer, warned) = pool.await_commit(server, sent).await;
        let answer = self.take_back(connection, answer).map(drop);
        if warned && answer.is_ok() { Err(failure::warned()) } else { answer }
    }

    async fn command(&mut self, sql: &str) -> Result<(), DbErr> {
        let (mut connection, pool) = self.take()?;
        let server = connection.server();
        let sent = Box::pin(connection.send(Command::text(sql)));
        let answer = pool.await_answer(server, sent).await;
        self.take_back(connection, answer).map(drop)
    }

    async fn before_commit(&self) -> Result<(), DbErr> {
        match &self.pool.verifier {
            Some(verifier) => verifier.before_commit(&self.pool.clock).await,
            None => Ok(()),
        }
    }

    /// Whether a second connection sees the commit (SQLite).
    async fn is_verified(&self) -> Result<bool, DbErr> {
        match &self.pool.verifier {
            Some(verifier) => verifier.has_changed(&self.pool.clock).await,
            None => Ok(true),
        }
    }

    fn take(&mut self) -> Result<(Connection, Arc<PoolInner>), DbErr> {
        let connection = self.connection.take().ok_or_else(closed)?;
        if self.pool.is_old(&connection) {
            return Err(driver_error(failure::old_primary()));
        }
        Ok((connection, self.pool.clone()))
    }

    /// Takes the connection back after an answer that leaves its state known: success, an error that is
    /// known to be harmless, or one after which it can still roll back. Closes it otherwise. `None` is
    /// no answer in time.
    fn take_back<T>(
        &mut self,
        connection: Connection,
        answer: Option<Result<T, DriverError>>,
    ) -> Result<T, DbErr> {
        if self.pool.is_old(&connection) {
            // What it says may be old, and what it wrote may be lost.
            return Err(driver_error(failure::old_primary()));
        }
        match answer {
            Some(Ok(answer)) => {
                self.connection = Some(connection);
                Ok(answer)
            }
            Some(Err(error)) => {
                let is_sqlite = self.pool.backend() == DbBackend::Sqlite;
                let can_roll_back = is_sqlite && self.transaction != State::Idle;
                let is_kept = can_roll_back || failure::leaves_state_known(&error);
                let error = driver_error(error);
                if is_kept {
                    self.connection = Some(connection);
                } else {
                    self.pool.note_failure(&error);
                }
                Err(error)
            }
            None => {
                // The pool's idle connections lead to the same silent server.
                self.pool.close_idle();
                Err(late())
            }
        }
    }
}

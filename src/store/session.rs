//! The use of one connection, by one user at a time.
//!
//! While something is asked of it, the connection belongs to the asking: what is dropped half way, or
//! ends in any way that leaves it in an unknown state, takes the connection with it.

use std::sync::Arc;

use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::{DbBackend, DbErr};

use super::Error;
use super::connection::{Answer, Asked, Connection};
use super::failure::{self, closed, driver_error, late};
use super::gate::Fault;
use super::kept::{ASK, Place, Shared};

/// Dropped, it gives the connection back if that is as it was, and closes it otherwise.
#[derive(Debug)]
pub(super) struct Session {
    /// `None` once its state is not known.
    connection: Option<Connection>,
    transaction: State,
    /// A fault of a proof's: it does not roll back any more.
    is_stuck: bool,
    shared: Arc<Shared>,
    _place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// None is open.
    Idle,
    /// One is, in which nothing was written yet.
    Open,
    /// In it, something was written.
    Written,
    /// Something in it has failed.
    Failed,
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.transaction == State::Idle
        {
            self.shared.keep(connection);
        }
    }
}

impl Session {
    pub(super) fn new(connection: Connection, place: Place, shared: Arc<Shared>) -> Self {
        let (transaction, is_stuck) = (State::Idle, false);
        Self { connection: Some(connection), transaction, is_stuck, shared, _place: place }
    }

    /// Whether the connection is still there.
    pub(super) async fn ping(&mut self) -> Result<(), DbErr> {
        let (mut connection, shared) = self.take()?;
        let answer = shared.clock.within(ASK, connection.ping()).await;
        self.heard(connection, answer)
    }

    /// A statement of PostgreSQL's that commits by itself, with its parameters encoded already.
    pub(super) async fn commit_by(
        &mut self,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<(), DbErr> {
        let (mut connection, shared) = self.take()?;
        let sent = Box::pin(connection.execute_encoded(sql, arguments));
        let (answer, warned) = shared.commits(sent).await;
        let answer = self.heard(connection, answer);
        if warned && answer.is_ok() { Err(failure::warned()) } else { answer }
    }

    /// What a fault of a proof's makes of the connection, and what it says.
    pub(super) fn breaks(&mut self, fault: Fault) -> DbErr {
        self.connection = None;
        self.shared.failure(fault)
    }

    pub(super) async fn send(&mut self, asked: Asked) -> Result<Answer, DbErr> {
        let may_write = asked.may_write();
        let (mut connection, shared) = self.take()?;
        let answer = shared.clock.within(shared.bound(), Box::pin(connection.send(asked))).await;
        let answer = self.heard(connection, answer);
        self.transaction = match (self.transaction, &answer) {
            (State::Idle, _) => State::Idle,
            (_, Err(_)) | (State::Failed, Ok(_)) => State::Failed,
            (State::Open, Ok(answer)) if may_write && answer.has_rows() => State::Written,
            (state @ (State::Open | State::Written), Ok(_)) => state,
        };
        answer
    }

    /// A statement that is a transaction by itself.
    pub(super) async fn alone(&mut self, asked: Asked) -> Result<Answer, DbErr> {
        let may_write = asked.may_write();
        if may_write {
            self.look().await?;
        }
        let answer = self.send(asked).await?;
        if may_write && answer.has_rows() && !self.is_seen().await? {
            self.connection = None;
            return Err(failure::forgotten());
        }
        Ok(answer)
    }

    pub(super) async fn begin(&mut self, sql: &str) -> Result<(), DbErr> {
        // From when it is sent on, until it is surely over.
        self.transaction = State::Open;
        self.send(Asked::text(sql)).await.map(drop)
    }

    /// Commits, or what a proof has happen instead.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] unless it surely was not committed.
    pub(super) async fn commit(&mut self, fault: Option<Fault>) -> Result<(), Error> {
        let has_witness = self.shared.witness.is_some();
        match fault {
            Some(fault @ (Fault::Cut | Fault::ReadOnly)) => {
                return Err(Error::OutcomeUnknown(self.breaks(fault)));
            }
            // Where nobody else looks, a database is believed that it does what it says.
            Some(fault @ Fault::Forgotten) if !has_witness => {
                return Err(Error::OutcomeUnknown(self.breaks(fault)));
            }
            Some(Fault::Full | Fault::Stuck | Fault::Forgotten) | None => {}
        }
        if self.transaction == State::Failed {
            // PostgreSQL would answer that it is done, and mean that it rolled back.
            self.rollback().await;
            return Err(closed().into());
        }
        let is_written = self.transaction == State::Written;
        if is_written {
            self.look().await?;
        }
        let said = match fault {
            None => self.send_commit().await,
            Some(fault) => self.commit_with(fault).await,
        };
        match said {
            Ok(()) => {
                self.transaction = State::Idle;
                let is_seen = !is_written || self.is_seen().await.map_err(Error::OutcomeUnknown)?;
                if !is_seen {
                    self.connection = None;
                    return Err(Error::OutcomeUnknown(failure::forgotten()));
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
            Fault::Cut | Fault::ReadOnly => return Err(self.breaks(fault)),
            Fault::Stuck => self.is_stuck = true,
            Fault::Full => self.command("ROLLBACK").await?,
            Fault::Forgotten => return self.command("ROLLBACK").await,
        }
        Err(self.shared.failure(fault))
    }

    /// Rolls back what is open, if that can be; if not, the connection is not used again.
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
        let (mut connection, shared) = self.take()?;
        let sent = Box::pin(connection.send(Asked::text("COMMIT")));
        let (answer, warned) = shared.commits(sent).await;
        let answer = self.heard(connection, answer).map(drop);
        if warned && answer.is_ok() { Err(failure::warned()) } else { answer }
    }

    async fn command(&mut self, sql: &str) -> Result<(), DbErr> {
        let (mut connection, shared) = self.take()?;
        let sent = Box::pin(connection.send(Asked::text(sql)));
        let answer = shared.clock.within(shared.bound(), sent).await;
        self.heard(connection, answer).map(drop)
    }

    async fn look(&self) -> Result<(), DbErr> {
        match &self.shared.witness {
            Some(witness) => witness.look(&self.shared.clock).await,
            None => Ok(()),
        }
    }

    /// Whether what was written can be seen by another.
    async fn is_seen(&self) -> Result<bool, DbErr> {
        match &self.shared.witness {
            Some(witness) => witness.sees_more(&self.shared.clock).await,
            None => Ok(true),
        }
    }

    fn take(&mut self) -> Result<(Connection, Arc<Shared>), DbErr> {
        let connection = self.connection.take().ok_or_else(closed)?;
        Ok((connection, self.shared.clone()))
    }

    /// Takes the connection back if the answer leaves it as it was, or able to roll back.
    fn heard<T>(
        &mut self,
        connection: Connection,
        answer: Option<Result<T, DriverError>>,
    ) -> Result<T, DbErr> {
        match answer {
            Some(Ok(answer)) => {
                self.connection = Some(connection);
                Ok(answer)
            }
            Some(Err(error)) => {
                let is_sqlite = self.shared.backend() == DbBackend::Sqlite;
                let may_roll_back = is_sqlite && self.transaction != State::Idle;
                let is_kept = may_roll_back || failure::leaves_as_it_was(&error);
                let error = driver_error(error);
                if is_kept {
                    self.connection = Some(connection);
                } else {
                    self.shared.hear(&error);
                }
                Err(error)
            }
            None => {
                // It is not the only one that is silent.
                self.shared.forget();
                Err(late())
            }
        }
    }
}

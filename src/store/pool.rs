//! Connections, and the gate that everything the store does passes.
//!
//! In production there is no gate. A proof puts one up: it decides when a statement or a commit
//! happens, and whether its answer is heard, so that a crash can be put between any two.

use std::fmt::Debug;
use std::sync::Arc;

use futures::future::BoxFuture;
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::postgres::{PgArguments, PgConnection, PgDatabaseError, PgSeverity};
use sea_orm::sqlx::{Error as DriverError, Postgres, query_with};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, RuntimeErr, Statement, TransactionTrait,
};

use super::Error;

/// What passes a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Passage {
    /// A statement that is a transaction by itself is about to be sent.
    Statement,
    /// It was carried out; its answer is not heard yet.
    Answered,
    /// A transaction is about to begin.
    Begin,
    /// A transaction is about to be committed.
    Commit,
    /// It is committed; that is not heard yet.
    Committed,
    /// It failed, or was rolled back: nothing of it happened. That is not heard yet.
    Failed,
}

/// Lets pass what the store does, or not.
pub trait Gate: Debug + Send + Sync {
    /// Returns when the passage may be made; an error is what the store hears instead of an answer.
    fn pass(&self, passage: Passage) -> BoxFuture<'_, Result<(), DbErr>>;
}

/// Connections of one sort. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub(super) connections: DatabaseConnection,
    gate: Option<Arc<dyn Gate>>,
}

impl Pool {
    pub(super) fn new(connections: DatabaseConnection, gate: Option<Arc<dyn Gate>>) -> Self {
        Self { connections, gate }
    }

    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        pass(self.gate.as_ref(), Passage::Begin).await?;
        match self.connections.begin().await {
            Ok(inner) => Ok(Transaction { inner, gate: self.gate.clone() }),
            Err(error) => {
                pass(self.gate.as_ref(), Passage::Failed).await?;
                Err(error)
            }
        }
    }

    /// A connection of PostgreSQL's.
    pub(super) async fn connection(&self) -> Result<PoolConnection<Postgres>, DbErr> {
        self.connections.get_postgres_connection_pool().acquire().await.map_err(driver_error)
    }

    /// One statement of PostgreSQL's that is a transaction by itself: it commits.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] unless it surely was not carried out.
    pub(super) async fn commit_by(
        &self,
        connection: &mut PgConnection,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<(), Error> {
        pass(self.gate.as_ref(), Passage::Begin).await?;
        pass(self.gate.as_ref(), Passage::Commit).await.map_err(Error::OutcomeUnknown)?;
        if let Err(error) = query_with(sql, arguments).execute(connection).await {
            pass(self.gate.as_ref(), Passage::Failed).await.map_err(Error::OutcomeUnknown)?;
            let surely_not = surely_not_carried_out(&error);
            let error = driver_error(error);
            return Err(if surely_not { error.into() } else { Error::OutcomeUnknown(error) });
        }
        pass(self.gate.as_ref(), Passage::Committed).await.map_err(Error::OutcomeUnknown)
    }

    async fn alone<T>(&self, sent: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        pass(self.gate.as_ref(), Passage::Statement).await?;
        let answer = sent.await;
        pass(self.gate.as_ref(), Passage::Answered).await?;
        answer
    }
}

/// An open transaction. Dropped before its end, it is rolled back, and no gate hears of it.
pub(super) struct Transaction {
    inner: DatabaseTransaction,
    gate: Option<Arc<dyn Gate>>,
}

impl Transaction {
    /// Commits what was done in it, or takes back what was begun.
    ///
    /// # Errors
    /// Why it was not done; [`Error::OutcomeUnknown`] if it was.
    pub(super) async fn end<T>(self, did: Result<T, Error>) -> Result<T, Error> {
        match did {
            Ok(done) => {
                self.commit().await.map_err(Error::OutcomeUnknown)?;
                Ok(done)
            }
            Err(error) => {
                // The error says more than a failed rollback could.
                drop(self.rollback().await);
                Err(error)
            }
        }
    }

    async fn commit(self) -> Result<(), DbErr> {
        pass(self.gate.as_ref(), Passage::Commit).await?;
        if let Err(error) = self.inner.commit().await {
            pass(self.gate.as_ref(), Passage::Failed).await?;
            return Err(error);
        }
        pass(self.gate.as_ref(), Passage::Committed).await
    }

    async fn rollback(self) -> Result<(), DbErr> {
        let rolled_back = self.inner.rollback().await;
        pass(self.gate.as_ref(), Passage::Failed).await?;
        rolled_back
    }
}

/// Whether PostgreSQL said that it failed. What ends the connection, and what the connection ends by
/// itself, may have come after the commit.
fn surely_not_carried_out(error: &DriverError) -> bool {
    let said = error.as_database_error();
    let said = said.and_then(|said| said.try_downcast_ref::<PgDatabaseError>());
    said.is_some_and(|said| said.severity() == PgSeverity::Error)
}

pub(super) fn driver_error(error: DriverError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

async fn pass(gate: Option<&Arc<dyn Gate>>, passage: Passage) -> Result<(), DbErr> {
    match gate {
        None => Ok(()),
        Some(gate) => gate.pass(passage).await,
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.alone(self.connections.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.alone(self.connections.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.alone(self.connections.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.alone(self.connections.query_all_raw(statement)).await
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await
    }
}

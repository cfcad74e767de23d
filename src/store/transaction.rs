//! Transactions.

use std::sync::Arc;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use super::Error;
use super::connection::{Answer, Command};
use super::failpoint::Failpoint;
use super::pool_inner::PoolInner;
use super::session::Session;

/// An open transaction. If it is dropped before its end, its connection is closed, which rolls it back
/// and reaches no failpoint.
#[derive(Debug)]
pub(super) struct Transaction {
    session: Mutex<Session>,
    pool: Arc<PoolInner>,
}

impl Transaction {
    pub(super) fn new(session: Session, pool: Arc<PoolInner>) -> Self {
        Self { session: Mutex::new(session), pool }
    }

    /// Ends the transaction after the work in it: commits it if the work succeeded, and rolls it back
    /// if it failed.
    ///
    /// # Errors
    /// That of the work, or of the commit; [`Error::OutcomeUnknown`] if it may have been committed.
    pub(super) async fn end<T>(self, work: Result<T, Error>) -> Result<T, Error> {
        match work {
            Ok(done) => {
                self.commit().await?;
                Ok(done)
            }
            Err(error) => {
                self.session.into_inner().rollback().await;
                // The work's error says more than one of this failpoint.
                drop(self.pool.reach(Failpoint::Failed).await);
                Err(error)
            }
        }
    }

    /// Ends the transaction without keeping what was written in it.
    pub(super) async fn roll_back(self) {
        self.session.into_inner().rollback().await;
        // It has ended either way.
        drop(self.pool.reach(Failpoint::Failed).await);
    }

    /// Ends a transaction that only read, and reaches no failpoint.
    pub(super) async fn leave(self) {
        self.session.into_inner().rollback().await;
    }

    async fn commit(self) -> Result<(), Error> {
        let mut session = self.session.into_inner();
        let fault = self.pool.fault_at(Failpoint::Commit).await.err();
        let committed = session.commit(fault).await;
        // The connection is free for the next user, even while a failpoint holds this one up.
        drop(session);
        let point = if committed.is_ok() { Failpoint::Committed } else { Failpoint::Failed };
        self.pool.reach(point).await.map_err(Error::OutcomeUnknown)?;
        committed
    }

    async fn send(&self, command: Command) -> Result<Answer, DbErr> {
        self.session.lock().await.send(command).await
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.send(Command::Execute(statement)).await?.done()
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.send(Command::text(sql)).await?.done()
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.send(Command::Query(statement)).await?.rows().into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.send(Command::Query(statement)).await?.rows())
    }
}

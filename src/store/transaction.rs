//! Transactions, and how often one is tried.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use super::Error;
use super::connection::{Answer, Asked};
use super::failure::{self, Remedy};
use super::gate::Passage;
use super::kept::Shared;
use super::pool::ACQUIRE;
use super::session::Session;
use crate::clock::Clock;
use crate::pacing::Pacing;

/// An open transaction. Dropped before its end, its connection is closed, which rolls it back, and
/// no gate hears of it.
#[derive(Debug)]
pub(super) struct Transaction {
    session: Mutex<Session>,
    shared: Arc<Shared>,
}

impl Transaction {
    pub(super) fn new(session: Session, shared: Arc<Shared>) -> Self {
        Self { session: Mutex::new(session), shared }
    }

    /// Commits what was done in it, or takes back what was begun.
    ///
    /// # Errors
    /// Why it was not done; [`Error::OutcomeUnknown`] if it was.
    pub(super) async fn end<T>(self, did: Result<T, Error>) -> Result<T, Error> {
        match did {
            Ok(done) => {
                self.commit().await?;
                Ok(done)
            }
            Err(error) => {
                self.session.into_inner().rollback().await;
                // The error says more than one on the way back could.
                drop(self.shared.pass(Passage::Failed).await);
                Err(error)
            }
        }
    }

    /// Ends one in which nothing was written.
    pub(super) async fn leave(self) {
        self.session.into_inner().rollback().await;
    }

    async fn commit(self) -> Result<(), Error> {
        let mut session = self.session.into_inner();
        let fault = self.shared.at_gate(Passage::Commit).await.err();
        let committed = session.commit(fault).await;
        // What is done is done, whoever hears of it: the next may have the connection.
        drop(session);
        let passage = if committed.is_ok() { Passage::Committed } else { Passage::Failed };
        self.shared.pass(passage).await.map_err(Error::OutcomeUnknown)?;
        committed
    }

    async fn send(&self, asked: Asked) -> Result<Answer, DbErr> {
        self.session.lock().await.send(asked).await
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.shared.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.send(Asked::Execute(statement)).await?.done()
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.send(Asked::text(sql)).await?.done()
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.send(Asked::Query(statement)).await?.rows().into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.send(Asked::Query(statement)).await?.rows())
    }
}

/// How often what surely came to nothing is tried again, and after which pauses.
#[derive(Debug)]
pub(super) struct Tries {
    conflicts: u32,
    reconnects: u32,
    pacing: Pacing,
    /// Of the clock's monotonic time.
    until: Duration,
}

impl Tries {
    pub(super) fn begin(clock: &Clock) -> Self {
        let pacing = Pacing::new(Duration::from_millis(2), Duration::from_millis(100));
        let until = clock.monotonic() + ACQUIRE;
        Self { conflicts: 20, reconnects: 4, pacing, until }
    }

    /// Whether another try may help; waits for its time.
    pub(super) async fn again(&mut self, error: &DbErr, clock: &Clock) -> bool {
        let left = match failure::remedy(error) {
            Remedy::Wait => return false,
            Remedy::Pause => &mut self.conflicts,
            Remedy::Reconnect => &mut self.reconnects,
        };
        let Some(less) = left.checked_sub(1) else { return false };
        if clock.monotonic() >= self.until {
            return false;
        }
        *left = less;
        if failure::remedy(error) == Remedy::Pause {
            clock.sleep(self.pacing.pause(clock.chance())).await;
        }
        true
    }

    /// The same for a transaction, of which nothing may have been committed.
    pub(super) async fn once_more<T>(&mut self, ended: &Result<T, Error>, clock: &Clock) -> bool {
        match ended {
            Err(Error::Unavailable(error)) => self.again(error, clock).await,
            Ok(_) | Err(Error::OutcomeUnknown(_) | Error::Refused(_) | Error::Unusable(_)) => false,
        }
    }
}

//! The connection pool. It closes every connection that it can't trust.
//!
//! The invariant: a connection whose state is unknown is never used again. One user at a time has a
//! connection ([`Session`]). It goes back to the pool only after an answer that leaves its state known;
//! after a timeout, a future that was dropped half way or an unclear error it is closed on the spot,
//! and nobody waits for that. Every wait for a connection and for an answer has a time limit.
//!
//! A pool's connections are divided into lanes: handles that each use some of the connections at most.
//! So statements that hang in one lane (a table is locked, say) can't take the connections that another
//! lane needs.
//!
//! ```text
//! caller -> permit of its lane -> permit of the pool -> idle connection, checked if in doubt
//!                                                    -> or a new one
//! ```

use std::sync::Arc;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use tokio::sync::Semaphore;

use super::Error;
use super::connection::{Answer, Command};
use super::failpoint::Failpoint;
use super::failure::{self, Remedy, closed};
use super::pool_inner::{Permit, PoolInner, PoolOptions, permits};
use super::primary::Server;
use super::retry::{ACQUIRE_TIMEOUT, Retries};
use super::session::Session;
use super::transaction::Transaction;
use crate::clock::Clock;

/// A handle to a pool, with a lane of its own. Clones share the lane.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    inner: Arc<PoolInner>,
    /// Connections that this lane may use at once.
    lane: Arc<Semaphore>,
    resend: Resend,
}

/// Whether a single statement may be sent again when its connection broke and its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resend {
    /// Yes: it only reads, or has the same effect when it is carried out twice.
    Yes,
    /// No: carried out twice, it would do something else.
    No,
}

impl Pool {
    /// A pool with one lane that has all the connections. Opens none yet.
    pub(super) fn new(options: PoolOptions) -> Self {
        let lane = permits(options.max_connections);
        Self { inner: Arc::new(PoolInner::new(options)), lane, resend: Resend::No }
    }

    /// Another lane of the same pool, which may use this many connections at once.
    pub(super) fn lane(&self, connections: u32) -> Self {
        Self { inner: self.inner.clone(), lane: permits(connections), resend: self.resend }
    }

    /// The same lane, for single statements that may be sent twice.
    pub(super) fn resending(&self) -> Self {
        Self { resend: Resend::Yes, ..self.clone() }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The newest primary that was seen; `None` before the first, and where it is not known.
    pub(super) fn primary(&self) -> Option<Server> {
        self.inner.connector.primary()?.newest()
    }

    /// A connection for the migrations, which need one of sea-orm's. It is in no pool and has no time
    /// limit.
    pub(super) async fn connection_to_migrate(&self) -> Result<DatabaseConnection, DbErr> {
        self.inner.connector.open_to_migrate().await
    }

    /// A connection in a known state, idle or new.
    pub(super) async fn session(&self) -> Result<Session, DbErr> {
        let acquired = self.inner.clock.within(ACQUIRE_TIMEOUT, Box::pin(self.acquire())).await;
        acquired.unwrap_or_else(|| Err(self.inner.no_connection()))
    }

    async fn acquire(&self) -> Result<Session, DbErr> {
        let permit = |of: &Arc<Semaphore>| of.clone().acquire_owned();
        let of_lane = permit(&self.lane).await.map_err(|_| closed())?;
        let of_pool = permit(&self.inner.permits).await.map_err(|_| closed())?;
        let permit = Permit { _of_lane: of_lane, _of_pool: of_pool };
        let connection = match self.inner.take_idle().await {
            Some(connection) => connection,
            // Boxed, as it is rare and its future is large.
            None => Box::pin(self.inner.open()).await?,
        };
        Ok(Session::new(connection, permit, self.inner.clone()))
    }

    /// Waits until no connection is in use, then closes them all. No connection is opened after that.
    pub(super) async fn close(&self) {
        let permits = &self.inner.permits;
        let all = permits.acquire_many(self.inner.max_connections).await;
        permits.close();
        drop(all);
        self.inner.close().await;
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        self.inner.reach(Failpoint::Begin).await?;
        let begun = match self.inner.backend() {
            // A plain BEGIN takes the write lock only at the first write, and may be refused it then.
            DbBackend::Sqlite => self.begin_by("BEGIN IMMEDIATE").await,
            _ => self.begin_by("BEGIN").await,
        };
        if begun.is_err() {
            self.inner.reach(Failpoint::Failed).await?;
        }
        begun
    }

    /// Begins a transaction by this statement, without a failpoint. By itself for those that only read.
    pub(super) async fn begin_by(&self, sql: &str) -> Result<Transaction, DbErr> {
        let mut session = self.session().await?;
        let first = session.begin(sql).await;
        // Nothing was sent in it yet: a transaction on another connection is as good.
        if first.as_ref().is_err_and(|error| failure::remedy(error) == Remedy::Reconnect) {
            drop(session);
            session = self.session().await?;
            session.begin(sql).await?;
        } else {
            first?;
        }
        Ok(Transaction::new(session, self.inner.clone()))
    }

    /// A session for [`Self::commit_by`]: `kept`, if that is one, or another.
    pub(super) async fn session_to_commit(
        &self,
        kept: impl Future<Output = Option<Session>>,
    ) -> Result<Session, DbErr> {
        self.inner.reach(Failpoint::Begin).await?;
        let session = match kept.await {
            Some(session) => Ok(session),
            None => self.session().await,
        };
        if session.is_err() {
            self.inner.reach(Failpoint::Failed).await?;
        }
        session
    }

    /// The number that one statement of PostgreSQL's answers, which is a transaction by itself and so commits.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] unless the statement surely was not carried out.
    pub(super) async fn commit_by(
        &self,
        session: &mut Session,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<i32, Error> {
        let sent = match self.inner.fault_at(Failpoint::Commit).await {
            Ok(()) => session.commit_by(sql, arguments).await,
            Err(fault) => Err(session.break_by(fault)),
        };
        match sent {
            Ok(answer) => {
                let reached = self.inner.reach(Failpoint::Committed).await;
                reached.map(|()| answer).map_err(Error::OutcomeUnknown)
            }
            Err(error) => {
                self.inner.reach(Failpoint::Failed).await.map_err(Error::OutcomeUnknown)?;
                let surely_not = failure::is_surely_not_committed(&error);
                Err(if surely_not { error.into() } else { Error::OutcomeUnknown(error) })
            }
        }
    }

    /// Sends one statement, which is a transaction by itself, over any connection.
    async fn send_alone(&self, command: Command) -> Result<Answer, DbErr> {
        self.inner.reach(Failpoint::Statement).await?;
        let mut retries = Retries::new(&self.inner.clock);
        let answer = loop {
            let (answer, is_sent) = match self.session().await {
                Ok(mut session) => (session.send_alone(command.clone()).await, true),
                Err(error) => (Err(error), false),
            };
            match &answer {
                Err(error)
                    if (!is_sent || self.may_resend(error))
                        && retries.may_retry(error, &self.inner.clock).await => {}
                Ok(_) | Err(_) => break answer,
            }
        };
        self.inner.reach(Failpoint::Answered).await?;
        answer
    }

    fn may_resend(&self, error: &DbErr) -> bool {
        match self.resend {
            Resend::Yes => true,
            Resend::No => failure::is_surely_not_committed(error),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.send_alone(Command::Execute(statement)).await?.done()
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.send_alone(Command::text(sql)).await?.done()
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.send_alone(Command::Query(statement)).await?.rows().into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.send_alone(Command::Query(statement)).await?.rows())
    }
}

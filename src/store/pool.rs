//! Connections that are kept, and who may use one.
//!
//! The invariant: a connection whose state is not known is never used again. Whoever uses one holds
//! it alone, and it is kept only after an answer that leaves it as it was; after anything else
//! (silence, a use that was dropped half way, an error that is not known to be harmless) it is
//! closed on the spot, and nobody waits for that. Whatever is asked of the database has a bound.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use tokio::sync::Semaphore;

use super::Error;
use super::connection::{Answer, Asked, Setup};
use super::failure::{self, Remedy, closed};
use super::gate::{Gate, Passage};
use super::kept::{Manner, Place, Shared, places_of};
use super::session::Session;
use super::transaction::{Transaction, Tries};
use super::warning::Warnings;
use super::witness::Others;
use crate::clock::Clock;

/// How long a statement waits for a connection before the database counts as out of reach.
pub(super) const ACQUIRE: Duration = Duration::from_secs(3);

/// Connections of one sort. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    /// Uses of this sort at once, so that no other is kept from the rest of the connections.
    lane: Arc<Semaphore>,
    repeats: Repeats,
}

/// Whether a statement by itself may be sent again when its connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    /// It only reads, or comes to the same when it is carried out twice.
    Freely,
    /// It may have been carried out.
    Never,
}

impl Pool {
    /// Up to so many connections, of which none is open yet.
    pub(super) fn new(
        setup: Setup,
        most: u32,
        manner: Manner,
        (clock, gate): (&Clock, Option<&Arc<dyn Gate>>),
    ) -> Self {
        let shared = Shared::new(setup, most, manner, (clock, gate));
        Self { shared: Arc::new(shared), lane: places_of(most), repeats: Repeats::Never }
    }

    /// The same, with what is committed looked at by another connection before it is believed.
    pub(super) fn witnessed(mut self, others: Others) -> Self {
        // Nobody else has it yet.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.witnessed(others);
        }
        self
    }

    /// The same, with a commit that comes with a warning being none that was heard of.
    pub(super) fn warned(mut self) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.warnings = Some(Warnings::new());
        }
        self
    }

    /// The same connections, of which this handle's clones use so many at once.
    pub(super) fn lane(&self, most: u32) -> Self {
        Self { shared: self.shared.clone(), lane: places_of(most), repeats: self.repeats }
    }

    /// The same, for statements that may be sent twice.
    pub(super) fn repeating(&self) -> Self {
        Self { repeats: Repeats::Freely, ..self.clone() }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// A connection for the migrations, which want one of sea-orm's. It is in no pool, and has no
    /// bound.
    pub(super) async fn connection_to_migrate(&self) -> Result<DatabaseConnection, DbErr> {
        self.shared.setup.open_to_migrate().await
    }

    /// A connection that is as it should be, or was opened just now.
    pub(super) async fn session(&self) -> Result<Session, DbErr> {
        let found = self.shared.clock.within(ACQUIRE, Box::pin(self.find())).await;
        found.unwrap_or_else(|| Err(self.shared.why_none()))
    }

    async fn find(&self) -> Result<Session, DbErr> {
        let place = |of: &Arc<Semaphore>| of.clone().acquire_owned();
        let in_lane = place(&self.lane).await.map_err(|_| closed())?;
        let in_all = place(&self.shared.places).await.map_err(|_| closed())?;
        let place = Place { _in_lane: in_lane, _in_all: in_all };
        let connection = match self.shared.kept().await {
            Some(connection) => connection,
            // Rare, and large.
            None => Box::pin(self.shared.opened()).await?,
        };
        Ok(Session::new(connection, place, self.shared.clone()))
    }

    /// Waits until nothing is in use, and closes everything in an orderly way. Nothing is opened any
    /// more.
    pub(super) async fn close(&self) {
        let places = &self.shared.places;
        let all = places.acquire_many(self.shared.most).await;
        places.close();
        drop(all);
        self.shared.close().await;
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        self.shared.pass(Passage::Begin).await?;
        let begun = match self.shared.backend() {
            // Who reads first and then wants to write may be refused.
            DbBackend::Sqlite => self.begin_unseen("BEGIN IMMEDIATE").await,
            _ => self.begin_unseen("BEGIN").await,
        };
        if begun.is_err() {
            self.shared.pass(Passage::Failed).await?;
        }
        begun
    }

    /// Begins a transaction of which no gate hears, as it only reads.
    pub(super) async fn begin_unseen(&self, sql: &str) -> Result<Transaction, DbErr> {
        let mut session = self.session().await?;
        let first = session.begin(sql).await;
        // Nothing was asked for yet: any other connection is as good.
        if first.as_ref().is_err_and(|error| failure::remedy(error) == Remedy::Reconnect) {
            drop(session);
            session = self.session().await?;
            session.begin(sql).await?;
        } else {
            first?;
        }
        Ok(Transaction::new(session, self.shared.clone()))
    }

    /// A session for [`Self::commit_by`], of which `kept` may be one. The gate sees the transaction
    /// begin.
    pub(super) async fn session_to_commit(
        &self,
        kept: impl Future<Output = Option<Session>>,
    ) -> Result<Session, DbErr> {
        self.shared.pass(Passage::Begin).await?;
        let session = match kept.await {
            Some(session) => Ok(session),
            None => self.session().await,
        };
        if session.is_err() {
            self.shared.pass(Passage::Failed).await?;
        }
        session
    }

    /// One statement of PostgreSQL's that is a transaction by itself: it commits.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] unless it surely was not carried out.
    pub(super) async fn commit_by(
        &self,
        session: &mut Session,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<(), Error> {
        let sent = match self.shared.at_gate(Passage::Commit).await {
            Ok(()) => session.commit_by(sql, arguments).await,
            Err(fault) => Err(session.breaks(fault)),
        };
        if let Err(error) = sent {
            self.shared.pass(Passage::Failed).await.map_err(Error::OutcomeUnknown)?;
            let surely_not = failure::is_surely_not_committed(&error);
            return Err(if surely_not { error.into() } else { Error::OutcomeUnknown(error) });
        }
        self.shared.pass(Passage::Committed).await.map_err(Error::OutcomeUnknown)
    }

    /// One statement on any connection.
    async fn alone(&self, asked: Asked) -> Result<Answer, DbErr> {
        self.shared.pass(Passage::Statement).await?;
        let mut tries = Tries::begin(&self.shared.clock);
        let answer = loop {
            let (answer, is_sent) = match self.session().await {
                Ok(mut session) => (session.alone(asked.clone()).await, true),
                Err(error) => (Err(error), false),
            };
            match &answer {
                Err(error)
                    if (!is_sent || self.may_repeat(error))
                        && tries.again(error, &self.shared.clock).await => {}
                Ok(_) | Err(_) => break answer,
            }
        };
        self.shared.pass(Passage::Answered).await?;
        answer
    }

    fn may_repeat(&self, error: &DbErr) -> bool {
        match self.repeats {
            Repeats::Freely => true,
            Repeats::Never => failure::is_surely_not_committed(error),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.shared.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.alone(Asked::Execute(statement)).await?.done()
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.alone(Asked::text(sql)).await?.done()
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.alone(Asked::Query(statement)).await?.rows().into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.alone(Asked::Query(statement)).await?.rows())
    }
}

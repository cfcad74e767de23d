//! The connections of a pool that are open and in nobody's use, and what they all share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::sqlx::Error as DriverError;
use sea_orm::{DbBackend, DbErr, RuntimeErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, Setup};
use super::failure::{self, driver_error, no_connection};
use super::gate::{Fault, Gate, Passage};
use super::warning::Warnings;
use super::witness::{Others, Witness};
use crate::clock::Clock;

/// A connection that was kept has so long to say that it is still there.
pub(super) const ASK: Duration = Duration::from_secs(1);
/// Between two tries to connect.
const BETWEEN: Duration = Duration::from_millis(50);

/// How a pool is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// How long one statement may take.
    pub(super) statement: Duration,
    /// A connection that was kept for longer is asked whether it is still there, before it is used.
    pub(super) asked_after: Duration,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) setup: Setup,
    pub(super) manner: Manner,
    pub(super) most: u32,
    pub(super) places: Arc<Semaphore>,
    kept: Mutex<Kept>,
    pub(super) clock: Clock,
    pub(super) gate: Option<Arc<dyn Gate>>,
    /// Sees what was committed (SQLite).
    pub(super) witness: Option<Witness>,
    /// Hears what comes with a commit (PostgreSQL).
    pub(super) warnings: Option<Warnings>,
}

#[derive(Debug, Default)]
struct Kept {
    /// With when each was last heard of.
    connections: Vec<(Connection, Duration)>,
    /// Something went wrong then: what was not heard of since is asked before it is used.
    suspect_since: Option<Duration>,
    /// Why none could be opened, when it was tried last.
    why_none: Option<Arc<DriverError>>,
}

/// The right to use a connection.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) _in_lane: OwnedSemaphorePermit,
    pub(super) _in_all: OwnedSemaphorePermit,
}

impl Shared {
    pub(super) fn new(
        setup: Setup,
        most: u32,
        manner: Manner,
        (clock, gate): (&Clock, Option<&Arc<dyn Gate>>),
    ) -> Self {
        Self {
            setup,
            manner,
            most,
            places: places_of(most),
            kept: Mutex::default(),
            clock: clock.clone(),
            gate: gate.cloned(),
            witness: None,
            warnings: None,
        }
    }

    pub(super) fn witnessed(&mut self, others: Others) {
        self.witness = Some(Witness::new(self.setup.clone(), others));
    }

    /// Closes what is kept in an orderly way.
    pub(super) async fn close(&self) {
        let kept = std::mem::take(&mut self.lock().connections);
        for (connection, _) in kept {
            // One that doesn't answer is closed all the same.
            let _answered = self.clock.within(ASK, connection.close()).await;
        }
        if let Some(witness) = &self.witness {
            witness.close(&self.clock).await;
        }
    }

    /// Passes the gate, if there is one.
    pub(super) async fn pass(&self, passage: Passage) -> Result<(), DbErr> {
        self.at_gate(passage).await.map_err(|fault| self.failure(fault))
    }

    /// The same, for who does what the fault says. Who stands at a gate for longer than a statement
    /// may take is not heard, either.
    pub(super) async fn at_gate(&self, passage: Passage) -> Result<(), Fault> {
        match &self.gate {
            None => Ok(()),
            Some(gate) => {
                let passed = self.clock.within(self.manner.statement, gate.pass(passage)).await;
                passed.unwrap_or(Err(Fault::Cut))
            }
        }
    }

    pub(super) fn failure(&self, fault: Fault) -> DbErr {
        let error = failure::of(fault, self.setup.backend());
        self.hear(&error);
        error
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.setup.backend()
    }

    pub(super) fn bound(&self) -> Duration {
        self.manner.statement
    }

    /// What a commit comes to in its time, and whether a warning came with it.
    pub(super) async fn commits<T>(&self, sent: impl Future<Output = T>) -> (Option<T>, bool) {
        let sent = self.clock.within(self.manner.statement, sent);
        match &self.warnings {
            Some(warnings) => warnings.during(sent).await,
            None => (sent.await, false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an error that may be true of other connections, too.
    pub(super) fn hear(&self, error: &DbErr) {
        if failure::is_read_only(error) {
            self.forget();
        } else {
            self.lock().suspect_since = Some(self.clock.monotonic());
        }
    }

    /// Closes what is kept: it was not heard of when it should have been, or is of no use.
    pub(super) fn forget(&self) {
        let forgotten = std::mem::take(&mut self.lock().connections);
        drop(forgotten);
    }

    pub(super) fn keep(&self, connection: Connection) {
        if !self.places.is_closed() {
            let now = self.clock.monotonic();
            self.lock().connections.push((connection, now));
        }
    }

    /// One that was kept, if one is still there: the one that was used last.
    pub(super) async fn kept(&self) -> Option<Connection> {
        loop {
            let now = self.clock.monotonic();
            let (mut connection, must_ask) = {
                let mut kept = self.lock();
                let (connection, heard) = kept.connections.pop()?;
                let silent = now.saturating_sub(heard) > self.manner.asked_after;
                (connection, silent || kept.suspect_since.is_some_and(|since| heard <= since))
            };
            if !must_ask {
                return Some(connection);
            }
            match self.clock.within(ASK, connection.ask()).await {
                Some(Ok(())) => return Some(connection),
                Some(Err(error)) => self.hear(&driver_error(error)),
                // It is not the only one.
                None => self.forget(),
            }
        }
    }

    /// A new one, as soon as there is one.
    pub(super) async fn opened(&self) -> Result<Connection, DbErr> {
        loop {
            match self.setup.open().await {
                Ok(connection) => {
                    self.lock().why_none = None;
                    return Ok(connection);
                }
                Err(error) if failure::may_be_taken_in_soon(&error) => {
                    self.lock().why_none = Some(Arc::new(error));
                    self.clock.sleep(BETWEEN).await;
                }
                Err(error) => return Err(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))),
            }
        }
    }

    pub(super) fn why_none(&self) -> DbErr {
        let why = self.lock().why_none.clone();
        why.map_or_else(no_connection, |why| DbErr::Conn(RuntimeErr::SqlxError(why)))
    }
}

pub(super) fn places_of(most: u32) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS)))
}

//! What all handles of one pool share: its limits, and its idle connections.
//!
//! An idle connection is handed out as it is only if it answered a moment ago and nothing has failed
//! since. Otherwise it is checked first. One failed check makes all older connections suspect, and one
//! timeout closes them all, since they lead to the same server. How answers are waited for is in
//! `await_answer.rs`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::sqlx::Error as DriverError;
use sea_orm::{DbBackend, DbErr, RuntimeErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::commit_verifier::{CommitVerifier, OtherWriters};
use super::connection::{Connection, Connector};
use super::failpoint::{Failpoint, Failpoints, Fault};
use super::failure::{self, driver_error, no_connection};
use super::warning::Warnings;
use crate::clock::Clock;

/// How long a check of an idle connection may take.
pub(super) const CHECK_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(50);

/// The time limits of a pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolLimits {
    /// How long one statement may take.
    pub(super) statement_timeout: Duration,
    /// A connection that was idle for longer than this is checked before it is used.
    pub(super) check_after_idle: Duration,
}

/// How a commit that the database reports as successful is checked.
#[derive(Clone, Copy, Debug)]
pub(super) enum CommitCheck {
    /// Not at all: this pool only reads.
    None,
    /// A second connection has to see it (SQLite, `commit_verifier.rs`).
    SecondConnection(OtherWriters),
    /// It must not come with a warning (PostgreSQL, `warning.rs`).
    NoWarning,
}

/// How to make a pool.
#[derive(Debug)]
pub(super) struct PoolOptions {
    pub(super) connector: Connector,
    pub(super) max_connections: u32,
    pub(super) limits: PoolLimits,
    pub(super) commit_check: CommitCheck,
    pub(super) clock: Clock,
    pub(super) failpoints: Option<Arc<dyn Failpoints>>,
}

#[derive(Debug)]
pub(super) struct PoolInner {
    pub(super) connector: Connector,
    pub(super) limits: PoolLimits,
    pub(super) max_connections: u32,
    /// One for each connection that may be in use.
    pub(super) permits: Arc<Semaphore>,
    idle: Mutex<Idle>,
    pub(super) clock: Clock,
    failpoints: Option<Arc<dyn Failpoints>>,
    pub(super) verifier: Option<CommitVerifier>,
    pub(super) warnings: Option<Warnings>,
}

/// The connections that are open and in nobody's use. Times are the clock's monotonic ones.
#[derive(Debug, Default)]
struct Idle {
    /// Each with the time of its last answer, the one used last at the end.
    connections: Vec<(Connection, Duration)>,
    /// When something failed last: a connection that hasn't answered since is checked before use.
    suspect_since: Option<Duration>,
    /// Why the last attempt to connect failed.
    connect_error: Option<Arc<DriverError>>,
}

/// The right to use a connection.
#[derive(Debug)]
pub(super) struct Permit {
    pub(super) _of_lane: OwnedSemaphorePermit,
    pub(super) _of_pool: OwnedSemaphorePermit,
}

impl PoolInner {
    pub(super) fn new(options: PoolOptions) -> Self {
        let PoolOptions { connector, max_connections, limits, commit_check, clock, failpoints } =
            options;
        let (verifier, warnings) = match commit_check {
            CommitCheck::None => (None, None),
            CommitCheck::SecondConnection(others) => {
                (Some(CommitVerifier::new(connector.clone(), others)), None)
            }
            CommitCheck::NoWarning => (None, Some(Warnings::new())),
        };
        Self {
            connector,
            limits,
            max_connections,
            permits: permits(max_connections),
            idle: Mutex::default(),
            clock,
            failpoints,
            verifier,
            warnings,
        }
    }

    /// Closes the idle connections, telling the server.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut self.lock().connections);
        for (connection, _) in idle {
            // One that doesn't answer in time is dropped, which closes it as well.
            let _answered = self.clock.within(CHECK_TIMEOUT, connection.close()).await;
        }
        if let Some(verifier) = &self.verifier {
            verifier.close(&self.clock).await;
        }
    }

    /// Reaches a failpoint. A fault there becomes the error that a database would answer.
    pub(super) async fn reach(&self, point: Failpoint) -> Result<(), DbErr> {
        self.fault_at(point).await.map_err(|fault| self.failure(fault))
    }

    /// Reaches a failpoint, for a caller that carries the fault out itself. One that pauses for longer
    /// than a statement may take is a broken connection.
    pub(super) async fn fault_at(&self, point: Failpoint) -> Result<(), Fault> {
        match &self.failpoints {
            None => Ok(()),
            Some(failpoints) => {
                let reached = failpoints.reach(point);
                let reached = self.clock.within(self.limits.statement_timeout, reached).await;
                reached.unwrap_or(Err(Fault::Cut))
            }
        }
    }

    pub(super) fn failure(&self, fault: Fault) -> DbErr {
        let error = failure::of(fault, self.connector.backend());
        self.note_failure(&error);
        error
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.connector.backend()
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an error that may affect the idle connections, too.
    pub(super) fn note_failure(&self, error: &DbErr) {
        if failure::is_read_only(error) {
            self.close_idle();
        } else {
            self.lock().suspect_since = Some(self.clock.monotonic());
        }
    }

    /// Closes the idle connections at once, without telling the server.
    pub(super) fn close_idle(&self) {
        let idle = std::mem::take(&mut self.lock().connections);
        drop(idle);
    }

    pub(super) fn keep(&self, connection: Connection) {
        if !self.permits.is_closed() && !self.is_old(&connection) {
            let now = self.clock.monotonic();
            self.lock().connections.push((connection, now));
        }
    }

    /// The idle connection that was used last, checked where it has to be; `None` where none is left.
    pub(super) async fn take_idle(&self) -> Option<Connection> {
        loop {
            let now = self.clock.monotonic();
            let (mut connection, must_check) = {
                let mut idle = self.lock();
                let (connection, answered_at) = idle.connections.pop()?;
                let is_old = now.saturating_sub(answered_at) > self.limits.check_after_idle;
                (connection, is_old || idle.suspect_since.is_some_and(|at| answered_at <= at))
            };
            if self.is_old(&connection) {
                continue;
            }
            if !must_check {
                return Some(connection);
            }
            match self.clock.within(CHECK_TIMEOUT, connection.check()).await {
                Some(Ok(())) => return Some(connection),
                Some(Err(error)) => self.note_failure(&driver_error(error)),
                // The others lead to the same silent server.
                None => self.close_idle(),
            }
        }
    }

    /// Opens a connection, and tries again for as long as the server only isn't ready.
    pub(super) async fn open(&self) -> Result<Connection, DbErr> {
        loop {
            match self.connector.open().await {
                Ok(connection) => {
                    let mut idle = self.lock();
                    idle.connect_error = None;
                    // Those that lead to an old primary, if this one leads to a new one.
                    idle.connections.retain(|(idle, _)| !self.is_old(idle));
                    return Ok(connection);
                }
                Err(error) if failure::may_connect_soon(&error) => {
                    self.lock().connect_error = Some(Arc::new(error));
                    self.clock.sleep(CONNECT_PAUSE).await;
                }
                Err(error) => return Err(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))),
            }
        }
    }

    /// The error of a caller that got no connection in time: why connecting failed, if it did.
    pub(super) fn no_connection(&self) -> DbErr {
        let cause = self.lock().connect_error.clone();
        cause.map_or_else(no_connection, |cause| DbErr::Conn(RuntimeErr::SqlxError(cause)))
    }
}

pub(super) fn permits(count: u32) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(Semaphore::MAX_PERMITS)))
}

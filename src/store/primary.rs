//! Which server is the primary, as far as this process has seen, so that none that was replaced is believed.
//!
//! When a standby is promoted, the old primary may live on without knowing it, and connections to it may
//! stay open: a proxy keeps them, or its machine only froze. What is read there is old, and what is written
//! there is lost. PostgreSQL counts promotions: each begins a new *timeline*. So each connection knows the
//! timeline of its server, and once a connection was opened to a later one, all earlier ones are closed, in
//! use or not, and no new one is taken (promise 67).
//!
//! Open connections alone would not show it. So while a statement has no answer for a second, a *scout*
//! looks where the address leads now: one connection that is opened and closed.
//!
//! ```text
//! statement --1 s without answer--> scout --same server--> waits on, up to its time limit
//!                                         --later one----> that server counts; the statement's outcome is unknown
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{Error as DriverError, Executor as _, Row as _};
use tracing::{info, warn};

/// A PostgreSQL server, as its history makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// The same for a primary and its standbys.
    system: i64,
    /// Rises by each promotion.
    timeline: i32,
}

/// Not the timeline of the last checkpoint, which a promotion changes only later.
const SERVER: &str = "SELECT system_identifier, \
     ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int FROM pg_control_system()";

impl Server {
    /// The one that this connection leads to; `None` where it doesn't say, as some providers' don't.
    ///
    /// # Errors
    /// If the connection is broken.
    pub(super) async fn of(connection: &mut PgConnection) -> Result<Option<Self>, DriverError> {
        match connection.fetch_one(SERVER).await {
            Ok(row) => Ok(Some(Self { system: row.try_get(0)?, timeline: row.try_get(1)? })),
            Err(error @ DriverError::Database(_)) => {
                info!(%error, "PostgreSQL does not say which timeline it is on");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_before(self, newest: Self) -> bool {
        self.system == newest.system && self.timeline < newest.timeline
    }
}

/// The newest server that was seen. All pools of a store share it.
#[derive(Debug, Default)]
pub(super) struct Primary {
    newest: Mutex<Option<Server>>,
    has_scout: AtomicBool,
}

impl Primary {
    /// Notes where a new connection leads. Returns whether it may be used: no later server was seen.
    pub(super) fn admits(&self, server: Server) -> bool {
        let mut newest = self.lock();
        match *newest {
            Some(newest) if server.is_before(newest) => {
                warn!(
                    timeline = server.timeline,
                    newest = newest.timeline,
                    "the database's address leads to an old primary: another server was promoted since"
                );
                return false;
            }
            Some(before) if before != server => {
                warn!(
                    timeline = server.timeline,
                    before = before.timeline,
                    "another server is the primary now; connections to the one before are closed"
                );
            }
            Some(_) | None => {}
        }
        *newest = Some(server);
        true
    }

    /// The newest that was seen so far.
    pub(super) fn newest(&self) -> Option<Server> {
        *self.lock()
    }

    /// Whether another server has taken this one's place.
    pub(super) fn replaces(&self, server: Server) -> bool {
        self.lock().is_some_and(|newest| newest != server)
    }

    /// Has `look` done, unless somebody else is at it.
    pub(super) async fn scout(&self, look: impl Future<Output = ()>) {
        struct Back<'a>(&'a AtomicBool);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }

        if !self.has_scout.swap(true, Ordering::AcqRel) {
            let _back = Back(&self.has_scout);
            look.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Server>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_later_server_was_seen_no_earlier_one_is_taken() {
        let (primary, first) = (Primary::default(), Server { system: 7, timeline: 1 });
        assert!(primary.admits(first) && primary.admits(first) && !primary.replaces(first));
        let promoted = Server { timeline: 2, ..first };
        assert!(primary.admits(promoted));
        assert!(primary.replaces(first) && !primary.replaces(promoted));
        assert!(!primary.admits(first) && primary.replaces(first));
        // The old one, rebuilt as a standby and promoted in turn.
        let back = Server { timeline: 3, ..first };
        assert!(primary.admits(back) && primary.replaces(promoted));
    }

    #[test]
    fn of_two_systems_the_one_that_the_address_leads_to_now_counts() {
        let (primary, one) = (Primary::default(), Server { system: 7, timeline: 5 });
        let copy = Server { system: 8, timeline: 1 };
        assert!(primary.admits(one) && primary.admits(copy));
        assert!(primary.replaces(one) && !primary.replaces(copy));
        assert!(primary.admits(one) && primary.replaces(copy));
    }
}

//! How often work that surely wrote nothing is tried again, and after which pauses.

use std::time::Duration;

use sea_orm::DbErr;

use super::Error;
use super::failure::{self, Remedy};
use crate::clock::Clock;
use crate::pacing::Pacing;

/// How long a statement waits for a connection before the database counts as out of reach, and for how
/// long work is tried again.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// The retries that are left to one piece of work.
#[derive(Debug)]
pub(super) struct Retries {
    /// After conflicts with other transactions, each after a pause.
    conflicts: u32,
    /// After broken connections, each at once on another one.
    reconnects: u32,
    pacing: Pacing,
    /// No retry after this, on the clock's monotonic time.
    until: Duration,
}

impl Retries {
    pub(super) fn new(clock: &Clock) -> Self {
        let pacing = Pacing::new(Duration::from_millis(2), Duration::from_millis(100));
        let until = clock.monotonic() + ACQUIRE_TIMEOUT;
        Self { conflicts: 20, reconnects: 4, pacing, until }
    }

    /// Whether to try again after this error. Uses up one retry, and waits for its pause.
    pub(super) async fn may_retry(&mut self, error: &DbErr, clock: &Clock) -> bool {
        let remedy = failure::remedy(error);
        let left = match remedy {
            Remedy::None => return false,
            Remedy::RetryAfterPause => &mut self.conflicts,
            Remedy::Reconnect => &mut self.reconnects,
        };
        let Some(less) = left.checked_sub(1) else { return false };
        if clock.monotonic() >= self.until {
            return false;
        }
        *left = less;
        if remedy == Remedy::RetryAfterPause {
            clock.sleep(self.pacing.pause(clock.chance())).await;
        }
        true
    }

    /// Whether to try a transaction again that ended like this: only if nothing of it was committed.
    pub(super) async fn may_retry_transaction<T>(
        &mut self,
        ended: &Result<T, Error>,
        clock: &Clock,
    ) -> bool {
        match ended {
            Err(Error::Unavailable(error)) => self.may_retry(error, clock).await,
            Ok(_) | Err(Error::OutcomeUnknown(_) | Error::Refused(_) | Error::Unusable(_)) => false,
        }
    }
}

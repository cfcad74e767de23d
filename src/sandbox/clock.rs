//! The neighbours' own clock: they are other machines, so it is not the order service's.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The time at a neighbour.
#[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that reads the clock")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Returns once that long has passed at a neighbour. Cancel safe.
#[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that waits")]
pub(super) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// What this comes to, if it does so within `longest`. Cancel safe if that is.
pub(super) async fn within<T>(longest: Duration, done: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = done => Some(done),
        () = sleep(longest) => None,
    }
}

//! The neighbours' clock. They stand for other machines, so it is not the order service's.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The time at a neighbour.
#[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that reads the clock")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Returns after this long at a neighbour. Cancel safe.
#[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that waits")]
pub(super) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// The result of `done`, or `None` if it takes longer than `longest`. Cancel safe if `done` is.
pub(super) async fn within<T>(longest: Duration, done: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = done => Some(done),
        () = sleep(longest) => None,
    }
}

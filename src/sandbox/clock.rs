//! The neighbours' own clock: they are other machines, so it is not the order service's.

use chrono::{DateTime, Utc};

/// The time at a neighbour.
#[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that reads the clock")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

//! What is due: by its schedule, or because no schedule can be meant to be that far off.
//!
//! A clock that was ahead of the others, or that has been set back since, leaves schedules that
//! nobody would live up to; they are the last ones of the index of what is due.

use chrono::{DateTime, Utc};
use sea_orm::Value;

/// So many of the schedules that are furthest off are looked at: those of a clock that was ahead are
/// among them.
const FAR_OFF: u64 = 64;

/// What is due: by its schedule, or because no schedule can be that far off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The time.
    pub now: DateTime<Utc>,
    /// Schedules beyond this are due if their rows were written later than now.
    pub usual: DateTime<Utc>,
    /// Schedules beyond this are due.
    pub latest: DateTime<Utc>,
    /// Rows that say a little later than now are of clocks that agree.
    pub written: DateTime<Utc>,
}

impl Due {
    /// The schedules that can't be meant, furthest off first; `$1` to `$5` are these times, whether
    /// money is at risk, and how many.
    pub(super) fn far_off(for_update: &str) -> String {
        format!(
            "SELECT id FROM (SELECT id, next_attempt_at, updated_at FROM saga_instance \
             WHERE owner IS NULL AND next_attempt_at > $1 AND at_risk = $4 \
             ORDER BY next_attempt_at DESC LIMIT {FAR_OFF} {for_update}) AS far_off \
             WHERE next_attempt_at > $2 OR updated_at > $3 LIMIT $5"
        )
    }

    pub(super) fn far_off_values(self, at_risk: bool, limit: u64) -> Vec<Value> {
        let Self { usual, latest, written, .. } = self;
        vec![usual.into(), latest.into(), written.into(), at_risk.into(), limit.into()]
    }
}

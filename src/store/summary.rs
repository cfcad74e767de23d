//! How many sagas stand where.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Statement};

use super::{Error, Store};

/// So many acceptances are counted at most.
const LATEST: u64 = 10_000;

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many sagas are in each state; all states that occur.
    pub by_state: Vec<(String, u64)>,
    /// How many need a person, by why.
    pub by_stuck: Vec<(String, u64)>,
    /// How many are held by an operator.
    pub held: u64,
    /// When the oldest saga that is not at rest was accepted.
    pub oldest_open: Option<DateTime<Utc>>,
    /// Accepted since the given moment; where that is more than [`LATEST`], as many as that would be
    /// at the rate at which the latest came.
    pub accepted: u64,
}

/// From word to word by the states' index, so that one of a newer binary is found, too. Words that
/// are counted by the writers are not counted again.
const BY_STATE: &str = "WITH RECURSIVE word (state) AS \
    (SELECT min(state) FROM saga_instance WHERE owner IS NULL AND state IS NOT NULL UNION ALL \
    SELECT (SELECT min(state) FROM saga_instance WHERE owner IS NULL AND state > word.state) \
    FROM word WHERE word.state IS NOT NULL) \
    SELECT state, CAST(sum(sagas) AS bigint) FROM (SELECT state, (SELECT count(*) \
    FROM saga_instance WHERE owner IS NULL AND saga_instance.state = word.state) AS sagas \
    FROM word WHERE state IS NOT NULL AND state NOT IN (SELECT state FROM saga_tally) \
    UNION ALL SELECT state, count(*) FROM saga_instance WHERE owner IS NOT NULL GROUP BY state \
    UNION ALL SELECT state, sagas FROM saga_tally) AS counted GROUP BY state ORDER BY state";

impl Store {
    /// Counts: of those at rest by the writers' tallies. Acceptances are of the time between.
    pub async fn summary(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Summary, Error> {
        let by_stuck = "SELECT stuck_kind, count(*) FROM saga_instance \
                        WHERE stuck_kind IS NOT NULL GROUP BY stuck_kind ORDER BY stuck_kind";
        // The first of each state by the states' index; a plain minimum would walk all that rest.
        let firsts = self.catalogue.open_states().into_iter().map(|state| {
            format!(
                "SELECT * FROM (SELECT created_at FROM saga_instance \
                 WHERE owner IS NULL AND state = '{state}' \
                 ORDER BY created_at LIMIT 1) AS first_{state} UNION ALL "
            )
        });
        let oldest = format!(
            "SELECT min(created_at) FROM ({} SELECT min(created_at) AS created_at \
             FROM saga_instance WHERE owner IS NOT NULL GROUP BY state) AS firsts",
            firsts.collect::<String>()
        );
        let oldest = self.read.query_one_raw(self.statement(&oldest, vec![])).await?;
        let held = "SELECT 'held', count(*) FROM saga_instance WHERE held IS NOT NULL";
        let held = self.counts(self.statement(held, vec![])).await?;
        Ok(Summary {
            by_state: self.counts(self.statement(BY_STATE, vec![])).await?,
            by_stuck: self.counts(self.statement(by_stuck, vec![])).await?,
            held: held.iter().map(|(_, count)| count).sum(),
            oldest_open: oldest.and_then(|row| row.try_get_by_index(0).ok()),
            accepted: self.accepted(since, until).await?,
        })
    }

    /// A busy minute's hundred thousands would take longer to count than a look may.
    async fn accepted(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, Error> {
        let latest = "SELECT count(*), min(created_at) FROM (SELECT created_at FROM saga_instance \
                      WHERE created_at >= $1 ORDER BY created_at DESC LIMIT $2) AS latest";
        let values = vec![since.into(), LATEST.into()];
        let Some(row) = self.read.query_one_raw(self.statement(latest, values)).await? else {
            return Ok(0);
        };
        let count: i64 = row.try_get_by_index(0)?;
        let count = u64::try_from(count).unwrap_or(0);
        let first: Option<DateTime<Utc>> = row.try_get_by_index(1)?;
        Ok(match first {
            Some(first) if count >= LATEST => projected(count, until - first, until - since),
            Some(_) | None => count,
        })
    }

    /// Words with their counts.
    pub(super) async fn counts(&self, select: Statement) -> Result<Vec<(String, u64)>, Error> {
        let rows = self.read.query_all_raw(select).await?;
        let count = |row: &sea_orm::QueryResult| {
            let count: i64 = row.try_get_by_index(1)?;
            Ok((row.try_get_by_index(0)?, u64::try_from(count).unwrap_or(0)))
        };
        rows.iter().map(count).collect()
    }
}

/// How many that would be in all of the time, if these came in a part of it.
fn projected(count: u64, part: TimeDelta, all: TimeDelta) -> u64 {
    let millis = |span: TimeDelta| u64::try_from(span.num_milliseconds()).unwrap_or(0);
    count.saturating_mul(millis(all)) / Ord::max(millis(part), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_a_part_of_a_minute_is_projected_to_all_of_it() {
        let minute = TimeDelta::minutes(1);
        assert_eq!(projected(10_000, TimeDelta::seconds(3), minute), 200_000);
        assert_eq!(projected(10_000, minute, minute), 10_000);
        assert_eq!(projected(10_000, TimeDelta::zero(), minute), 600_000_000);
    }
}

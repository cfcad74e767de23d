//! Sagas that nobody drives though somebody should: finding them, and giving them to whoever claims.

use chrono::{DateTime, Utc};
use entity::saga_instance;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::claim::AT_RISK_FIRST;
use super::due::Due;
use super::retry::Retries;
use super::{Error, Store};
use crate::saga::{SagaId, StuckKind};

/// Dead executors that still own sagas. A value of each dead one, that no planner turns into a join:
/// only the ranges of the dead are read. A living one's is full of what came to rest since the last
/// vacuum.
pub(super) const DEAD_OWNERS: &str = "SELECT id FROM executor WHERE dead AND \
    (SELECT 1 FROM saga_instance WHERE saga_instance.owner = executor.id LIMIT 1) IS NOT NULL";

impl Store {
    /// Whether a claim would find anything.
    pub async fn is_any_claimable(&self, at: Due) -> Result<bool, Error> {
        // In the order of its index, so that no other will do.
        let due = AT_RISK_FIRST.map(|at_risk| {
            format!(
                "SELECT id FROM (SELECT id FROM saga_instance WHERE owner IS NULL \
                 AND next_attempt_at <= $1 AND at_risk = {at_risk} \
                 ORDER BY next_attempt_at LIMIT 1) AS due_{at_risk}"
            )
        });
        let sql = format!("{} UNION ALL {DEAD_OWNERS} LIMIT 1", due.join(" UNION ALL "));
        let found = self.write.query_one_raw(self.statement(&sql, vec![at.now.into()])).await?;
        if found.is_some() {
            return Ok(true);
        }
        let far_off = Due::far_off("");
        for at_risk in AT_RISK_FIRST {
            let one = self.statement(&far_off, at.far_off_values(at_risk, 1));
            if self.write.query_one_raw(one).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many open sagas nobody drives, by state: they wait, or a dead executor left them.
    pub async fn undriven_by_state(&self) -> Result<Vec<(String, u64)>, Error> {
        let open = self.catalogue.open_states();
        let open: Vec<_> = open.iter().map(|state| format!("'{state}'")).collect();
        let waiting = format!(
            "SELECT state, count(*) FROM saga_instance WHERE owner IS NULL AND state IN ({}) \
             GROUP BY state",
            open.join(", ")
        );
        let mut by_state: BTreeMap<_, _> =
            self.counts(self.statement(&waiting, vec![])).await?.into_iter().collect();
        let left = "SELECT state, count(*) FROM saga_instance WHERE owner = $1 GROUP BY state";
        for dead in self.read.query_all_raw(self.statement(DEAD_OWNERS, vec![])).await? {
            let dead: Uuid = dead.try_get_by_index(0)?;
            for (state, count) in self.counts(self.statement(left, vec![dead.into()])).await? {
                *by_state.entry(state).or_default() += count;
            }
        }
        Ok(by_state.into_iter().collect())
    }

    /// Sagas of this owner, with their fences.
    pub async fn owned(&self, owner: Uuid, limit: u64) -> Result<Vec<(SagaId, i64)>, Error> {
        let sql = "SELECT id, fence FROM saga_instance WHERE owner = $1 LIMIT $2";
        let values = vec![owner.into(), limit.into()];
        let rows = self.write.query_all_raw(self.statement(sql, values)).await?;
        let owned = |row: &sea_orm::QueryResult| {
            Ok((SagaId(row.try_get_by_index(0)?), row.try_get_by_index(1)?))
        };
        rows.iter().map(owned).collect()
    }

    /// Has sagas that an older binary could not read claimed again: this one may.
    pub async fn reopen_unreadable(&self, now: DateTime<Utc>) -> Result<u64, Error> {
        let reopened = saga_instance::Entity::update_many()
            .col_expr(saga_instance::Column::NextAttemptAt, Expr::value(now))
            .filter(saga_instance::Column::StuckKind.eq(StuckKind::Unreadable.to_string()))
            .filter(saga_instance::Column::Owner.is_null())
            .filter(saga_instance::Column::Held.is_null())
            .exec(&self.write)
            .await?;
        Ok(reopened.rows_affected)
    }

    /// Gives up a saga whose driver broke in the middle of it: to be taken up again at `due`, as
    /// from a dead owner.
    pub async fn abandon(
        &self,
        (id, owner, fence): (SagaId, Uuid, i64),
        now: DateTime<Utc>,
        due: DateTime<Utc>,
    ) -> Result<(), Error> {
        let abandoned = saga_instance::Entity::update_many()
            .col_expr(saga_instance::Column::Owner, Expr::value(Option::<Uuid>::None))
            .col_expr(saga_instance::Column::NextAttemptAt, Expr::value(due))
            .filter(saga_instance::Column::Id.eq(id.0))
            .filter(saga_instance::Column::Owner.eq(owner))
            .filter(saga_instance::Column::Fence.eq(fence));
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let given_up = async {
                if abandoned.clone().exec(&transaction).await?.rows_affected == 1 {
                    self.log_take_over(&transaction, &[id.0], owner, now).await?;
                }
                Ok(())
            };
            let given_up = given_up.await;
            let ended = transaction.end(given_up).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }
}

//! Sagas that nobody drives though somebody should: finding them, and giving them to whoever claims.

use chrono::{DateTime, Utc};
use entity::saga_instance;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{Error, Store};
use crate::order::OrderId;
use crate::saga::StuckKind;

impl Store {
    /// Whether a claim would find anything.
    pub async fn is_any_claimable(&self, now: DateTime<Utc>) -> Result<bool, Error> {
        let sql = "SELECT id FROM saga_instance WHERE owner IS NULL AND next_attempt_at <= $1 \
                   AND at_risk IN (true, false) UNION ALL SELECT id FROM executor WHERE dead AND EXISTS \
                   (SELECT 1 FROM saga_instance WHERE saga_instance.owner = executor.id) LIMIT 1";
        let found = self.write.query_one_raw(self.statement(sql, vec![now.into()])).await?;
        Ok(found.is_some())
    }

    /// Sagas of this owner, with their fences.
    pub async fn owned(&self, owner: Uuid, limit: u64) -> Result<Vec<(OrderId, i64)>, Error> {
        let sql = "SELECT id, fence FROM saga_instance WHERE owner = $1 LIMIT $2";
        let values = vec![owner.into(), limit.into()];
        let rows = self.write.query_all_raw(self.statement(sql, values)).await?;
        let owned = |row: &sea_orm::QueryResult| {
            Ok((OrderId(row.try_get_by_index(0)?), row.try_get_by_index(1)?))
        };
        rows.iter().map(owned).collect()
    }

    /// Has sagas that an older binary could not read claimed again: this one may.
    pub async fn reopen_unreadable(&self, now: DateTime<Utc>) -> Result<u64, Error> {
        let reopened = saga_instance::Entity::update_many()
            .col_expr(saga_instance::Column::NextAttemptAt, Expr::value(now))
            .filter(saga_instance::Column::StuckKind.eq(StuckKind::Unreadable.to_string()))
            .filter(saga_instance::Column::Owner.is_null())
            .exec(&self.write)
            .await?;
        Ok(reopened.rows_affected)
    }

    /// Gives up a saga whose driver broke in the middle of it: to be taken up again at `due`, as
    /// from a dead owner.
    pub async fn abandon(
        &self,
        (id, owner, fence): (OrderId, Uuid, i64),
        now: DateTime<Utc>,
        due: DateTime<Utc>,
    ) -> Result<(), Error> {
        let transaction = self.write.begin().await?;
        let abandoned = saga_instance::Entity::update_many()
            .col_expr(saga_instance::Column::Owner, Expr::value(Option::<Uuid>::None))
            .col_expr(saga_instance::Column::NextAttemptAt, Expr::value(due))
            .filter(saga_instance::Column::Id.eq(id.0))
            .filter(saga_instance::Column::Owner.eq(owner))
            .filter(saga_instance::Column::Fence.eq(fence))
            .exec(&transaction)
            .await?;
        if abandoned.rows_affected == 1 {
            self.log_take_over(&transaction, &[id.0], owner, now).await?;
        }
        transaction.commit().await.map_err(Error::OutcomeUnknown)
    }
}

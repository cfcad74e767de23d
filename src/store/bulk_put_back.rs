//! Items of a bulk run that were taken in hand, and are not to be acted on any more.
//!
//! Whoever had them in hand may be in the middle of acting on one: in another process, or in this one in a task
//! that outlives its turn. It looks whether the item is in hand after it has read the saga's revision, and claims
//! the saga only at that revision. An item is put back in the transaction that raises the revision, and only where
//! nobody has claimed the saga: so whoever looked before can't claim any more, and whoever looks later leaves it.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::bulk::BulkRun;
use super::{Error, Store};
use crate::saga::SagaId;

impl Store {
    /// Whether this item is in hand still.
    pub async fn is_bulk_item_in_hand(&self, run: Uuid, place: i64) -> Result<bool, Error> {
        let sql =
            "SELECT 1 FROM bulk_item WHERE bulk_id = $1 AND place = $2 AND result = 'running'";
        let values = vec![run.into(), place.into()];
        Ok(self.read.query_one_raw(self.statement(sql, values)).await?.is_some())
    }

    /// Has items in hand wait again, each with its saga at a revision at which it was not acted on; one whose
    /// saga has moved since or is somebody's stays in hand. `false` if the lead is lost: nothing is put back then.
    pub async fn put_bulk_items_back(
        &self,
        lead: &BulkRun,
        items: &[(i64, SagaId, i64)],
    ) -> Result<bool, Error> {
        let raise = "UPDATE saga_instance SET revision = revision + 1 \
                     WHERE id = $1 AND revision = $2 AND owner IS NULL";
        let wait = "UPDATE bulk_item SET result = 'waiting', at = NULL \
                    WHERE bulk_id = $1 AND place = $2 AND result = 'running'";
        let transaction = self.write.begin().await?;
        let put_back = async {
            if self.hold_lead(&transaction, lead).await?.is_none() {
                return Ok(false);
            }
            for (place, saga, revision) in items {
                let values = vec![saga.0.into(), (*revision).into()];
                let raised = transaction.execute_raw(self.statement(raise, values)).await?;
                if raised.rows_affected() == 1 {
                    let values = vec![lead.id.into(), (*place).into()];
                    transaction.execute_raw(self.statement(wait, values)).await?;
                }
            }
            Ok(true)
        };
        let put_back = put_back.await;
        transaction.end(put_back).await
    }
}

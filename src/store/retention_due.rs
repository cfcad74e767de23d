//! Orders whose sagas may be forgotten, found by index only.
//!
//! All sagas of an order are forgotten together, once the last of what they wait for is old enough: the
//! order's last move, or the rest of a saga. So each order comes up in one of three walks, at the place of
//! what was last:
//!
//! * orders that are final, by when they became so;
//! * sagas that came to nothing, which have no order;
//! * sagas about an order, such as a return that ended long after the order arrived.
//!
//! Each walk has a cursor, so that what it has passed is not read again, whether or not it was forgotten:
//! most of it has no sagas any more, and some has sagas that are forgotten at a later place.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};
use strum::{EnumIter, IntoStaticStr};
use uuid::Uuid;

use super::retention::ForgettingLead;
use super::{Error, Store};
use crate::order::OrderId;

/// A walk over what may be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ForgettingWalk {
    /// Orders that are final.
    FinalOrders,
    /// Sagas that came to nothing.
    Undone,
    /// Sagas at rest that are about an order.
    AboutOrders,
}

/// A place in a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalkPlace {
    /// When what is there ended.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: Uuid,
}

impl WalkPlace {
    /// Before all others.
    pub const FIRST: Self = Self { at: DateTime::UNIX_EPOCH, id: Uuid::nil() };
}

/// What a walk has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MayBeDue {
    /// Where.
    pub place: WalkPlace,
    /// Which order's sagas.
    pub order_id: OrderId,
}

impl ForgettingWalk {
    /// In the words of the indexes.
    fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::FinalOrders => ("id", "orders WHERE status IN ('Cancelled', 'Delivered')"),
            Self::Undone => (
                "id",
                "saga_instance WHERE order_id IS NULL AND state IN ('Compensated', 'Rejected')",
            ),
            Self::AboutOrders => (
                "order_id",
                "saga_instance WHERE order_id IS NOT NULL AND owner IS NULL \
                 AND next_attempt_at IS NULL",
            ),
        }
    }
}

impl Store {
    /// What comes behind this place in a walk, and ended by `cutoff`.
    pub async fn may_be_due(
        &self,
        walk: ForgettingWalk,
        behind: WalkPlace,
        cutoff: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<MayBeDue>, Error> {
        let (order, from) = walk.source();
        let sql = format!(
            "SELECT updated_at, id, {order} AS this FROM {from} \
             AND (updated_at, id) > ($1, $2) AND updated_at <= $3 \
             ORDER BY updated_at, id LIMIT $4"
        );
        let values = vec![behind.at.into(), behind.id.into(), cutoff.into(), limit.into()];
        let rows = self.read.query_all_raw(self.statement(&sql, values)).await?;
        let due = |row: &QueryResult| -> Result<MayBeDue, Error> {
            let place =
                WalkPlace { at: row.try_get("", "updated_at")?, id: row.try_get("", "id")? };
            Ok(MayBeDue { place, order_id: OrderId(row.try_get("", "this")?) })
        };
        rows.iter().map(due).collect()
    }

    /// Where a walk begins.
    pub async fn walk_place(&self, walk: ForgettingWalk) -> Result<WalkPlace, Error> {
        let name: &str = walk.into();
        let sql = "SELECT at, id FROM retention_cursor WHERE name = $1";
        let row = self.read.query_one_raw(self.statement(sql, vec![name.into()])).await?;
        let Some(row) = row else { return Ok(WalkPlace::FIRST) };
        Ok(WalkPlace { at: row.try_get("", "at")?, id: row.try_get("", "id")? })
    }

    /// Has a walk begin behind this place from now on; `false` if the lead is lost.
    pub async fn move_walk(
        &self,
        lead: &ForgettingLead,
        walk: ForgettingWalk,
        to: WalkPlace,
    ) -> Result<bool, Error> {
        let name: &str = walk.into();
        let sql = "INSERT INTO retention_cursor (name, at, id) \
                   SELECT $3, $4, $5 FROM retention WHERE id = 1 AND owner = $1 AND fence = $2 \
                   ON CONFLICT (name) DO UPDATE SET at = excluded.at, id = excluded.id";
        let values =
            vec![lead.owner.into(), lead.fence.into(), name.into(), to.at.into(), to.id.into()];
        let moved = self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(moved.rows_affected() == 1)
    }
}

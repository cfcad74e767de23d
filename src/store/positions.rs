//! Positions of events: given out after the commit, without gaps, and read by them.
//!
//! A number that is given out at insert is no position: the row may be committed later than one with a
//! higher number, and a reader that has passed it never sees it. So events are inserted without one, and
//! the leader of the sequencer gives the next positions to those that are committed, in a transaction
//! with its own cursor. A reader that sees a position sees all lower ones, too.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use entity::outbox;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, Statement,
};
use uuid::Uuid;

use super::cursor::{Lead, SEQUENCER};
use super::outbox::StoredEvent;
use super::rowset::{Column, Form, Rowset, Type, ids, source_of_ids};
use super::{Error, Store};

/// An event's place among all.
const PLACED: [Column; 2] = [("id", Type::Uuid), ("place", Type::BigInt)];

/// What became of a round of the sequencer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequenced {
    /// These many events have positions now, up to this one.
    Given {
        /// How many.
        count: usize,
        /// The last position.
        head: i64,
    },
    /// Another process leads.
    LeadLost,
}

/// An event without a position.
#[derive(Clone, Debug)]
struct Unplaced {
    id: Uuid,
    order_id: Uuid,
    version: i32,
    at: DateTime<Utc>,
}

/// The columns of an [`Unplaced`].
const UNPLACED: &str = "outbox.id, outbox.order_id, COALESCE(outbox.version, 1) AS version, \
                        outbox.created_at";

/// That an event has no position, where it is found by another column. Not `position IS NULL`: the planner, whose
/// statistics are from before there was anything, would rather go through all events without a position
/// for each that is asked for.
const HAS_NONE: &str = "COALESCE(outbox.position, 0) = 0";

impl Unplaced {
    fn of(row: &QueryResult) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get("", "id")?,
            order_id: row.try_get("", "order_id")?,
            version: row.try_get("", "version")?,
            at: row.try_get("", "created_at")?,
        })
    }
}

impl Store {
    /// Gives positions to committed events that have none: those of `limit`, and the others of their
    /// orders. Within an order, positions follow versions.
    pub async fn sequence(&self, lead: &Lead, limit: u64) -> Result<Sequenced, Error> {
        let events = in_order(self.unplaced(limit).await?);
        let head = lead.position + i64::try_from(events.len()).unwrap_or(0);
        if events.is_empty() {
            return Ok(Sequenced::Given { count: 0, head });
        }
        let placing = self.placing(&events, lead.position);
        let transaction = self.write.begin().await?;
        let given = async {
            // The cursor's row is locked until the commit, so that of two leaders one finds it moved.
            if !self.move_cursor_in(&transaction, lead, head).await? {
                return Ok(Sequenced::LeadLost);
            }
            let done = transaction.execute_raw(placing).await?;
            if done.rows_affected() != events.len() as u64 {
                return Err(Error::Unusable("an event had a position already".to_owned()));
            }
            Ok(Sequenced::Given { count: events.len(), head })
        };
        let given = given.await;
        transaction.end(given).await
    }

    /// Gives these events the positions behind `after`, in this order.
    ///
    /// On PostgreSQL not by a join: planned while there were few events, it went through all of them for each batch,
    /// which took more of its time than all else that the sequencer does, and rose with each event.
    fn placing(&self, events: &[Uuid], after: i64) -> Statement {
        if self.backend == DbBackend::Postgres {
            let position = with("$2::int8 + array_position($1::uuid[], outbox.id)");
            let sql = format!(
                "UPDATE outbox SET {position} WHERE outbox.id = ANY ($1::uuid[]) AND {HAS_NONE}"
            );
            return self.statement(&sql, vec![events.to_vec().into(), after.into()]);
        }
        let places = events.iter().zip(after + 1..);
        let rows =
            Rowset::of(&PLACED, places.map(|(event, place)| [(*event).into(), place.into()]));
        let source = Form::Json(self.backend).source(&PLACED, 1);
        let sql = format!(
            "UPDATE outbox SET {} FROM {source} WHERE outbox.id = r.id AND {HAS_NONE}",
            with("r.place")
        );
        self.statement(&sql, vec![rows.json().into()])
    }

    /// The oldest events without a position, and all others of their orders. An event of version 2 is
    /// committed after the one of version 1, so whoever sees the former sees the latter.
    async fn unplaced(&self, limit: u64) -> Result<Vec<Unplaced>, Error> {
        let sql = format!(
            "SELECT {UNPLACED} FROM outbox WHERE position IS NULL ORDER BY created_at, id LIMIT $1"
        );
        let oldest = self.read.query_all_raw(self.statement(&sql, vec![limit.into()])).await?;
        let oldest: Vec<_> = oldest.iter().map(Unplaced::of).collect::<Result<_, _>>()?;
        if (oldest.len() as u64) < limit {
            // Those are all.
            return Ok(oldest);
        }
        let orders: Vec<Uuid> = oldest.iter().map(|event| event.order_id).collect();
        let source = source_of_ids(self.backend);
        let sql = format!(
            "SELECT {UNPLACED} FROM (SELECT DISTINCT r.id AS this FROM {source}) AS these \
             JOIN outbox ON outbox.order_id = these.this WHERE {HAS_NONE} \
             ORDER BY outbox.created_at, outbox.id"
        );
        let rows = self.read.query_all_raw(self.statement(&sql, vec![ids(&orders)])).await?;
        rows.iter().map(Unplaced::of).collect()
    }

    /// The last position that was given out; 0 where none was.
    pub async fn last_position(&self) -> Result<i64, Error> {
        let sql = "SELECT position FROM event_cursor WHERE name = $1";
        let row = self.read.query_one_raw(self.statement(sql, vec![SEQUENCER.into()])).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }

    /// Whether a committed event has no position yet.
    pub async fn events_without_position(&self) -> Result<bool, Error> {
        Ok(!self.unplaced(1).await?.is_empty())
    }

    /// The lowest position that an event still has; `None` where none has one. Looked for behind what is
    /// forgotten: the index still has dead entries of that.
    pub async fn first_position(&self) -> Result<Option<i64>, Error> {
        let sql = "SELECT position FROM outbox WHERE position > \
                   COALESCE((SELECT events_until FROM retention WHERE id = 1), 0) \
                   ORDER BY position LIMIT 1";
        let row = self.read.query_one_raw(self.statement(sql, vec![])).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
    }

    /// The events behind `after`, up to and with `until`, in the order of their positions; only of these
    /// kinds, if any are given.
    pub async fn events_between(
        &self,
        after: i64,
        until: i64,
        kinds: Option<&[String]>,
        limit: u64,
    ) -> Result<Vec<StoredEvent>, Error> {
        let mut events = outbox::Entity::find()
            .filter(outbox::Column::Position.gt(after))
            .filter(outbox::Column::Position.lte(until));
        if let Some(kinds) = kinds {
            events = events.filter(outbox::Column::Kind.is_in(kinds));
        }
        let events = events.order_by_asc(outbox::Column::Position).limit(limit);
        let events = events.all(&self.read).await?;
        Ok(events.into_iter().map(StoredEvent::from).collect())
    }
}

/// What an event gets with its position. One of an older binary gets what that binary did not know, too: its only
/// events tell of orders that stand.
fn with(position: &str) -> String {
    format!(
        "position = {position}, \
         kind = CASE WHEN kind = 'OrderConfirmed' THEN 'order.confirmed' ELSE kind END, \
         version = COALESCE(version, 1), status = COALESCE(status, 'Confirmed'), \
         user_id = COALESCE(user_id, \
         (SELECT orders.user_id FROM orders WHERE orders.id = outbox.order_id))"
    )
}

/// The ids in the order of their positions: by time, except that the places of an order's events are
/// taken in the order of their versions, whatever the clocks of the replicas that wrote them said.
fn in_order(mut events: Vec<Unplaced>) -> Vec<Uuid> {
    events.sort_by_key(|event| (event.at, event.id));
    let mut by_version: Vec<&Unplaced> = events.iter().collect();
    by_version.sort_by_key(|event| event.version);
    let mut of_orders: HashMap<Uuid, VecDeque<Uuid>> = HashMap::new();
    for event in by_version {
        of_orders.entry(event.order_id).or_default().push_back(event.id);
    }
    let next = |event: &Unplaced| of_orders.get_mut(&event.order_id).and_then(VecDeque::pop_front);
    events.iter().filter_map(next).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn event(id: u128, order: u128, version: i32, second: i64) -> Unplaced {
        Unplaced {
            id: Uuid::from_u128(id),
            order_id: Uuid::from_u128(order),
            version,
            at: DateTime::UNIX_EPOCH + TimeDelta::seconds(second),
        }
    }

    #[test]
    fn positions_follow_time_and_within_an_order_versions() {
        // The replica that wrote the second version had a clock that was behind.
        let events =
            vec![event(2, 1, 2, 10), event(5, 9, 1, 11), event(1, 1, 1, 12), event(3, 1, 3, 13)];
        let ids: Vec<_> = in_order(events).iter().map(Uuid::as_u128).collect();
        assert_eq!(ids, [1, 5, 2, 3]);
    }
}

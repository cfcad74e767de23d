//! The log writer's transaction: what many sagas have to write, in one commit.
//!
//! Each write stands or falls by itself with its fence; all that stand become durable together.

use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

use super::codec::{EntryRow, EventRow, InsertRow, ItemRow, OrderRow, UpdateRow};
use super::pool::Transaction;
use super::rowset::{Column, IDENTITY, Type, ids_json, insert, json, rowset};
use super::write::{Base, Fate, Write};
use super::{Error, Store};

const INSERT: &[Column] = &[
    ("id", Type::Uuid),
    ("kind", Type::Text),
    ("definition_version", Type::Int),
    ("state", Type::Text),
    ("at_risk", Type::Bool),
    ("stuck_kind", Type::Text),
    ("stuck", Type::Json),
    ("user_id", Type::Uuid),
    ("total_amount", Type::BigInt),
    ("context", Type::Json),
    ("idempotency_key", Type::Text),
    ("fingerprint", Type::Text),
    ("attempts", Type::Int),
    ("next_attempt_at", Type::Time),
    ("failing_since", Type::Time),
    ("last_error", Type::Text),
    ("deadline_at", Type::Time),
    ("owner", Type::Uuid),
    ("fence", Type::BigInt),
    ("revision", Type::BigInt),
    ("trace_parent", Type::Text),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
];

const UPDATE: &[Column] = &[
    ("id", Type::Uuid),
    ("base_owner", Type::Uuid),
    ("base_fence", Type::BigInt),
    ("base_revision", Type::BigInt),
    ("state", Type::Text),
    ("at_risk", Type::Bool),
    ("stuck_kind", Type::Text),
    ("stuck", Type::Json),
    ("total_amount", Type::BigInt),
    ("context", Type::Json),
    ("attempts", Type::Int),
    ("next_attempt_at", Type::Time),
    ("failing_since", Type::Time),
    ("last_error", Type::Text),
    ("deadline_at", Type::Time),
    ("owner", Type::Uuid),
    ("revision", Type::BigInt),
    ("updated_at", Type::Time),
];

const ENTRY: &[Column] = &[
    ("saga_id", Type::Uuid),
    ("seq", Type::Int),
    ("step", Type::Text),
    ("line", Type::Int),
    ("phase", Type::Text),
    ("event", Type::Text),
    ("outcome", Type::Text),
    ("from_state", Type::Text),
    ("generation", Type::Int),
    ("attempt", Type::Int),
    ("idempotency_key", Type::Text),
    ("started_at", Type::Time),
    ("duration_ms", Type::BigInt),
    ("request", Type::Json),
    ("response", Type::Json),
    ("error", Type::Text),
    ("executor", Type::Text),
];

const ORDER: &[Column] = &[
    ("id", Type::Uuid),
    ("user_id", Type::Uuid),
    ("total_amount", Type::BigInt),
    ("status", Type::Text),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
];

const ITEM: &[Column] = &[
    ("id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("line", Type::Int),
    ("product_id", Type::Uuid),
    ("quantity", Type::Int),
    ("unit_price", Type::BigInt),
];

const EVENT: &[Column] = &[
    ("id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("kind", Type::Text),
    ("payload", Type::Json),
    ("created_at", Type::Time),
];

/// Encodes as a commit of these does, and says how many bytes that is: for the benchmark of it.
#[doc(hidden)]
pub fn encoded_len(writes: &[Write]) -> usize {
    fn bytes<R: Serialize>(rows: impl Iterator<Item = R>) -> usize {
        // A row that can't be encoded is none of this crate's.
        serde_json::to_string(&rows.collect::<Vec<_>>()).map_or(0, |json| json.len())
    }
    let orders = || writes.iter().filter_map(|write| write.order.as_ref());
    bytes(writes.iter().filter_map(InsertRow::of))
        + bytes(writes.iter().filter_map(UpdateRow::of))
        + bytes(writes.iter().flat_map(EntryRow::of))
        + bytes(orders().map(OrderRow::of))
        + bytes(orders().flat_map(ItemRow::of))
        + bytes(orders().map(EventRow::of))
}

impl Store {
    /// Writes all that stand in one commit, and says of each what became of it. Repeating a call
    /// whose outcome is unknown is safe: what was written then is found to be, and not again.
    ///
    /// # Errors
    /// As [`Error`] says; then none of them is known to be written.
    pub async fn commit(&self, writes: &[Write]) -> Result<Vec<Fate>, Error> {
        let transaction = self.write.begin().await?;
        let touched = match self.write_all(&transaction, writes).await {
            Ok(touched) => touched,
            Err(error) => {
                // The error says more than a failed rollback could.
                drop(transaction.rollback().await);
                return Err(error);
            }
        };
        transaction.commit().await.map_err(Error::OutcomeUnknown)?;
        // It is committed: not to be able to say of each what became of it is not to know.
        self.fates(writes, &touched).await.map_err(Error::OutcomeUnknown)
    }

    async fn write_all(
        &self,
        transaction: &Transaction,
        writes: &[Write],
    ) -> Result<HashSet<Uuid>, Error> {
        let inserts: Vec<_> = writes.iter().filter_map(InsertRow::of).collect();
        let updates: Vec<_> = writes.iter().filter_map(UpdateRow::of).collect();
        let insert_saga = format!(
            "{} ON CONFLICT DO NOTHING RETURNING id",
            insert(self.backend, "saga_instance", INSERT)
        );
        // IS NOT DISTINCT FROM: the row is found by its id, and never by an owner's many rows.
        let update_saga = format!(
            "UPDATE saga_instance SET state = r.state, at_risk = r.at_risk, \
             stuck_kind = r.stuck_kind, \
             stuck = r.stuck, total_amount = r.total_amount, \
             context = COALESCE(r.context, saga_instance.context), attempts = r.attempts, \
             next_attempt_at = r.next_attempt_at, failing_since = r.failing_since, \
             last_error = r.last_error, deadline_at = r.deadline_at, owner = r.owner, \
             revision = r.revision, updated_at = r.updated_at FROM {} \
             WHERE saga_instance.id = r.id \
             AND saga_instance.owner IS NOT DISTINCT FROM r.base_owner \
             AND saga_instance.fence = r.base_fence AND saga_instance.revision = r.base_revision \
             RETURNING saga_instance.id",
            rowset(self.backend, UPDATE)
        );
        let mut touched = HashSet::with_capacity(writes.len());
        self.returning(transaction, &insert_saga, &inserts, &mut touched).await?;
        self.returning(transaction, &update_saga, &updates, &mut touched).await?;
        let standing = || writes.iter().filter(|write| touched.contains(&write.saga.id.0));

        let entries: Vec<_> = standing().flat_map(EntryRow::of).collect();
        let orders = || standing().filter_map(|write| write.order.as_ref());
        let rows: Vec<_> = orders().map(OrderRow::of).collect();
        let items: Vec<_> = orders().flat_map(ItemRow::of).collect();
        let events: Vec<_> = orders().map(EventRow::of).collect();
        self.insert(transaction, "step_log", ENTRY, &entries).await?;
        self.insert(transaction, "orders", ORDER, &rows).await?;
        self.insert(transaction, "order_items", ITEM, &items).await?;
        self.insert(transaction, "outbox", EVENT, &events).await?;
        Ok(touched)
    }

    async fn insert<R: Serialize>(
        &self,
        transaction: &Transaction,
        table: &str,
        columns: &[Column],
        rows: &[R],
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let sql = insert(self.backend, table, columns);
        transaction.execute_raw(self.statement(&sql, vec![json(rows)])).await?;
        Ok(())
    }

    async fn returning<R: Serialize>(
        &self,
        transaction: &Transaction,
        sql: &str,
        rows: &[R],
        touched: &mut HashSet<Uuid>,
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        for row in transaction.query_all_raw(self.statement(sql, vec![json(rows)])).await? {
            touched.insert(row.try_get_by_index(0)?);
        }
        Ok(())
    }

    /// What touched no row is lost, unless the row says that an earlier try of this very write
    /// landed: only its owner writes under its fence, and each write raises the revision.
    async fn fates(&self, writes: &[Write], touched: &HashSet<Uuid>) -> Result<Vec<Fate>, DbErr> {
        let untouched: Vec<_> =
            writes.iter().filter(|write| !touched.contains(&write.saga.id.0)).collect();
        let rows =
            if untouched.is_empty() { HashMap::new() } else { self.rows(&untouched).await? };
        let fate = |write: &Write| {
            let landed = |(fence, revision): &(i64, i64)| {
                *fence == write.saga.fence && *revision >= write.saga.revision
            };
            match (&write.base, rows.get(&write.saga.id.0)) {
                _ if touched.contains(&write.saga.id.0) => Fate::Written,
                (_, Some(row)) if landed(row) => Fate::Written,
                // The id is our own: only we can have inserted it.
                (Base::New(_), Some(_)) => Fate::TakenUp,
                (Base::New(_), None) => Fate::KeyTaken,
                (Base::Owned { .. }, _) => Fate::Lost,
            }
        };
        Ok(writes.iter().map(fate).collect())
    }

    /// Fence and revision of these sagas' rows, where they are.
    async fn rows(&self, writes: &[&Write]) -> Result<HashMap<Uuid, (i64, i64)>, DbErr> {
        let ids: Vec<_> = writes.iter().map(|write| write.saga.id.0).collect();
        let sql = format!(
            "SELECT saga_instance.id, saga_instance.fence, saga_instance.revision \
             FROM {} JOIN saga_instance ON saga_instance.id = r.id",
            rowset(self.backend, IDENTITY)
        );
        let mut rows = HashMap::new();
        // On the writing side: it is this pool's commits that are asked about.
        for row in self.write.query_all_raw(self.statement(&sql, vec![ids_json(&ids)])).await? {
            let versions = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            rows.insert(row.try_get_by_index(0)?, versions);
        }
        Ok(rows)
    }
}

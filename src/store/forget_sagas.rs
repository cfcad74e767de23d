//! Deleting sagas that are in the archive.
//!
//! The invariant: a saga is deleted only if what the archive gave back for it is, to the byte, what its rows
//! say in the very transaction that deletes them, with the order's row and its sagas' rows locked. So
//! whatever is written meanwhile, by whomever, keeps it; and whoever has died or was paused in between has
//! deleted nothing that is not in the archive.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use uuid::Uuid;

use super::codec::TALLY;
use super::order_sagas::OrderSagas;
use super::retention::{ArchiveMark, ForgettingLead};
use super::retry::Retries;
use super::rowset::{Cell, Column, Form, Rowset, Type, ids, source_of_ids};
use super::transaction::Transaction;
use super::{Error, Store};
use crate::order::OrderId;
use crate::saga::SagaId;

/// What the archive gave back.
#[derive(Clone, Debug)]
pub struct ReadBack {
    /// The orders whose sagas these are.
    pub orders: Vec<OrderId>,
    /// Their lines.
    pub lines: HashMap<SagaId, String>,
    /// When they were archived.
    pub at: DateTime<Utc>,
    /// Up to where the archive is done with, once they are deleted.
    pub mark: ArchiveMark,
    /// Bytes that they take there.
    pub bytes: u64,
}

/// What became of sagas that are in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForgottenSagas {
    /// Deleted, apart from those that are not as the archive has them.
    Deleted {
        /// How many.
        sagas: u64,
        /// The orders whose sagas stay.
        kept: Vec<OrderId>,
    },
    /// Another process leads; nothing was deleted.
    LeadLost,
}

/// The tables of what is deleted with a saga, and the columns that name it.
const OF_SAGAS: [(&str, &str); 4] = [
    ("step_log", "saga_id"),
    ("saga_note", "saga_id"),
    ("saga_trouble", "saga_id"),
    ("pending_answer", "order_id"),
];

const TOMBSTONE: [Column; 2] = [("saga_id", Type::Uuid), ("archived_at", Type::Time)];

impl Store {
    /// Deletes sagas that the archive gave back, where they are as it has them and `is_over` says so of
    /// their order; moves the mark in the same transaction.
    pub async fn forget_sagas(
        &self,
        lead: &ForgettingLead,
        read_back: &ReadBack,
        is_over: impl Fn(&OrderSagas) -> bool,
    ) -> Result<ForgottenSagas, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let forgotten = self.forget_in(&transaction, lead, read_back, &is_over).await;
            let ended = match forgotten {
                Ok(None) => {
                    transaction.roll_back().await;
                    return Ok(ForgottenSagas::LeadLost);
                }
                Ok(Some(forgotten)) => transaction.end(Ok(forgotten)).await,
                Err(error) => transaction.end(Err(error)).await,
            };
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    /// `None` where the lead is lost.
    async fn forget_in(
        &self,
        transaction: &Transaction,
        lead: &ForgettingLead,
        read_back: &ReadBack,
        is_over: &impl Fn(&OrderSagas) -> bool,
    ) -> Result<Option<ForgottenSagas>, Error> {
        self.lock_orders(transaction, &read_back.orders).await?;
        let orders = self.sagas_to_archive_by(transaction, &read_back.orders).await?;
        let is_as_archived = |order: &OrderSagas| {
            let line = |saga: &super::ArchivedSaga| read_back.lines.get(&saga.id);
            order.sagas.iter().all(|saga| line(saga) == Some(&saga.line))
        };
        let (over, kept): (Vec<_>, Vec<_>) =
            orders.iter().partition(|order| is_over(order) && is_as_archived(order));
        self.delete(transaction, lead.database, &over, read_back.at).await?;
        let sagas: usize = over.iter().map(|order| order.sagas.len()).sum();
        let count = i64::try_from(sagas).unwrap_or(i64::MAX);
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let set = "archive_file = $3, archive_bytes = $4, sagas = sagas + $5, \
                   bytes = bytes + $6, last_batch_at = $7";
        let ArchiveMark { file, bytes } = read_back.mark.clone();
        let values = vec![
            file.into(),
            number(bytes).into(),
            count.into(),
            number(read_back.bytes).into(),
            read_back.at.into(),
        ];
        let is_led = self.note_forgotten_in(transaction, lead, set, values).await?;
        Ok(is_led.then(|| ForgottenSagas::Deleted {
            sagas: sagas as u64,
            kept: kept.iter().map(|order| order.order_id).collect(),
        }))
    }

    /// Whoever begins something with one of these orders, or writes to one of its sagas, waits; and whoever
    /// has begun is seen. On SQLite there is no other writer.
    async fn lock_orders(
        &self,
        transaction: &Transaction,
        orders: &[OrderId],
    ) -> Result<(), Error> {
        if self.backend == DbBackend::Sqlite {
            return Ok(());
        }
        let these: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
        let source = source_of_ids(self.backend);
        for (table, column) in
            [("orders", "id"), ("saga_instance", "id"), ("saga_instance", "order_id")]
        {
            let sql = format!(
                "SELECT t.id FROM {source} JOIN {table} t ON t.{column} = r.id \
                 ORDER BY t.id FOR UPDATE OF t"
            );
            transaction.query_all_raw(self.statement(&sql, vec![ids(&these)])).await?;
        }
        Ok(())
    }

    async fn delete(
        &self,
        transaction: &Transaction,
        writer: Uuid,
        over: &[&OrderSagas],
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sagas = || over.iter().flat_map(|order| &order.sagas);
        let these: Vec<Uuid> = sagas().map(|saga| saga.id.0).collect();
        if these.is_empty() {
            return Ok(());
        }
        self.keep_payers(transaction, over).await?;
        let source = source_of_ids(self.backend);
        let delete = async |table: &str, column: &str, these: &[Uuid]| {
            let sql = format!("DELETE FROM {table} WHERE {column} IN (SELECT r.id FROM {source})");
            transaction.execute_raw(self.statement(&sql, vec![ids(these)])).await
        };
        for (table, column) in OF_SAGAS {
            delete(table, column, &these).await?;
        }
        // What came to nothing has no more events, so that nobody needs to know the last one's version.
        let nothings = over.iter().filter(|order| order.order.is_none());
        let nothings: Vec<Uuid> = nothings.map(|order| order.order_id.0).collect();
        delete("event_version", "order_id", &nothings).await?;
        let deleted = delete("saga_instance", "id", &these).await?;
        if deleted.rows_affected() != these.len() as u64 {
            return Err(Error::Unusable("a saga to be forgotten was gone already".to_owned()));
        }
        let form = Form::Json(self.backend);
        let rows = these.iter().map(|id| [Cell::from(*id), at.into()]);
        let rows = Rowset::of(&TOMBSTONE, rows);
        let sql = format!(
            "{} ON CONFLICT (saga_id) DO NOTHING",
            form.insert("forgotten_saga", &TOMBSTONE, 1)
        );
        transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
        // They were counted when they came to rest.
        let mut by_state: BTreeMap<&str, i64> = BTreeMap::new();
        for saga in sagas() {
            *by_state.entry(&saga.state).or_default() -= 1;
        }
        let rows = by_state
            .into_iter()
            .map(|(state, count)| [Cell::from(writer), Cell::from(state), Cell::from(count)]);
        let rows = Rowset::of(&TALLY, rows);
        let sql = super::commit_sql::count_rested(form, 1);
        transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
        Ok(())
    }

    /// Orders of before the payer was kept with them get theirs from the checkout, while it is there: a
    /// return needs it.
    async fn keep_payers(
        &self,
        transaction: &Transaction,
        over: &[&OrderSagas],
    ) -> Result<(), Error> {
        for order in over {
            let lacks = order.order.as_ref().is_some_and(|row| !row.has_payer);
            let payer = order.sagas.iter().find_map(|saga| saga.payer);
            let Some(payer) = payer.filter(|_| lacks) else { continue };
            let sql = "UPDATE orders SET profile_id = $2 WHERE id = $1 AND profile_id IS NULL";
            let values = vec![order.order_id.0.into(), payer.0.into()];
            transaction.execute_raw(self.statement(sql, values)).await?;
        }
        Ok(())
    }

    /// Which of these sagas are forgotten, and since when.
    pub async fn forgotten_sagas(
        &self,
        of: &[SagaId],
    ) -> Result<HashMap<SagaId, DateTime<Utc>>, Error> {
        let these: Vec<Uuid> = of.iter().map(|id| id.0).collect();
        let forgotten = forgotten_by(&self.read, &these).await?;
        Ok(forgotten.into_iter().map(|(id, at)| (SagaId(id), at)).collect())
    }
}

/// Which of these sagas are forgotten, and since when, by this connection.
pub(super) async fn forgotten_by(
    from: &impl ConnectionTrait,
    these: &[Uuid],
) -> Result<HashMap<Uuid, DateTime<Utc>>, Error> {
    let backend = from.get_database_backend();
    let source = source_of_ids(backend);
    let sql = format!(
        "SELECT forgotten_saga.saga_id, forgotten_saga.archived_at FROM {source} \
         JOIN forgotten_saga ON forgotten_saga.saga_id = r.id"
    );
    let statement = Statement::from_sql_and_values(backend, sql, vec![ids(these)]);
    let rows = from.query_all_raw(statement).await?;
    let forgotten =
        |row: &QueryResult| Ok((row.try_get("", "saga_id")?, row.try_get("", "archived_at")?));
    rows.iter().map(forgotten).collect()
}

//! Orders of the old database: what is there of them, and how they get there.
//!
//! A batch is one transaction, all of it or nothing, and it inserts only what is not there. So an import that
//! dies is begun anew, beside whoever else writes orders, and nothing is there twice or changed.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::codec::{IMPORTED, ITEM, imported_row, item_rows};
use super::order::Item;
use super::records::NewOrder;
use super::retry::Retries;
use super::rowset::{Column, Rowset, ids, source_of_ids};
use super::transaction::Transaction;
use super::{Error, Order, Store};
use crate::order::{OrderId, Paise, ProductId, UserId};

/// What the books say of an order, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// Its total.
    pub total: Paise,
    /// How many lines it has.
    pub lines: u64,
}

impl Store {
    /// Those of these orders that are there, with their lines. Where they are sent is left out.
    pub async fn orders_there(&self, orders: &[OrderId]) -> Result<HashMap<OrderId, Order>, Error> {
        let source = source_of_ids(self.backend);
        let these: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
        let sql = format!(
            "SELECT orders.id, user_id, total_amount, status, created_at, updated_at, imported_at \
             FROM {source} JOIN orders ON orders.id = r.id"
        );
        let rows = self.read.query_all_raw(self.statement(&sql, vec![ids(&these)])).await?;
        let orders = rows.iter().map(|row| order(row).map(|order| (order.id, order)));
        let mut orders: HashMap<_, _> = orders.collect::<Result<_, Error>>()?;
        if orders.is_empty() {
            return Ok(orders);
        }
        let sql = format!(
            "SELECT order_items.id, order_id, product_id, quantity, unit_price \
             FROM {source} JOIN order_items ON order_items.order_id = r.id ORDER BY order_id, line"
        );
        for row in self.read.query_all_raw(self.statement(&sql, vec![ids(&these)])).await? {
            if let Some(order) = orders.get_mut(&OrderId(row.try_get_by_index(1)?)) {
                order.items.push(item(&row)?);
            }
        }
        Ok(orders)
    }

    /// Which of these ids are those of lines that are there, of whichever order.
    pub async fn lines_there(&self, lines: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
        let source = source_of_ids(self.backend);
        let sql = format!(
            "SELECT order_items.id FROM {source} JOIN order_items ON order_items.id = r.id"
        );
        let rows = self.read.query_all_raw(self.statement(&sql, vec![ids(lines)])).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    /// Writes these orders with their lines, in one transaction; nothing where any of the rows is there by
    /// now. Returns whether they were written.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] where they may have been written: [`Store::orders_there`] tells.
    pub async fn import(&self, orders: &[NewOrder], at: DateTime<Utc>) -> Result<bool, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let written = self.import_in(&transaction, orders, at).await;
            if let Ok(false) = written {
                transaction.roll_back().await;
                return Ok(false);
            }
            let ended = transaction.end(written).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn import_in(
        &self,
        transaction: &Transaction,
        orders: &[NewOrder],
        at: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let rows = Rowset::of(&IMPORTED, orders.iter().map(|order| imported_row(order, at)));
        let inserted = self.insert_new(transaction, "orders", &IMPORTED, &rows).await?;
        if inserted != orders.len() {
            return Ok(false);
        }
        let rows = Rowset::of(&ITEM, orders.iter().flat_map(item_rows));
        let lines: usize = orders.iter().map(|order| order.items.len()).sum();
        Ok(self.insert_new(transaction, "order_items", &ITEM, &rows).await? == lines)
    }

    /// Inserts the rows that are not there; returns how many those are.
    async fn insert_new(
        &self,
        transaction: &Transaction,
        table: &str,
        columns: &[Column],
        rows: &Rowset<'_>,
    ) -> Result<usize, Error> {
        let (form, values) = rows.whole(self.backend);
        let sql = format!("{} ON CONFLICT DO NOTHING", form.insert(table, columns, 1));
        let done = transaction.execute_raw(self.statement(&sql, values)).await?;
        Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
    }

    /// What the books say of those of these orders that are there.
    pub async fn counted(&self, orders: &[Uuid]) -> Result<Vec<Counted>, Error> {
        let source = source_of_ids(self.backend);
        let sql = format!(
            "SELECT created_at, total_amount, \
             (SELECT count(*) FROM order_items WHERE order_items.order_id = orders.id) \
             FROM {source} JOIN orders ON orders.id = r.id"
        );
        let rows = self.read.query_all_raw(self.statement(&sql, vec![ids(orders)])).await?;
        let counted = |row: &QueryResult| -> Result<_, Error> {
            let lines: i64 = row.try_get_by_index(2)?;
            Ok(Counted {
                created_at: row.try_get_by_index(0)?,
                total: Paise(row.try_get_by_index(1)?),
                lines: u64::try_from(lines).unwrap_or(0),
            })
        };
        rows.iter().map(counted).collect()
    }
}

fn order(row: &QueryResult) -> Result<Order, Error> {
    Ok(Order {
        id: OrderId(row.try_get_by_index(0)?),
        user_id: UserId(row.try_get_by_index(1)?),
        total: Paise(row.try_get_by_index(2)?),
        status: row.try_get_by_index(3)?,
        profile_id: None,
        created_at: row.try_get_by_index(4)?,
        updated_at: row.try_get_by_index(5)?,
        cancelled_at: None,
        shipped_at: None,
        delivered_at: None,
        imported_at: row.try_get_by_index(6)?,
        shipping_address: None,
        items: Vec::new(),
    })
}

fn item(row: &QueryResult) -> Result<Item, Error> {
    Ok(Item {
        id: row.try_get_by_index(0)?,
        product_id: ProductId(row.try_get_by_index(2)?),
        quantity: row.try_get_by_index(3)?,
        unit_price: Paise(row.try_get_by_index(4)?),
    })
}

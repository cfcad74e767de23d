//! Returns: a row for each from its beginning on, so that what is under way counts.
//!
//! The order's row is locked while a return begins. So two that begin at the same time are judged one after
//! the other, and together take back no more than was shipped (promise 57).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{orders, return_lines, returns, saga_instance, shipment_lines, shipments};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::cancel::Beginning;
use super::codec::{RETURN, RETURN_LINE, return_line_rows, return_row};
use super::records::{NewReturn, ReturnedLine};
use super::retry::Retries;
use super::rowset::{Form, Rowset};
use super::transaction::Transaction;
use super::write::Write;
use super::{Error, Store};
use crate::order::{Line, OrderId, Paise, ProductId};

/// What an order has that can come back: pieces by line, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returnable {
    /// The order's status, as stored.
    pub status: String,
    /// What was shipped.
    pub shipped: BTreeMap<u16, i64>,
    /// What has come back, or is on its way into the books.
    pub taken: BTreeMap<u16, i64>,
}

/// What became of the beginning of a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnBeginning<R> {
    /// It has begun, and is due.
    Begun,
    /// There is one of this key.
    Repeats,
    /// It was judged not to be possible.
    Refused(R),
}

/// A return as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its id, which is its saga's.
    pub id: Uuid,
    /// Of which order.
    pub order_id: OrderId,
    /// What is given back, in paise.
    pub refunded: Paise,
    /// Why.
    pub reason: Option<String>,
    /// Whether the goods go back into stock.
    pub restock: bool,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When everything was given back; `None` while it is under way.
    pub returned_at: Option<DateTime<Utc>>,
    /// What came back.
    pub lines: Vec<ReturnedLine>,
}

impl Store {
    /// Begins a return, unless `judge` says why not of what the order has.
    pub async fn begin_return<R>(
        &self,
        new: &NewReturn,
        write: &Write,
        judge: impl Fn(&Returnable) -> Result<(), R>,
    ) -> Result<ReturnBeginning<R>, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let begun = async {
                let returnable = returnable(&transaction, new.order_id).await?;
                if let Err(refused) = judge(&returnable) {
                    // A repeat of one that began is judged by the first.
                    let first = saga_of_key(&transaction, write).await?;
                    return Ok(if first {
                        ReturnBeginning::Repeats
                    } else {
                        ReturnBeginning::Refused(refused)
                    });
                }
                if self.begin_in(&transaction, write).await? == Beginning::Repeats {
                    return Ok(ReturnBeginning::Repeats);
                }
                let form = Form::Json(self.backend);
                let row = Rowset::of(&RETURN, std::iter::once(return_row(new)));
                let lines = Rowset::of(&RETURN_LINE, return_line_rows(new));
                let insert = form.insert("returns", &RETURN, 1);
                let insert_lines = form.insert("return_lines", &RETURN_LINE, 1);
                for (sql, rows) in [(insert, row), (insert_lines, lines)] {
                    let sent = self.statement(&sql, vec![rows.json().into()]);
                    transaction.execute_raw(sent).await?;
                }
                Ok(ReturnBeginning::Begun)
            };
            let begun = begun.await;
            let ended = transaction.end(begun).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    /// The return of this id.
    pub async fn find_return(&self, id: Uuid) -> Result<Option<Return>, Error> {
        let found = returns::Entity::find_by_id(id).all(&self.orders).await?;
        Ok(self.with_lines(found).await?.pop())
    }

    /// The returns of an order, oldest first.
    pub async fn returns_of(&self, id: OrderId) -> Result<Vec<Return>, Error> {
        let found = returns::Entity::find()
            .filter(returns::Column::OrderId.eq(id.0))
            .order_by_asc(returns::Column::CreatedAt)
            .order_by_asc(returns::Column::Id)
            .all(&self.orders)
            .await?;
        self.with_lines(found).await
    }

    async fn with_lines(&self, found: Vec<returns::Model>) -> Result<Vec<Return>, Error> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let lines = return_lines::Entity::find()
            .filter(return_lines::Column::ReturnId.is_in(found.iter().map(|row| row.id)))
            .order_by_asc(return_lines::Column::Line)
            .all(&self.orders)
            .await?;
        let of = |row: returns::Model| Return {
            lines: lines.iter().filter(|line| line.return_id == row.id).map(line_of).collect(),
            id: row.id,
            order_id: OrderId(row.order_id),
            refunded: Paise(row.refunded),
            reason: row.reason,
            restock: row.restock,
            created_at: row.created_at,
            returned_at: row.returned_at,
        };
        Ok(found.into_iter().map(of).collect())
    }
}

fn line_of(row: &return_lines::Model) -> ReturnedLine {
    ReturnedLine {
        line: u16::try_from(row.line).unwrap_or(u16::MAX),
        of: Line {
            product_id: ProductId(row.product_id),
            quantity: u32::try_from(row.quantity).unwrap_or(0),
        },
        amount: Paise(row.amount),
    }
}

/// Locks the order, and reads what can come back.
async fn returnable(transaction: &Transaction, id: OrderId) -> Result<Returnable, Error> {
    let order = orders::Entity::find_by_id(id.0).lock_exclusive().one(transaction).await?;
    let Some(order) = order else { return Ok(Returnable::default()) };
    let shipments = shipments::Entity::find()
        .select_only()
        .column(shipments::Column::Id)
        .filter(shipments::Column::OrderId.eq(id.0))
        .into_tuple::<Uuid>()
        .all(transaction)
        .await?;
    let shipped = shipment_lines::Entity::find()
        .filter(shipment_lines::Column::ShipmentId.is_in(shipments))
        .all(transaction)
        .await?;
    let returns = returns::Entity::find()
        .select_only()
        .column(returns::Column::Id)
        .filter(returns::Column::OrderId.eq(id.0))
        .into_tuple::<Uuid>()
        .all(transaction)
        .await?;
    let taken = return_lines::Entity::find()
        .filter(return_lines::Column::ReturnId.is_in(returns))
        .all(transaction)
        .await?;
    let mut returnable = Returnable { status: order.status, ..Returnable::default() };
    for row in shipped {
        add(&mut returnable.shipped, row.line, row.quantity);
    }
    for row in taken {
        add(&mut returnable.taken, row.line, row.quantity);
    }
    Ok(returnable)
}

fn add(pieces: &mut BTreeMap<u16, i64>, line: i32, quantity: i32) {
    let line = u16::try_from(line).unwrap_or(u16::MAX);
    *pieces.entry(line).or_default() += i64::from(quantity);
}

/// Whether a saga has the key of this write already.
async fn saga_of_key(transaction: &Transaction, write: &Write) -> Result<bool, Error> {
    let Some(key) = write.key() else { return Ok(false) };
    let found = saga_instance::Entity::find()
        .filter(saga_instance::Column::UserId.eq(write.saga.user_id.0))
        .filter(saga_instance::Column::Kind.eq(write.saga.definition.kind))
        .filter(saga_instance::Column::IdempotencyKey.eq(key))
        .one(transaction)
        .await?;
    Ok(found.is_some())
}

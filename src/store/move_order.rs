//! Moving one order, in a transaction of the caller's.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::codec::{MOVED, moved_row};
use super::records::{MovedOrder, move_orders};
use super::rowset::{Form, Rowset};
use super::transaction::Transaction;
use super::{Error, Store};
use crate::order::{Move, OrderId};

impl Store {
    /// Moves an order if it is where the move begins; whether it was.
    pub(super) async fn move_order(
        &self,
        transaction: &Transaction,
        moved: &MovedOrder,
    ) -> Result<bool, Error> {
        let rows = Rowset::of(&MOVED, std::iter::once(moved_row(moved)));
        let sql = move_orders(Form::Json(self.backend), 1);
        let done = transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Moves an order whose row this transaction has locked, and found where the move begins.
    pub(super) async fn move_locked_order(
        &self,
        transaction: &Transaction,
        id: OrderId,
        by: Move,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let moved = self.move_order(transaction, &MovedOrder { id, by, at }).await?;
        let elsewhere = || Error::Unusable(format!("the order {id} is not {}", by.from));
        moved.then_some(()).ok_or_else(elsewhere)
    }
}

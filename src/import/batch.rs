//! A batch of orders: looked up together, judged one by one, written in one transaction.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Error;
use super::compare::compare;
use super::join::{Piece, Placed};
use super::judge::{Judged, judge};
use super::options::{Options, Writing};
use super::rejects::Reject;
use crate::order::OrderId;
use crate::store::{self, NewOrder, Store};

/// Rows of a batch, and bytes of them.
const ROWS: usize = 4_000;
const BYTES: usize = 4 * 1024 * 1024;
/// How often a batch is looked at again that somebody else has written some of, or that may have been written.
const LOOKS: usize = 5;

/// Orders, and rows that are rejected already.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) orders: Vec<Placed>,
    pub(super) rejected: Vec<Reject>,
    rows: usize,
    bytes: usize,
}

impl Batch {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: Piece) {
        match piece {
            Piece::Order(placed) => {
                self.rows += 1 + placed.lines.len();
                self.bytes += placed.order.row.get().len();
                self.bytes += placed.lines.iter().map(|item| item.row.get().len()).sum::<usize>();
                self.orders.push(*placed);
            }
            Piece::Rejected(reject) => {
                self.rows += 1;
                self.bytes += reject.row.get().len();
                self.rejected.push(reject);
            }
        }
    }

    /// Whether it is to be settled.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES
    }
}

/// The books that are imported into.
pub(super) struct Books<'a> {
    /// `None` where there are none: then nothing is there.
    pub(super) store: Option<&'a Store>,
    pub(super) options: Options,
    /// When the import began.
    pub(super) at: DateTime<Utc>,
}

impl Books<'_> {
    /// Judges these orders by what is there, and writes those that are not and can be.
    pub(super) async fn settle(&self, orders: &[Placed]) -> Result<Vec<Judged>, Error> {
        for _look in 0..LOOKS {
            let mut judged = self.judge(orders).await?;
            let new: Vec<NewOrder> = judged.iter_mut().filter_map(|it| it.write.take()).collect();
            let (Some(store), Writing::Write, false) =
                (self.store, self.options.writing, new.is_empty())
            else {
                return Ok(judged);
            };
            match store.import(&new, self.at).await {
                Ok(true) => return Ok(judged),
                Ok(false) | Err(store::Error::OutcomeUnknown(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended)
    }

    async fn judge(&self, orders: &[Placed]) -> Result<Vec<Judged>, Error> {
        let status = self.options.status;
        let Some(store) = self.store.filter(|_| !orders.is_empty()) else {
            let none = HashSet::new();
            return Ok(orders.iter().map(|placed| judge(placed, status, &none)).collect());
        };
        let ids: Vec<OrderId> = orders.iter().filter_map(|it| it.order.id).map(OrderId).collect();
        let there = store.orders_there(&ids).await?;
        let kept = |placed: &Placed| placed.order.id.and_then(|id| there.get(&OrderId(id)));
        let new = orders.iter().filter(|placed| kept(placed).is_none());
        let lines: Vec<Uuid> =
            new.flat_map(|placed| placed.lines.iter().filter_map(|item| item.id)).collect();
        let taken = store.lines_there(&lines).await?;
        let judged = orders.iter().map(|placed| match kept(placed) {
            Some(order) => compare(placed, order, status),
            None => judge(placed, status, &taken),
        });
        Ok(judged.collect())
    }
}

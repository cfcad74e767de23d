//! Which part of a user's history is read, and how it is sorted. The pages themselves are read in `order.rs`
//! and `checkouts.rs`.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use uuid::Uuid;

use crate::order::UserId;

/// How a history is sorted. Equal values are sorted by id, so that pages never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistorySort {
    /// By the time of acceptance.
    CreatedAt(SortDirection),
    /// By the total.
    TotalAmount(SortDirection),
}

/// The direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortDirection {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl SortDirection {
    pub(super) fn order(self) -> sea_orm::Order {
        match self {
            Self::Ascending => sea_orm::Order::Asc,
            Self::Descending => sea_orm::Order::Desc,
        }
    }
}

/// Which part of a user's history to read.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryQuery {
    /// Whose.
    pub user_id: UserId,
    /// The most orders of a page.
    pub limit: u64,
    /// Only what comes after this value and id, as sorted.
    pub after: Option<(CursorKey, Uuid)>,
    /// Orders or checkouts.
    pub list: HistoryOf,
    /// Accepted then or later.
    pub from: Option<DateTime<Utc>>,
    /// Accepted then or earlier.
    pub to: Option<DateTime<Utc>>,
    /// With this total or more, in paise.
    pub min_amount: Option<i64>,
    /// With this total or less, in paise.
    pub max_amount: Option<i64>,
    /// How they are sorted.
    pub sort: HistorySort,
}

/// What a history lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryOf {
    /// Orders; only those with this status, if one is given.
    Orders(Option<String>),
    /// Checkouts that are not orders yet, or never will be.
    Checkouts(Checkouts),
    /// Orders with this status, and these checkouts, which have it without being orders.
    Both(String, Checkouts),
}

/// The value by which the last order of a page is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorKey {
    /// When it was accepted.
    CreatedAt(DateTime<Utc>),
    /// Its total, in paise.
    TotalAmount(i64),
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage<T> {
    /// As sorted.
    pub orders: Vec<T>,
    /// There are more after the last one.
    pub more: bool,
}

impl<T> HistoryPage<T> {
    /// A page of these rows. The query asked for `limit + 1`: the one too many says that there are more.
    pub(super) fn of(mut rows: Vec<T>, limit: u64) -> Self {
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Self { orders: rows, more }
    }

    /// The last one, if there are more after it.
    pub fn last(&self) -> Option<&T> {
        self.orders.last().filter(|_| self.more)
    }
}

/// Which of a user's checkouts that are not orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkouts {
    /// Those that are not at rest.
    Undecided,
    /// Those at rest that did not become orders.
    Rejected,
    /// Those that were to be cancelled in flight, and are not at rest.
    Cancelling,
    /// Those that were cancelled in flight.
    Cancelled,
}

/// Whether a row comes after the one with this key and id, sorted by these two columns. As it compares whole
/// rows, it reads one range of the index.
pub(super) fn comes_after(
    columns: [SimpleExpr; 2],
    direction: SortDirection,
    key: CursorKey,
    id: Uuid,
) -> SimpleExpr {
    let key = match key {
        CursorKey::CreatedAt(at) => Expr::value(at),
        CursorKey::TotalAmount(amount) => Expr::value(amount),
    };
    let row = Expr::tuple(columns);
    let last = Expr::tuple([key, Expr::value(id)]);
    match direction {
        SortDirection::Ascending => row.gt(last),
        SortDirection::Descending => row.lt(last),
    }
}

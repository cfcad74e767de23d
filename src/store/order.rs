//! Reads orders: a single one, and a user's history page by page.

use chrono::{DateTime, Utc};
use entity::{order_items, orders};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, LoaderTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::checkouts::Checkouts;
use super::{Error, Store};
use crate::order::{OrderId, Paise, ProductId, UserId};

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Who ordered.
    pub user_id: UserId,
    /// The sum of its lines.
    pub total: Paise,
    /// Its status, as stored.
    pub status: String,
    /// When its checkout was accepted.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// Its lines, in the order of the cart.
    pub items: Vec<Item>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its own id.
    pub id: Uuid,
    /// What was bought.
    pub product_id: ProductId,
    /// Pieces.
    pub quantity: i32,
    /// The price of one piece.
    pub unit_price: Paise,
}

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
pub struct HistoryPage<T = Order> {
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

impl Store {
    /// The order with this id.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, Error> {
        let found = orders::Entity::find_by_id(id.0).all(&self.orders).await?;
        Ok(with_items(&self.orders, found).await?.pop())
    }

    /// A page of a user's orders.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, Error> {
        use orders::Column;
        let (column, direction) = match query.sort {
            HistorySort::CreatedAt(direction) => (Column::CreatedAt, direction),
            HistorySort::TotalAmount(direction) => (Column::TotalAmount, direction),
        };
        let mut only = Condition::all().add(Column::UserId.eq(query.user_id.0));
        if let HistoryOf::Orders(Some(status)) = &query.list {
            only = only.add(Column::Status.eq(status.as_str()));
        }
        only = only.add_option(query.from.map(|from| Column::CreatedAt.gte(from)));
        only = only.add_option(query.to.map(|to| Column::CreatedAt.lte(to)));
        only = only.add_option(query.min_amount.map(|least| Column::TotalAmount.gte(least)));
        only = only.add_option(query.max_amount.map(|most| Column::TotalAmount.lte(most)));
        let by = (Expr::col(column), Expr::col(Column::Id));
        only = only.add_option(query.after.map(|after| comes_after(by, direction, after)));
        let sorted = direction.order();
        let found = orders::Entity::find()
            .filter(only)
            .order_by(column, sorted.clone())
            .order_by(Column::Id, sorted)
            .limit(query.limit + 1)
            .all(&self.orders)
            .await?;
        let HistoryPage { orders, more } = HistoryPage::of(found, query.limit);
        Ok(HistoryPage { orders: with_items(&self.orders, orders).await?, more })
    }
}

/// These orders with their lines.
pub(super) async fn with_items(
    connection: &impl ConnectionTrait,
    found: Vec<orders::Model>,
) -> Result<Vec<Order>, Error> {
    let lines = order_items::Entity::find().order_by_asc(order_items::Column::Line);
    let items = found.load_many(lines, connection).await?;
    Ok(found.into_iter().zip(items).map(|(row, items)| order_of(row, items)).collect())
}

/// Whether a row comes after this one, as sorted. As a row comparison, it reads one range of the index.
pub(super) fn comes_after(
    by: (SimpleExpr, SimpleExpr),
    direction: SortDirection,
    (key, id): (CursorKey, Uuid),
) -> SimpleExpr {
    let key = match key {
        CursorKey::CreatedAt(at) => Expr::value(at),
        CursorKey::TotalAmount(amount) => Expr::value(amount),
    };
    let row = Expr::tuple([by.0, by.1]);
    let last = Expr::tuple([key, Expr::value(id)]);
    match direction {
        SortDirection::Ascending => row.gt(last),
        SortDirection::Descending => row.lt(last),
    }
}

fn order_of(row: orders::Model, items: Vec<order_items::Model>) -> Order {
    let item = |item: order_items::Model| Item {
        id: item.id,
        product_id: ProductId(item.product_id),
        quantity: item.quantity,
        unit_price: Paise(item.unit_price),
    };
    Order {
        id: OrderId(row.id),
        user_id: UserId(row.user_id),
        total: Paise(row.total_amount),
        status: row.status,
        created_at: row.created_at,
        updated_at: row.updated_at,
        items: items.into_iter().map(item).collect(),
    }
}

//! Orders: one, and a user's history page by page.

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

/// An order that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose.
    pub user_id: UserId,
    /// The sum.
    pub total: Paise,
    /// The stored word.
    pub status: String,
    /// When its checkout was accepted.
    pub created_at: DateTime<Utc>,
    /// The last change.
    pub updated_at: DateTime<Utc>,
    /// In cart order.
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
    /// Of a piece.
    pub unit_price: Paise,
}

/// By what a history is sorted; ties are broken by id, so that pages never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// By acceptance.
    CreatedAt(Direction),
    /// By the sum.
    TotalAmount(Direction),
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl Direction {
    pub(super) fn sorted(self) -> sea_orm::Order {
        match self {
            Self::Ascending => sea_orm::Order::Asc,
            Self::Descending => sea_orm::Order::Desc,
        }
    }
}

/// Which of a user's orders, and how many.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryQuery {
    /// Whose.
    pub user_id: UserId,
    /// At most so many.
    pub limit: u64,
    /// Those behind this one in the order asked for.
    pub after: Option<(CursorKey, Uuid)>,
    /// From where.
    pub list: List,
    /// Accepted then or later.
    pub from: Option<DateTime<Utc>>,
    /// Accepted then or earlier.
    pub to: Option<DateTime<Utc>>,
    /// Of this sum or more.
    pub min_amount: Option<i64>,
    /// Of this sum or less.
    pub max_amount: Option<i64>,
    /// How they are sorted.
    pub sort: Sort,
}

/// What a user has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Orders, of this status if one is named.
    Orders(Option<String>),
    /// Checkouts that are not, or never became, orders.
    Checkouts(Checkouts),
}

/// The sorted value of the last order of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorKey {
    /// Its acceptance.
    CreatedAt(DateTime<Utc>),
    /// Its sum.
    TotalAmount(i64),
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage<T = Order> {
    /// In the order asked for.
    pub orders: Vec<T>,
    /// There are more behind the last one.
    pub more: bool,
}

impl<T> HistoryPage<T> {
    /// Of so many rows, where one more than asked for says that there are more.
    pub(super) fn of(mut rows: Vec<T>, limit: u64) -> Self {
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Self { orders: rows, more }
    }

    /// The last one, if there are more behind it.
    pub fn last(&self) -> Option<&T> {
        self.orders.last().filter(|_| self.more)
    }
}

impl Store {
    /// The order of that id.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, Error> {
        let found = orders::Entity::find_by_id(id.0).all(&self.orders).await?;
        Ok(with_items(&self.orders, found).await?.pop())
    }

    /// A page of a user's orders.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, Error> {
        use orders::Column;
        let (column, direction) = match query.sort {
            Sort::CreatedAt(direction) => (Column::CreatedAt, direction),
            Sort::TotalAmount(direction) => (Column::TotalAmount, direction),
        };
        let mut only = Condition::all().add(Column::UserId.eq(query.user_id.0));
        if let List::Orders(Some(status)) = &query.list {
            only = only.add(Column::Status.eq(status.as_str()));
        }
        only = only.add_option(query.from.map(|from| Column::CreatedAt.gte(from)));
        only = only.add_option(query.to.map(|to| Column::CreatedAt.lte(to)));
        only = only.add_option(query.min_amount.map(|least| Column::TotalAmount.gte(least)));
        only = only.add_option(query.max_amount.map(|most| Column::TotalAmount.lte(most)));
        let by = (Expr::col(column), Expr::col(Column::Id));
        only = only.add_option(query.after.map(|after| behind(by, direction, after)));
        let sorted = direction.sorted();
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

/// Row comparison, so that one range of the index is read.
pub(super) fn behind(
    by: (SimpleExpr, SimpleExpr),
    direction: Direction,
    (key, id): (CursorKey, Uuid),
) -> SimpleExpr {
    let key = match key {
        CursorKey::CreatedAt(at) => Expr::value(at),
        CursorKey::TotalAmount(amount) => Expr::value(amount),
    };
    let row = Expr::tuple([by.0, by.1]);
    let last = Expr::tuple([key, Expr::value(id)]);
    match direction {
        Direction::Ascending => row.gt(last),
        Direction::Descending => row.lt(last),
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

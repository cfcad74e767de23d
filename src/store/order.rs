//! Reads orders: a single one, and a user's history page by page.

use chrono::{DateTime, Utc};
use entity::{order_items, orders, saga_instance};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, LoaderTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::history::{HistoryOf, HistoryPage, HistoryQuery, HistorySort, comes_after};
use super::{Error, Store};
use crate::json;
use crate::order::{OrderId, Paise, ProductId, ProfileId, ShippingAddress, UserId};

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
    /// Who paid, as the user service knows them; `None` where only its checkout knows.
    pub profile_id: Option<ProfileId>,
    /// When its checkout was accepted.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When everything was given back.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When the first shipment left.
    pub shipped_at: Option<DateTime<Utc>>,
    /// When the last line arrived.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it came from the old database. Such an order has no saga and no events.
    pub imported_at: Option<DateTime<Utc>>,
    /// Where to.
    pub shipping_address: Option<ShippingAddress>,
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

impl Store {
    /// The order with this id.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, Error> {
        let found = orders::Entity::find_by_id(id.0).all(&self.orders).await?;
        Ok(with_items(&self.orders, found).await?.pop())
    }

    /// Who paid for an order, as its checkout knows it; for orders that were written before that was kept
    /// with them.
    pub async fn payer_by_checkout(&self, id: OrderId) -> Result<Option<ProfileId>, Error> {
        let context = saga_instance::Entity::find_by_id(id.0)
            .select_only()
            .column(saga_instance::Column::Context)
            .into_tuple::<Value>()
            .one(&self.orders)
            .await?;
        Ok(context.and_then(|context| json::uuid(&context, "profileId")).map(ProfileId))
    }

    /// A page of a user's orders.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage<Order>, Error> {
        use orders::Column;
        let (column, direction) = match query.sort {
            HistorySort::CreatedAt(direction) => (Column::CreatedAt, direction),
            HistorySort::TotalAmount(direction) => (Column::TotalAmount, direction),
        };
        let mut only = Condition::all().add(Column::UserId.eq(query.user_id.0));
        if let HistoryOf::Orders(Some(status)) | HistoryOf::Both(status, _) = &query.list {
            only = only.add(Column::Status.eq(status.as_str()));
        }
        only = only.add_option(query.from.map(|from| Column::CreatedAt.gte(from)));
        only = only.add_option(query.to.map(|to| Column::CreatedAt.lte(to)));
        only = only.add_option(query.min_amount.map(|least| Column::TotalAmount.gte(least)));
        only = only.add_option(query.max_amount.map(|most| Column::TotalAmount.lte(most)));
        let by = [Expr::col(column), Expr::col(Column::Id)];
        only = only.add_option(query.after.map(|(key, id)| comes_after(by, direction, key, id)));
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

fn order_of(row: orders::Model, items: Vec<order_items::Model>) -> Order {
    let item = |item: order_items::Model| Item {
        id: item.id,
        product_id: ProductId(item.product_id),
        quantity: item.quantity,
        unit_price: Paise(item.unit_price),
    };
    // One that can't be read is not shown; everything else about the order still is.
    let address = row.shipping_address.and_then(|stored| serde_json::from_value(stored).ok());
    Order {
        id: OrderId(row.id),
        user_id: UserId(row.user_id),
        total: Paise(row.total_amount),
        status: row.status,
        profile_id: row.profile_id.map(ProfileId),
        created_at: row.created_at,
        updated_at: row.updated_at,
        cancelled_at: row.cancelled_at,
        shipped_at: row.shipped_at,
        delivered_at: row.delivered_at,
        imported_at: row.imported_at,
        shipping_address: address,
        items: items.into_iter().map(item).collect(),
    }
}

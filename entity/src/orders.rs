//! Orders that stand: a row exists only once its checkout completed, or for an order of the old database.

use sea_orm::entity::prelude::*;

/// An order.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// The saga's id, and the payment's `orderId`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The authentication service's user.
    pub user_id: Uuid,
    /// Paise.
    pub total_amount: i64,
    /// `Confirmed`, and what follows it.
    pub status: String,
    /// When the checkout was accepted.
    pub created_at: DateTimeUtc,
    /// The last change of its status.
    pub updated_at: DateTimeUtc,
    /// The user service's id of the user; null where only the checkout's saga knows it.
    pub profile_id: Option<Uuid>,
    /// Where to.
    pub shipping_address: Option<Json>,
    /// When everything was given back.
    pub cancelled_at: Option<DateTimeUtc>,
    /// When the first shipment left.
    pub shipped_at: Option<DateTimeUtc>,
    /// When the last line arrived.
    pub delivered_at: Option<DateTimeUtc>,
    /// When it came from the old database; null for an order of a checkout.
    pub imported_at: Option<DateTimeUtc>,
}

/// What an order is related to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Its lines.
    #[sea_orm(has_many = "super::order_items::Entity")]
    OrderItems,
}

impl Related<super::order_items::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::OrderItems.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

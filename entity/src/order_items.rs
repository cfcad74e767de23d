//! The lines of orders.

use sea_orm::entity::prelude::*;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_items")]
pub struct Model {
    /// Its own id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The order's.
    pub order_id: Uuid,
    /// Its place in the cart, from 0.
    pub line: i32,
    /// What was bought.
    pub product_id: Uuid,
    /// Pieces.
    pub quantity: i32,
    /// Paise a piece, as it was charged.
    pub unit_price: i64,
}

/// What a line is related to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Its order.
    #[sea_orm(
        belongs_to = "super::orders::Entity",
        from = "Column::OrderId",
        to = "super::orders::Column::Id"
    )]
    Orders,
}

impl Related<super::orders::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Orders.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

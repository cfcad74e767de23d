//! Goods that came back, from the beginning of their return on.

use sea_orm::entity::prelude::*;

/// A return.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "returns")]
pub struct Model {
    /// Its id, which is its saga's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which order.
    pub order_id: Uuid,
    /// What is given back, in paise.
    pub refunded: i64,
    /// Why.
    pub reason: Option<String>,
    /// Whether the goods go back into stock.
    pub restock: bool,
    /// When it began.
    pub created_at: DateTimeUtc,
    /// When everything was given back.
    pub returned_at: Option<DateTimeUtc>,
}

/// None: its lines are found by its id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

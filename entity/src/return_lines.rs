//! The lines of an order that came back, whole or in part.

use sea_orm::entity::prelude::*;

/// A line of a return.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_lines")]
pub struct Model {
    /// Of which return.
    #[sea_orm(primary_key, auto_increment = false)]
    pub return_id: Uuid,
    /// Which line of the order, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    /// The product.
    pub product_id: Uuid,
    /// Pieces.
    pub quantity: i32,
    /// What is given back for them, in paise.
    pub amount: i64,
}

/// None: its return is found by its id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

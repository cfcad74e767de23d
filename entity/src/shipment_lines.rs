//! What is in a shipment.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipment_lines")]
pub struct Model {
    /// Which shipment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub shipment_id: Uuid,
    /// Which line of the order, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    /// Pieces.
    pub quantity: i32,
}

/// None: rows are found by the ids in them.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A parcel of an order, or of a part of it.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipments")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which order.
    pub order_id: Uuid,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
    /// Where its way can be followed.
    pub tracking_url: Option<String>,
    /// Where it is, as its events say.
    pub state: String,
    /// When it left.
    pub shipped_at: DateTimeUtc,
    /// When it is expected to arrive.
    pub estimated_delivery: Option<DateTimeUtc>,
    /// When it arrived.
    pub delivered_at: Option<DateTimeUtc>,
    /// When it was written down.
    pub created_at: DateTimeUtc,
}

/// None: rows are found by the ids in them.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What carriers reported.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipment_events")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// About which shipment.
    pub shipment_id: Uuid,
    /// What makes it the same event when it is reported again.
    pub identity: String,
    /// The carrier's word for it, as one of ours.
    pub status: String,
    /// When it happened.
    pub at: DateTimeUtc,
    /// When it was reported.
    pub received_at: DateTimeUtc,
    /// Where.
    pub location: Option<String>,
    /// More, in words.
    pub description: Option<String>,
}

/// None: rows are found by the ids in them.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Events that are true and still to be told.

use sea_orm::entity::prelude::*;

/// An event.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Its own id: receivers drop repeats by it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// About which order.
    pub order_id: Uuid,
    /// What happened.
    pub kind: String,
    /// The event's body.
    pub payload: Json,
    /// When it became true.
    pub created_at: DateTimeUtc,
    /// When it was told.
    pub published_at: Option<DateTimeUtc>,
}

/// None: an event carries all that it says.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

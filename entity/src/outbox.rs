//! Events: every fact about an order, written in the transaction that makes it true.

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
    /// What is particular to its kind, as JSON.
    pub payload: Json,
    /// When it became true.
    pub created_at: DateTimeUtc,
    /// Written by no binary any more.
    pub published_at: Option<DateTimeUtc>,
    /// Whose order; null where an older binary wrote it.
    pub user_id: Option<Uuid>,
    /// Its place among the events of its order, from 1; null where an older binary wrote it, whose only
    /// events are first ones.
    pub version: Option<i32>,
    /// The order's status once it was true.
    pub status: Option<String>,
    /// W3C trace context of what made it true.
    pub trace_parent: Option<String>,
    /// Its place among all events; null until it is given one.
    pub position: Option<i64>,
}

/// None: an event carries all that it says.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

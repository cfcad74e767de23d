//! Endpoints that are told of events.

use sea_orm::entity::prelude::*;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// Which types of events it wants, as a JSON array of filters.
    pub types: Json,
    /// What it is for, in the words of whoever added it.
    pub description: Option<String>,
    /// Whether the events of one order are sent one after the other.
    pub ordered: bool,
    /// `enabled` or `disabled`.
    pub state: String,
    /// Why it was disabled, unless a person did that.
    pub disabled_reason: Option<String>,
    /// What is signed with, the newest first: `[{secret, until?}]`.
    pub secrets: Json,
    /// It gets events behind this position.
    pub begins: i64,
    /// Up to this position, events that became true before it was added are not for it.
    pub unsure_until: i64,
    /// Since when nothing but failures; null after a success.
    pub failing_since: Option<DateTimeUtc>,
    /// When it was added.
    pub created_at: DateTimeUtc,
}

/// None: an endpoint's deliveries are found by its id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Events for endpoints, and what became of them.

use sea_orm::entity::prelude::*;

/// An event for an endpoint.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    /// Which endpoint.
    #[sea_orm(primary_key, auto_increment = false)]
    pub webhook_id: Uuid,
    /// Which event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The event's type.
    pub kind: String,
    /// What the event is about.
    pub subject: Uuid,
    /// The event's position; null for one that is in no feed.
    pub position: Option<i64>,
    /// When the event became true.
    pub event_at: DateTimeUtc,
    /// What is sent, the same in every repeat.
    pub body: String,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    /// Why it failed without an attempt.
    pub cause: Option<String>,
    /// The latest attempts, as a JSON array, oldest first.
    pub attempts: Json,
    /// Attempts of the schedule that failed.
    pub tries: i32,
    /// How often it is still to be sent outside the schedule.
    pub resends: i32,
    /// The next attempt of the schedule; null while it waits for the event before, and at rest.
    pub next_attempt_at: Option<DateTimeUtc>,
    /// When it is next to be looked at; the end of the lease while somebody owns it.
    pub due_at: Option<DateTimeUtc>,
    /// The process that makes an attempt.
    pub owner: Option<Uuid>,
    /// Rises with every claim.
    pub fence: i64,
    /// When the event was taken in for this endpoint.
    pub created_at: DateTimeUtc,
}

/// None: a delivery carries all that is sent.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

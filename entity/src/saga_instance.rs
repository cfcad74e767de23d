//! Sagas: a row for each, from acceptance on, until it is forgotten.

use sea_orm::entity::prelude::*;

/// A saga.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "saga_instance")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The order that it is about; null where its own id is the order's, too.
    pub order_id: Option<Uuid>,
    /// Which table of steps.
    pub kind: String,
    /// Which version of it.
    pub definition_version: i32,
    /// Where it stands.
    pub state: String,
    /// Why it needs a person, if it does; for finding such.
    pub stuck_kind: Option<String>,
    /// The same with its since, step and detail.
    pub stuck: Option<Json>,
    /// Since when, by whom and why it is held, if it is.
    pub held: Option<Json>,
    /// Since when, by whom and why its order is to be cancelled, if that was asked while it was in flight.
    pub cancel_request: Option<Json>,
    /// For whom.
    pub user_id: Uuid,
    /// Paise, once priced.
    pub total_amount: Option<i64>,
    /// What it knows.
    pub context: Json,
    /// The client's key.
    pub idempotency_key: Option<String>,
    /// SHA-256 of the request as parsed, in hexadecimal.
    pub fingerprint: String,
    /// Failures in a row at what it is trying.
    pub attempts: i32,
    /// When it is due; `None` at rest, and where only a person can move it.
    pub next_attempt_at: Option<DateTimeUtc>,
    /// Since when what it is trying fails.
    pub failing_since: Option<DateTimeUtc>,
    /// The last failure.
    pub last_error: Option<String>,
    /// While it can go back, it does so at this time.
    pub deadline_at: DateTimeUtc,
    /// The executor that owns it.
    pub owner: Option<Uuid>,
    /// Rises with each claim.
    pub fence: i64,
    /// Rises with each write.
    pub revision: i64,
    /// Rises with what operators have to know; null where only older binaries wrote it: the revision, then.
    pub version: Option<i64>,
    /// W3C trace context.
    pub trace_parent: String,
    /// Acceptance.
    pub created_at: DateTimeUtc,
    /// The last write.
    pub updated_at: DateTimeUtc,
}

/// None: the log is found by its key, the order by its id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

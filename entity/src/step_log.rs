//! The append-only log of every saga.

use sea_orm::entity::prelude::*;

/// An entry.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "step_log")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub saga_id: Uuid,
    /// Its place, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// What it is about.
    pub step: String,
    /// The cart's line, from 0.
    pub line: Option<i32>,
    /// forward, compensation, operator.
    pub phase: String,
    /// What it says.
    pub event: String,
    /// What came of an attempt.
    pub outcome: Option<String>,
    /// The state in which a dead owner had the saga.
    pub from_state: Option<String>,
    /// Which doing of the effect.
    pub generation: i32,
    /// Which attempt of it.
    pub attempt: i32,
    /// The key that was sent.
    pub idempotency_key: Option<String>,
    /// When it began.
    pub started_at: DateTimeUtc,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// What was sent.
    pub request: Option<Json>,
    /// What was answered.
    pub response: Option<Json>,
    /// What went wrong.
    pub error: Option<String>,
    /// Who wrote it: an executor, or an operator's name.
    pub executor: String,
}

/// None: it is read by its saga's id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

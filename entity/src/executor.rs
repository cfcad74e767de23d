//! The processes that own sagas: one lease each, for all that they own.

use sea_orm::entity::prelude::*;

/// An executor's life; a restart is another one.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "executor")]
pub struct Model {
    /// Of this life.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Host and process id, for people.
    pub name: String,
    /// What tells whether a process of the same machine is this one: boot, pid namespace, pid, start.
    pub process: String,
    /// Since when.
    pub started_at: DateTimeUtc,
    /// When it was last heard of.
    pub heartbeat_at: DateTimeUtc,
    /// Silence after which its sagas are others'.
    pub lease_ms: i64,
    /// Its sagas are being taken over; it must own nothing any more. Never unset.
    pub dead: bool,
    /// The circuits of its neighbours when it was last heard of.
    pub circuits: Option<Json>,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Executors: a row for each, with the heartbeat that holds its lease. The lease covers every saga that
//! the executor owns.
//!
//! On PostgreSQL, times are the database's, so that all replicas go by one clock. An owner counts its
//! own lease from before it asked for the time, so it believes in a shorter lease than the others do.

use chrono::{DateTime, Utc};
use entity::executor;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Set,
};
use std::time::Duration;
use tracing::warn;
use uuid::Uuid;

use super::{Error, Store};
use crate::clock::Clock;

/// How long a dead executor's row is kept.
const DEAD_KEPT_FOR: Duration = Duration::from_hours(1);

/// An executor as its row describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorRecord {
    /// Its id, new for each session of a process.
    pub id: Uuid,
    /// Host and process id.
    pub name: String,
    /// See [`entity::executor::Model::process`].
    pub process: String,
    /// When it was registered.
    pub started_at: DateTime<Utc>,
    /// Its last heartbeat.
    pub heartbeat_at: DateTime<Utc>,
    /// Its last heartbeat is older than its lease, by the same clock.
    pub lapsed: bool,
    /// It was declared dead.
    pub dead: bool,
    /// The state of its circuits to the neighbours, as of its last heartbeat.
    pub circuits: serde_json::Value,
}

impl Store {
    /// Registers a new executor.
    pub async fn register_executor(
        &self,
        id: Uuid,
        name: &str,
        process: &str,
        lease: Duration,
        clock: &Clock,
    ) -> Result<(), Error> {
        let now = self.lease_now(clock).await?;
        let row = executor::ActiveModel {
            id: Set(id),
            name: Set(name.to_owned()),
            process: Set(process.to_owned()),
            started_at: Set(now),
            heartbeat_at: Set(now),
            lease_ms: Set(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX)),
            dead: Set(false),
            circuits: Set(None),
        };
        row.insert(&self.alive).await?;
        Ok(())
    }

    /// Renews this executor's lease and stores the state of its circuits. `false` when it was declared
    /// dead: it owns nothing then.
    pub async fn heartbeat(
        &self,
        id: Uuid,
        circuits: serde_json::Value,
        clock: &Clock,
    ) -> Result<bool, Error> {
        let now = self.lease_now(clock).await?;
        let updated = executor::Entity::update_many()
            .col_expr(executor::Column::HeartbeatAt, Expr::value(now))
            .col_expr(executor::Column::Circuits, Expr::value(circuits))
            .filter(executor::Column::Id.eq(id))
            .filter(executor::Column::Dead.eq(false))
            .exec(&self.alive)
            .await?;
        Ok(updated.rows_affected == 1)
    }

    /// The first 1000 executors: those not declared dead, then the dead, each oldest first. A process
    /// that crashes and restarts in a loop leaves many rows; one that has died and is not yet declared
    /// dead is among these all the same.
    pub async fn executors(&self, clock: &Clock) -> Result<Vec<ExecutorRecord>, Error> {
        let mut now = self.lease_now(clock).await?;
        let rows = executor::Entity::find()
            .order_by_asc(executor::Column::Dead)
            .order_by_asc(executor::Column::StartedAt)
            .limit(1000)
            .all(&self.alive)
            .await?;
        let lapsed = |row: &executor::Model, now: DateTime<Utc>| {
            (now - row.heartbeat_at).num_milliseconds() > row.lease_ms
        };
        // The clock may have been set back after we asked for the time and before they were written.
        if rows.iter().any(|row| !row.dead && lapsed(row, now)) {
            now = now.min(self.lease_now(clock).await?);
        }
        let record = |row: executor::Model| ExecutorRecord {
            lapsed: lapsed(&row, now),
            id: row.id,
            name: row.name,
            process: row.process,
            started_at: row.started_at,
            heartbeat_at: row.heartbeat_at,
            dead: row.dead,
            circuits: row.circuits.unwrap_or_default(),
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// Declares an executor dead, for good, if `last_heard` is still its last heartbeat. From then on
    /// its heartbeats fail and any replica may claim its sagas.
    pub async fn declare_dead(&self, id: Uuid, last_heard: DateTime<Utc>) -> Result<bool, Error> {
        let declared = executor::Entity::update_many()
            .col_expr(executor::Column::Dead, Expr::value(true))
            .filter(executor::Column::Id.eq(id))
            .filter(executor::Column::Dead.eq(false))
            .filter(executor::Column::HeartbeatAt.eq(last_heard))
            .exec(&self.alive)
            .await?;
        Ok(declared.rows_affected == 1)
    }

    /// Deletes executors that died long ago and own nothing. Not sooner: a process that was paused may
    /// still write in the name of the dead executor, and those sagas must be found by its row.
    pub async fn forget_dead_executors(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let sql = "DELETE FROM executor WHERE dead AND heartbeat_at < $1 AND \
                   (SELECT 1 FROM saga_instance WHERE saga_instance.owner = executor.id LIMIT 1) \
                   IS NULL";
        let before = now - DEAD_KEPT_FOR;
        self.alive.execute_raw(self.statement(sql, vec![before.into()])).await?;
        Ok(())
    }

    /// Makes sure that this executor has a row and is declared dead.
    pub async fn insert_dead_executor(&self, id: Uuid, clock: &Clock) -> Result<(), Error> {
        let now = self.lease_now(clock).await?;
        let row = executor::ActiveModel {
            id: Set(id),
            name: Set("a former life".to_owned()),
            process: Set(String::new()),
            started_at: Set(now),
            heartbeat_at: Set(now),
            lease_ms: Set(0),
            dead: Set(true),
            circuits: Set(None),
        };
        let exists = OnConflict::column(executor::Column::Id)
            .update_columns([executor::Column::HeartbeatAt, executor::Column::Dead])
            .to_owned();
        executor::Entity::insert(row)
            .on_conflict(exists)
            .exec_without_returning(&self.alive)
            .await?;
        Ok(())
    }

    /// Declares this executor dead at the orderly end of its process.
    pub async fn retire_executor(&self, id: Uuid) -> Result<(), Error> {
        executor::Entity::update_many()
            .col_expr(executor::Column::Dead, Expr::value(true))
            .filter(executor::Column::Id.eq(id))
            .exec(&self.alive)
            .await?;
        Ok(())
    }

    /// Whether the database server started less than `this` ago. Never on SQLite, which has no server.
    pub async fn is_up_for_less_than(&self, this: Duration, clock: &Clock) -> Result<bool, Error> {
        if self.backend != DbBackend::Postgres || clock.is_manual() {
            return Ok(false);
        }
        let sql = "SELECT pg_postmaster_start_time() > clock_timestamp() - $1 * interval '1 ms'";
        let millis = this.as_secs_f64() * 1000.0;
        let row = self.alive.query_one_raw(self.statement(sql, vec![millis.into()])).await?;
        row.map_or(Ok(false), |row| Ok(row.try_get_by_index(0)?))
    }

    /// The time by the clock that all replicas share. From here on, `clock` goes by it, too.
    async fn lease_now(&self, clock: &Clock) -> Result<DateTime<Utc>, Error> {
        let asked = clock.monotonic();
        if let Some(shared) = clock.shared_by_hand() {
            clock.agree(shared, asked);
            return Ok(shared);
        }
        if self.backend != DbBackend::Postgres || clock.is_manual() {
            return Ok(clock.now());
        }
        let row =
            self.alive.query_one_raw(self.statement("SELECT clock_timestamp()", vec![])).await?;
        let Some(row) = row else { return Ok(clock.now()) };
        let said = row.try_get_by_index(0)?;
        if clock.agree(said, asked) {
            warn!(now = %said, "the database's clock was set");
        }
        Ok(said)
    }
}

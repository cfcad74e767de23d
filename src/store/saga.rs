//! Looking at one saga: for a client's answer, and for an operator's inspection.

use chrono::{DateTime, Utc};
use entity::{saga_instance, step_log};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use std::str::FromStr;

use super::codec::{event_of, instance_of};
use super::{Error, Identity, Store, Unreadable};
use crate::order::{OrderId, Paise, UserId};
use crate::saga::{Context, Definition, Event, Held, Instance, State, Stuck};

/// In the words of the index of those in flight: SQLite finds it by no others.
pub(super) const IN_FLIGHT: &str = "state NOT IN ('Completed', 'Compensated', 'Rejected')";

/// The longest log that is shown; what is decided on is always the whole.
const MAX_SHOWN: u64 = 10_000;

/// A saga's row, for looking at. What this binary can't read is left out instead of refused.
#[derive(Clone, Debug)]
pub struct Found {
    /// The order's id.
    pub id: OrderId,
    /// Which table of steps.
    pub kind: String,
    /// For whom.
    pub user_id: UserId,
    /// The stored word.
    pub state: String,
    /// Set while it needs a person.
    pub stuck: Option<Stuck>,
    /// Set while an operator holds it.
    pub held: Option<Held>,
    /// `None` where this binary can't read it.
    pub context: Option<Context>,
    /// Once priced.
    pub total: Option<Paise>,
    /// Of the request that began it.
    pub fingerprint: String,
    /// Failures in a row.
    pub attempts: i32,
    /// When it is due.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The last failure.
    pub last_error: Option<String>,
    /// Whose it is.
    pub owner: Option<uuid::Uuid>,
    /// Rises with each write.
    pub revision: i64,
    /// Acceptance.
    pub created_at: DateTime<Utc>,
    /// The last write.
    pub updated_at: DateTime<Utc>,
}

impl Found {
    /// The state, if this binary knows the word.
    pub fn state(&self) -> Option<State> {
        State::from_str(&self.state).ok()
    }

    /// Nothing is left to do.
    pub fn is_at_rest(&self) -> bool {
        self.state().is_some_and(State::is_rest)
    }

    /// What is left of an instance once its owner has written it.
    pub fn of(saga: &Instance) -> Self {
        Self {
            id: saga.id,
            kind: saga.definition.kind.to_owned(),
            user_id: saga.user_id,
            state: saga.state.to_string(),
            stuck: saga.stuck.clone(),
            held: saga.held.clone(),
            context: Some(saga.context.clone()),
            total: saga.total(),
            fingerprint: String::new(),
            attempts: i32::try_from(saga.attempts).unwrap_or(i32::MAX),
            next_attempt_at: saga.next_attempt_at,
            last_error: saga.last_error.clone(),
            owner: saga.owner,
            revision: saga.revision,
            created_at: saga.created_at,
            updated_at: saga.updated_at,
        }
    }
}

impl From<saga_instance::Model> for Found {
    fn from(row: saga_instance::Model) -> Self {
        Self {
            id: OrderId(row.id),
            kind: row.kind,
            user_id: UserId(row.user_id),
            state: row.state,
            stuck: row.stuck.and_then(|stuck| serde_json::from_value(stuck).ok()),
            held: row.held.and_then(|held| serde_json::from_value(held).ok()),
            context: serde_json::from_value(row.context).ok(),
            total: row.total_amount.map(Paise),
            fingerprint: row.fingerprint,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_error: row.last_error,
            owner: row.owner,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A log entry, for looking at.
#[derive(Clone, Debug)]
pub struct LoggedStep {
    /// Its place.
    pub seq: i32,
    /// The step's stored word.
    pub step: String,
    /// The cart's line.
    pub line: Option<i32>,
    /// forward, compensation, operator.
    pub phase: String,
    /// What it says; `None` where this binary has no word for it.
    pub event: Option<Event>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Which attempt.
    pub attempt: i32,
    /// The key that was sent.
    pub idempotency_key: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// What was sent.
    pub request: Option<Value>,
    /// What was answered.
    pub response: Option<Value>,
    /// What went wrong.
    pub error: Option<String>,
    /// Who wrote it.
    pub executor: String,
}

impl From<step_log::Model> for LoggedStep {
    fn from(row: step_log::Model) -> Self {
        Self {
            event: event_of(&row),
            seq: row.seq,
            step: row.step,
            line: row.line,
            phase: row.phase,
            outcome: row.outcome,
            attempt: row.attempt,
            idempotency_key: row.idempotency_key,
            started_at: row.started_at,
            duration_ms: row.duration_ms,
            request: row.request,
            response: row.response,
            error: row.error,
            executor: row.executor,
        }
    }
}

/// A saga with its log and what they add up to.
#[derive(Debug)]
pub struct Inspected {
    /// The row.
    pub found: Found,
    /// The log, oldest first.
    pub steps: Vec<LoggedStep>,
    /// As an executor would hold it.
    pub instance: Result<Instance, Box<Unreadable>>,
}

impl Store {
    /// The saga of that id.
    pub async fn find(&self, id: OrderId) -> Result<Option<Found>, Error> {
        let row = saga_instance::Entity::find_by_id(id.0).one(&self.read).await?;
        Ok(row.map(Found::from))
    }

    /// The saga that a request of this identity repeats: the one of that key, or the one in flight
    /// of that content. What is returned of it is durable: a repeat is answered by it.
    pub async fn find_first(
        &self,
        user_id: UserId,
        kind: &str,
        identity: &Identity,
    ) -> Result<Option<Found>, Error> {
        let this_one = match identity {
            Identity::Key(key) => saga_instance::Column::IdempotencyKey.eq(key),
            Identity::Content(fingerprint) => {
                Expr::col("joined_by").eq(fingerprint).and(Expr::cust(IN_FLIGHT))
            }
        };
        let found = saga_instance::Entity::find()
            .filter(saga_instance::Column::UserId.eq(user_id.0))
            .filter(saga_instance::Column::Kind.eq(kind))
            .filter(this_one)
            .one(&self.read)
            .await?;
        if found.is_some() {
            self.make_reads_durable().await?;
        }
        Ok(found.map(Found::from))
    }

    /// Everything about a saga.
    pub async fn inspect(
        &self,
        id: OrderId,
        definitions: &[&'static Definition],
    ) -> Result<Option<Inspected>, Error> {
        let Some(row) = saga_instance::Entity::find_by_id(id.0).one(&self.read).await? else {
            return Ok(None);
        };
        let log = step_log::Entity::find()
            .filter(step_log::Column::SagaId.eq(id.0))
            .order_by_asc(step_log::Column::Seq)
            .limit(MAX_SHOWN)
            .all(&self.read)
            .await?;
        let instance = instance_of(row.clone(), log.clone(), definitions);
        let steps = log.into_iter().map(LoggedStep::from).collect();
        Ok(Some(Inspected { found: Found::from(row), steps, instance }))
    }
}

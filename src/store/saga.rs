//! Looking at one saga: for a client's answer, and for an operator's inspection.

use chrono::{DateTime, Utc};
use entity::{saga_instance, step_log};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::codec::{entries_of, event_of, instance_of};
use super::{Error, Identity, Store, Unreadable};
use crate::order::{OrderId, Paise, UserId};
use crate::saga::{
    CancelRequest, Catalogue, Definition, Event, Held, Instance, Known, Progress, SagaId, Stuck,
    progress_after,
};

/// A saga is in flight while somebody has to do something for it: its owner, whoever takes it up when
/// it is due, a person, or who holds it. In the words of the index of those in flight: SQLite uses the
/// index for no others.
pub(super) const IN_FLIGHT: &str = "(owner IS NOT NULL OR next_attempt_at IS NOT NULL \
    OR stuck_kind IS NOT NULL OR held IS NOT NULL)";

/// The longest log that is shown; what is decided on is always the whole.
const MAX_SHOWN: u64 = 10_000;

/// A saga's row, for looking at. What this binary can't read is left out instead of refused.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its id.
    pub id: SagaId,
    /// The order that it is about.
    pub order_id: OrderId,
    /// Whose order.
    pub user_id: UserId,
    /// The stored name of its kind.
    pub kind: String,
    /// The stored word for where it stands.
    pub state: String,
    /// The same as progress; `None` where this binary doesn't know the word.
    pub progress: Option<Progress>,
    /// Set while it needs a person.
    pub stuck: Option<Stuck>,
    /// Set while an operator holds it.
    pub held: Option<Held>,
    /// Set once it is to be cancelled.
    pub cancel_request: Option<CancelRequest>,
    /// What it knows; `None` where this binary can't read it.
    pub known: Option<Known>,
    /// What it is about, in paise, once it is known.
    pub amount: Option<Paise>,
    /// Of the request that began it.
    pub fingerprint: String,
    /// Failures in a row.
    pub attempts: i32,
    /// When it is due.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The last failure.
    pub last_error: Option<String>,
    /// Whose it is.
    pub owner: Option<Uuid>,
    /// Rises with each write.
    pub revision: i64,
    /// Rises with what operators have to know.
    pub version: i64,
    /// Acceptance.
    pub created_at: DateTime<Utc>,
    /// The last write.
    pub updated_at: DateTime<Utc>,
}

impl Found {
    /// Nothing is left to do.
    pub fn is_at_rest(&self) -> bool {
        self.progress.is_some_and(Progress::is_rest)
    }

    /// What is left of an instance once its owner has written it.
    pub fn of(saga: &Instance) -> Self {
        let (terms, cause, facts) = (saga.terms.clone(), saga.cause.clone(), saga.facts.clone());
        Self {
            id: saga.id,
            order_id: saga.order_id,
            user_id: saga.user_id,
            kind: saga.definition.kind.to_owned(),
            state: saga.state().to_owned(),
            progress: Some(saga.progress),
            stuck: saga.stuck.clone(),
            held: saga.held.clone(),
            cancel_request: saga.cancel_request.clone(),
            amount: facts.amount(),
            known: Some(Known { terms, cause, facts }),
            fingerprint: String::new(),
            attempts: i32::try_from(saga.attempts).unwrap_or(i32::MAX),
            next_attempt_at: saga.next_attempt_at,
            last_error: saga.last_error.clone(),
            owner: saga.owner,
            revision: saga.revision,
            version: saga.version,
            created_at: saga.created_at,
            updated_at: saga.updated_at,
        }
    }

    /// What this binary can read of a row.
    pub(super) fn of_row(row: saga_instance::Model, catalogue: Catalogue) -> Self {
        let definition = catalogue.find(&row.kind, row.definition_version);
        // What a saga is about may be readable where what it does is not: a later binary has begun it.
        let table = definition.or_else(|| catalogue.latest(&row.kind));
        Self {
            id: SagaId(row.id),
            order_id: OrderId(row.order_id.unwrap_or(row.id)),
            user_id: UserId(row.user_id),
            kind: row.kind,
            progress: definition.and_then(|definition| definition.progress(&row.state)),
            state: row.state,
            stuck: row.stuck.and_then(|stuck| serde_json::from_value(stuck).ok()),
            held: row.held.and_then(|held| serde_json::from_value(held).ok()),
            cancel_request: row.cancel_request.and_then(|it| serde_json::from_value(it).ok()),
            known: table.and_then(|table| (table.facts)(row.context).ok()),
            amount: row.total_amount.map(Paise),
            fingerprint: row.fingerprint,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_error: row.last_error,
            owner: row.owner,
            revision: row.revision,
            version: row.version.unwrap_or(row.revision),
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
    /// The line, where the step has lines.
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

impl LoggedStep {
    fn of_row(row: step_log::Model, definition: Option<&Definition>) -> Self {
        Self {
            event: event_of(definition, &row),
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
    pub(super) fn found(&self, row: saga_instance::Model) -> Found {
        Found::of_row(row, self.catalogue)
    }

    /// The saga of that id.
    pub async fn find(&self, id: SagaId) -> Result<Option<Found>, Error> {
        let row = saga_instance::Entity::find_by_id(id.0).one(&self.read).await?;
        Ok(row.map(|row| self.found(row)))
    }

    /// Those of these that there are, in no order.
    pub async fn find_these(&self, ids: &[SagaId]) -> Result<Vec<Found>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let these = saga_instance::Column::Id.is_in(ids.iter().map(|id| id.0));
        let rows = saga_instance::Entity::find().filter(these).all(&self.read).await?;
        Ok(rows.into_iter().map(|row| self.found(row)).collect())
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
        let primary = self.write.primary();
        let found = saga_instance::Entity::find()
            .filter(saga_instance::Column::UserId.eq(user_id.0))
            .filter(saga_instance::Column::Kind.eq(kind))
            .filter(this_one)
            .one(&self.read)
            .await?;
        if found.is_some() {
            self.make_reads_durable(primary).await?;
        }
        Ok(found.map(|row| self.found(row)))
    }

    /// A saga as it was after this entry of its log, as if its owner had died right then, and the last
    /// entry's place; `None` where there is no such entry.
    pub async fn inspect_at(
        &self,
        id: SagaId,
        seq: i32,
    ) -> Result<Option<(Inspected, i32)>, Error> {
        let Some(row) = saga_instance::Entity::find_by_id(id.0).one(&self.read).await? else {
            return Ok(None);
        };
        let mut log = step_log::Entity::find()
            .filter(step_log::Column::SagaId.eq(id.0))
            .order_by_asc(step_log::Column::Seq)
            .all(&self.read)
            .await?;
        let last_seq = log.last().map_or(0, |entry| entry.seq);
        if !log.iter().any(|entry| entry.seq == seq) {
            return Ok(None);
        }
        log.retain(|entry| entry.seq <= seq);
        let definition = self.catalogue.find(&row.kind, row.definition_version);
        let at = log.last().map_or(row.created_at, |entry| entry.started_at);
        let mut instance = instance_of(row.clone(), log.clone(), self.catalogue);
        if let Ok(saga) = &mut instance
            && seq < last_seq
        {
            let entries = entries_of(saga.definition, &log);
            saga.progress = progress_after(saga.definition, &saga.position, &entries);
        }
        if let Ok(saga) = &mut instance {
            (saga.owner, saga.updated_at) = (Some(Uuid::nil()), at);
        }
        let steps = log.into_iter().map(|entry| LoggedStep::of_row(entry, definition)).collect();
        Ok(Some((Inspected { found: self.found(row), steps, instance }, last_seq)))
    }

    /// Everything about a saga.
    pub async fn inspect(&self, id: SagaId) -> Result<Option<Inspected>, Error> {
        let Some(row) = saga_instance::Entity::find_by_id(id.0).one(&self.read).await? else {
            return Ok(None);
        };
        let log = step_log::Entity::find()
            .filter(step_log::Column::SagaId.eq(id.0))
            .order_by_asc(step_log::Column::Seq)
            .limit(MAX_SHOWN)
            .all(&self.read)
            .await?;
        let definition = self.catalogue.find(&row.kind, row.definition_version);
        let instance = instance_of(row.clone(), log.clone(), self.catalogue);
        let steps = log.into_iter().map(|entry| LoggedStep::of_row(entry, definition)).collect();
        Ok(Some(Inspected { found: self.found(row), steps, instance }))
    }
}

//! A saga as its owner holds it: the row, the position that its log adds up to, and what is not
//! written yet.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cancel::CancelRequest;
use super::cause::Cause;
use super::definition::{Definition, KeyedBy};
use super::effect::Effect;
use super::entry::Entry;
use super::facts::{SagaFacts, Terms};
use super::id::SagaId;
use super::key::idempotency_key;
use super::position::Position;
use super::progress::{Direction, Progress};
use super::word::{Phase, StuckKind};
use crate::order::{OrderId, UserId};

/// Why and since when a saga needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// The sort of trouble.
    pub kind: StuckKind,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The step in trouble; a string, as an unreadable one has no better name.
    pub step: String,
    /// In a sentence.
    pub detail: String,
}

/// Since when, by whom and why a saga is held: nothing is sent for it, and it enters no state, until
/// it is released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The operator's name.
    pub who: String,
    /// In their words.
    pub reason: String,
}

/// A saga in an executor's hands.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its id.
    pub id: SagaId,
    /// The order that it is about.
    pub order_id: OrderId,
    /// Whose order.
    pub user_id: UserId,
    /// Its table.
    pub definition: &'static Definition,
    /// How far it has come.
    pub progress: Progress,
    /// Set while it needs a person.
    pub stuck: Option<Stuck>,
    /// Set while an operator holds it.
    pub held: Option<Held>,
    /// Set once it is to be cancelled.
    pub cancel_request: Option<CancelRequest>,
    /// What was agreed when it began.
    pub terms: Terms,
    /// Why it goes, or went, back.
    pub cause: Option<Cause>,
    /// What it knows, in its kind's own type.
    pub facts: SagaFacts,
    /// Failures in a row at what it is trying.
    pub attempts: u32,
    /// Not before then; `None` is at once.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Since when what it is trying fails.
    pub failing_since: Option<DateTime<Utc>>,
    /// The last failure, in a sentence.
    pub last_error: Option<String>,
    /// A saga that can still go back does so at this time.
    pub deadline_at: DateTime<Utc>,
    /// Who owns it; `None` for one that waits for anybody.
    pub owner: Option<Uuid>,
    /// Rises with each claim.
    pub fence: i64,
    /// Rises with each write, which names the one that it builds on.
    pub revision: i64,
    /// Rises with each change that an operator has to know of before acting; they see it as `version`.
    pub version: i64,
    /// Acceptance.
    pub created_at: DateTime<Utc>,
    /// The last write.
    pub updated_at: DateTime<Utc>,
    /// W3C trace context of the accepting request.
    pub trace_parent: String,
    /// What its log adds up to.
    pub position: Position,
    /// The log's next place.
    pub next_seq: i32,
    /// Its last owner died with it, and nothing is logged since.
    pub taken_over: bool,
    /// Entries that are applied and not yet handed to the store.
    pub unsaved: Vec<Entry>,
}

/// What a saga begins with.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// Its id.
    pub id: SagaId,
    /// The order that it is about; `None` for a saga that begins an order, which gets the saga's id.
    pub order_id: Option<OrderId>,
    /// Whose order.
    pub user_id: UserId,
    /// Its table.
    pub definition: &'static Definition,
    /// What it knows.
    pub facts: SagaFacts,
    /// What was agreed.
    pub terms: Terms,
    /// When.
    pub at: DateTime<Utc>,
    /// How long it may take until it is given up, if it can be.
    pub time: Duration,
    /// W3C trace context of the request.
    pub trace_parent: String,
}

impl Instance {
    /// A saga that begins, and that nobody owns yet.
    pub fn begin(beginning: Beginning) -> Self {
        let Beginning { id, order_id, user_id, definition, facts, terms, at, time, trace_parent } =
            beginning;
        Self {
            id,
            order_id: order_id.unwrap_or(OrderId(id.0)),
            user_id,
            definition,
            progress: Progress::START,
            stuck: None,
            held: None,
            cancel_request: None,
            position: Position::new(definition, &facts, &terms.promises, at),
            terms,
            cause: None,
            facts,
            attempts: 0,
            next_attempt_at: Some(at),
            failing_since: None,
            last_error: None,
            deadline_at: at + time,
            owner: None,
            fence: 0,
            revision: 0,
            version: 1,
            created_at: at,
            updated_at: at,
            trace_parent,
            next_seq: 1,
            taken_over: false,
            unsaved: Vec::new(),
        }
    }

    /// The stored word for where it stands.
    pub fn state(&self) -> &'static str {
        self.definition.word(self.progress)
    }

    /// The key under which a neighbour sees this effect, always.
    pub fn key(&self, effect: Effect, generation: u32) -> String {
        let subject = match self.definition.keyed_by {
            KeyedBy::Saga => self.id.0,
            KeyedBy::Order => self.order_id.0,
        };
        idempotency_key(subject, effect, generation)
    }

    /// Appends to the log and takes the entry in.
    pub fn log(&mut self, mut entry: Entry) {
        entry.seq = self.next_seq;
        self.next_seq += 1;
        self.position.apply(&entry);
        self.taken_over = false;
        self.unsaved.push(entry);
    }

    /// Comes to stand elsewhere, and begins what is to be done there afresh. The first cause of going back
    /// is kept, unless the saga was to be cancelled before.
    pub fn enter(&mut self, progress: Progress, cause: Option<Cause>) {
        self.progress = progress;
        if self.cause.is_none() {
            self.cause = cause;
        }
        if let Some(request) = &self.cancel_request
            && progress.direction() == Direction::Backward
        {
            self.cause = Some(request.cause());
        }
        self.attempts = 0;
        self.next_attempt_at = None;
        self.failing_since = None;
        self.last_error = None;
    }

    /// Takes in that the saga is to be cancelled. Where it goes back or has come to nothing, that is
    /// durable only with this as its cause: it was asked for before.
    pub fn cancel(&mut self, request: CancelRequest) {
        if self.progress.direction() == Direction::Backward {
            self.cause = Some(request.cause());
        }
        self.cancel_request = Some(request);
    }

    /// The phase of a call that is made now: settling a forward effect on the way back is
    /// compensation.
    pub fn phase(&self) -> Phase {
        match self.progress.direction() {
            Direction::Forward => Phase::Forward,
            Direction::Backward => Phase::Compensation,
        }
    }

    /// The step that it is at, for messages; the way back has no single one.
    pub fn current_step(&self) -> &'static str {
        let step = self.definition.next_step(self.progress);
        step.map_or(Phase::Compensation.into(), |step| step.word())
    }
}

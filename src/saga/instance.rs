//! A saga as its owner holds it: the row, the position that its log adds up to, and what is not
//! written yet.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cause::Cause;
use super::definition::Definition;
use super::entry::Entry;
use super::facts::{SagaFacts, Terms};
use super::id::SagaId;
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
    /// Rises with each write; operators see it as `version`.
    pub revision: i64,
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

impl Instance {
    /// The stored word for where it stands.
    pub fn state(&self) -> &'static str {
        self.definition.word(self.progress)
    }

    /// Appends to the log and takes the entry in.
    pub fn log(&mut self, mut entry: Entry) {
        entry.seq = self.next_seq;
        self.next_seq += 1;
        self.position.apply(&entry);
        self.taken_over = false;
        self.unsaved.push(entry);
    }

    /// Comes to stand elsewhere, and begins what is to be done there afresh. The first cause of
    /// going back is kept.
    pub fn enter(&mut self, progress: Progress, cause: Option<Cause>) {
        self.progress = progress;
        if self.cause.is_none() {
            self.cause = cause;
        }
        self.attempts = 0;
        self.next_attempt_at = None;
        self.failing_since = None;
        self.last_error = None;
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

//! Giving a saga up until it is due: for its next attempt, for an operator, or for whoever can go on
//! with it.

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{error, info, warn};

use super::drive::{Drive, Gone};
use crate::order::{Fact, OrderStatus, SagaTrouble};
use crate::saga::{Neighbour, Step, Stuck, StuckKind};
use crate::store::NewEvent;

/// What an operator waits for is left alone for so long.
const FOR_AN_OPERATOR: TimeDelta = TimeDelta::seconds(1);

impl Drive {
    /// Gives the saga up for whoever can go on with it, as soon as it would have gone on here.
    pub(super) async fn hand_over(&mut self) -> Result<(), Gone> {
        let due = self.saga.next_attempt_at.unwrap_or(self.parts.clock.now());
        self.park(Some(due), self.saga.stuck.clone()).await
    }

    /// Gives the saga up until it is due, for anybody; `None` is until a person has spoken.
    pub(super) async fn park(
        &mut self,
        due: Option<DateTime<Utc>>,
        stuck: Option<Stuck>,
    ) -> Result<(), Gone> {
        let due = due.map(|due| self.after_an_operator(due));
        self.saga.next_attempt_at = due;
        self.note_stuck(stuck);
        self.saga.owner = None;
        self.changed = true;
        self.submit();
        self.durable().await?;
        self.parts.waiting.tell(&self.saga);
        if let Some(due) = due {
            self.say_what_for(due);
            self.parts.claim_schedule.parked_until(due);
        }
        Ok(())
    }

    fn say_what_for(&self, due: DateTime<Utc>) {
        let why = if self.parts.shutdown.is_draining() {
            "this process stops"
        } else if self.yield_to_operator.is_cancelled() {
            "an operator waits for it"
        } else if !self.session.holds() {
            "the database has not heard of this process for too long"
        } else if self.saga.stuck.is_some() {
            "it needs a person"
        } else {
            "a call failed"
        };
        let (step, outcome) = self.failed.unzip();
        let neighbour = step.and_then(|step| self.saga.definition.neighbour(step));
        info!(
            why,
            step = step.map(Step::word),
            neighbour = neighbour.map(Neighbour::name),
            outcome = outcome.map(<&str>::from),
            error = self.saga.last_error,
            attempt = self.saga.attempts,
            %due,
            "waits"
        );
    }

    /// An operator who waits for it comes first.
    fn after_an_operator(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        if self.yield_to_operator.is_cancelled() {
            due.max(self.parts.clock.now() + FOR_AN_OPERATOR)
        } else {
            due
        }
    }

    fn note_stuck(&mut self, stuck: Option<Stuck>) {
        let was = self.saga.stuck.as_ref().map(|stuck| stuck.kind);
        if let Some(stuck) = stuck.as_ref().filter(|stuck| Some(stuck.kind) != was) {
            let (kind, step, detail) = (stuck.kind, &stuck.step, &stuck.detail);
            match kind {
                StuckKind::Exhausted => warn!(stuck = %kind, step, detail, "needs a person"),
                StuckKind::InDoubt | StuckKind::Refused | StuckKind::Unreadable => {
                    error!(stuck = %kind, step, detail, "needs a person");
                }
            }
        }
        self.saga.stuck = stuck;
    }

    /// Adds the event of what is in trouble now, and was not at the last write, or is no longer.
    pub(super) fn tell_of_trouble(&mut self) {
        let now = self.saga.stuck.clone();
        let was = std::mem::replace(&mut self.told, now.clone());
        let same = |one: &Stuck, other: &Stuck| one.kind == other.kind && one.step == other.step;
        match (was, now) {
            (Some(was), Some(now)) if same(&was, &now) => {}
            (_, Some(now)) => self.tell(Fact::SagaStuck, &now, &now.detail),
            (Some(was), None) => {
                let ended = format!("the saga goes on: {}", self.saga.state());
                self.tell(Fact::SagaUnstuck, &was, &ended);
            }
            (None, None) => {}
        }
    }

    /// Adds events of trouble of a write that was not taken to what is recorded instead.
    pub(super) fn tell_again(&mut self, trouble: Vec<NewEvent>) {
        let status = self.status_told();
        self.records.events.extend(trouble.into_iter().map(|event| NewEvent { status, ..event }));
    }

    fn tell(&mut self, fact: fn(SagaTrouble) -> Fact, stuck: &Stuck, detail: &str) {
        let saga = &self.saga;
        let trouble = SagaTrouble {
            saga_id: saga.id.0,
            kind: saga.definition.kind.to_owned(),
            step: stuck.step.clone(),
            stuck: stuck.kind.to_string(),
            detail: detail.to_owned(),
        };
        let event = NewEvent::of(saga, fact(trouble), &self.parts.clock);
        self.records.events.push(NewEvent { status: self.status_told(), ..event });
    }

    /// The status that listeners know the order by once they are told what is recorded now; `None` for the one
    /// that its row has. An event of trouble that says another would tell of a move that never was.
    pub(super) fn status_told(&self) -> Option<OrderStatus> {
        let told = self.records.events.iter().rev().find_map(|event| event.status);
        let is_told = self.saga.cancel_request.as_ref().is_some_and(|request| request.is_told);
        told.or(is_told.then_some(OrderStatus::Cancelling))
    }
}

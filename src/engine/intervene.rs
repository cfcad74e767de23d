//! An operator's word, taken to a saga that nobody drives right now.

use chrono::{DateTime, Utc};
use tracing::info;

use super::drive::Drive;
use super::executor::{Executor, Place};
use crate::neighbours::Errand;
use crate::order::OrderId;
use crate::saga::intervention::{allowed, intervene};
use crate::saga::key::idempotency_key;
use crate::saga::{Call, Effect, How, Instance, Intervention, Outcome, Word};
use crate::store::{self, Found};
use crate::trace::TraceParent;

/// What was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// The saga right after.
    pub saga: Found,
    /// In words.
    pub did: String,
}

/// Why nothing was done.
#[derive(Debug)]
pub enum NotDone {
    /// There is no such saga.
    NotFound,
    /// The operator looked at another version than this.
    Stale {
        /// The present one.
        version: i64,
    },
    /// Not now.
    NotAllowed {
        /// Why.
        why: String,
        /// What is.
        allowed: Vec<&'static str>,
    },
    /// The database is out of reach. It may have been done.
    Unavailable(store::Error),
}

impl Executor {
    /// What an operator may do to this saga now: judged by doing it to a copy.
    #[must_use]
    pub fn actions(&self, saga: &Instance) -> Vec<&'static str> {
        // Its owner is acting on it: nobody else may.
        if saga.owner.is_some() {
            return Vec::new();
        }
        allowed(saga, &self.0.settings.policy, self.0.clock.now())
    }

    /// Takes an operator's word to a saga. Done when it is durable; the saga is driven on from
    /// there. An operator who hangs up stops nothing.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn intervene(
        &self,
        id: OrderId,
        what: Intervention,
        word: &Word,
        if_match: Option<i64>,
    ) -> Result<Done, NotDone> {
        let (this, word) = (self.clone(), word.clone());
        let task = async move { this.claim_and_intervene(id, what, &word, if_match).await };
        let Ok(done) = self.0.sagas.spawn(task).await else {
            return Err(not_allowed("it broke; see the log".to_owned(), vec![]));
        };
        done
    }

    async fn claim_and_intervene(
        &self,
        id: OrderId,
        what: Intervention,
        word: &Word,
        if_match: Option<i64>,
    ) -> Result<Done, NotDone> {
        let shared = &self.0;
        let inspected = shared.store.inspect(id, &shared.definitions).await;
        let inspected = inspected.map_err(NotDone::Unavailable)?.ok_or(NotDone::NotFound)?;
        let version = inspected.found.revision;
        if if_match.is_some_and(|wanted| wanted != version) {
            return Err(NotDone::Stale { version });
        }
        let saga =
            inspected.instance.map_err(|unreadable| not_allowed(unreadable.to_string(), vec![]))?;
        self.check(&saga, what, word).await?;
        let (life, now) = (shared.life(), shared.clock.now());
        if !life.holds() {
            return Err(not_allowed(
                "the database has not heard of us for too long".to_owned(),
                vec![],
            ));
        }
        let claim = shared.store.claim_one((id, version), life.id, now, &shared.definitions).await;
        let Some(mut saga) = claim.map_err(NotDone::Unavailable)? else {
            return Err(not_allowed("it was just taken up".to_owned(), vec![]));
        };
        let did = self.apply(&mut saga, what, word, now);
        let mut drive = Drive::claimed(shared.clone(), life, saga);
        if did.is_ok() {
            drive.changed = true;
            drive.submit();
            let gone = |_| not_allowed("it was taken over by another executor".to_owned(), vec![]);
            drive.durable().await.map_err(gone)?;
        }
        let saga = Found::of(&drive.saga);
        // An operator's word needs no free place: a person is waiting for it.
        let place = shared.places.clone().try_acquire_owned().ok();
        shared.spawn(drive, Place::for_word(place));
        let did = did.map_err(|why| not_allowed(why, vec![]))?;
        info!(saga.id = %id, operator = word.operator, did, "an operator intervened");
        Ok(Done { saga, did })
    }

    fn apply(
        &self,
        saga: &mut Instance,
        what: Intervention,
        word: &Word,
        now: DateTime<Utc>,
    ) -> Result<String, String> {
        let settings = &self.0.settings;
        intervene(saga, what, word, &settings.policy, (now, settings.deadline))
    }

    async fn check(&self, saga: &Instance, what: Intervention, word: &Word) -> Result<(), NotDone> {
        let allowed = self.actions(saga);
        if saga.owner.is_some() {
            let why = "it is being advanced right now, and a call may be in flight".to_owned();
            return Err(not_allowed(why, allowed));
        }
        if let Err(why) = self.apply(&mut saga.clone(), what, word, self.0.clock.now()) {
            return Err(not_allowed(why, allowed));
        }
        match what {
            Intervention::Resolve { effect, happened: false } => {
                let contradicted = self.contradicted(saga, effect).await;
                contradicted.map_or(Ok(()), |why| Err(not_allowed(why, allowed)))
            }
            Intervention::Resolve { .. } | Intervention::Retry | Intervention::Compensate => Ok(()),
        }
    }

    /// Why the neighbour does not bear out that it has not happened, where it can be asked.
    async fn contradicted(&self, saga: &Instance, effect: Effect) -> Option<String> {
        let can_look_up = saga.position.stage(effect.step).is_some_and(|of| of.stage.can_look_up);
        let track = saga.position.track(effect).filter(|_| can_look_up)?;
        let call = Call {
            effect,
            phase: saga.phase(),
            key: idempotency_key(saga.id, effect, track.generation),
            generation: track.generation,
            attempt: track.attempts + 1,
            how: How::LookUp,
            unsure_before: true,
            repeat_before: None,
            intent_first: false,
        };
        let trace = TraceParent::parse(&saga.trace_parent).unwrap_or_else(TraceParent::fresh);
        let errand = Errand { trace: &trace, may_send: &|| true };
        let report = self.0.kind(saga).call(saga, &call, errand).await;
        match (report.outcome, report.status) {
            (Outcome::Done, _) => Some(format!("{} is recorded as done", effect.step)),
            (_, Some(200 | 404)) => None,
            _unanswered => Some(format!("{} can't be looked up now", effect.step)),
        }
    }
}

fn not_allowed(why: String, allowed: Vec<&'static str>) -> NotDone {
    NotDone::NotAllowed { why, allowed }
}

//! An operator's word, taken to a saga. One that is being driven is waited for, and a driver of this
//! process gives it up as soon as that does no harm.

use std::future::ready;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::info;

use super::drive::Drive;
use super::executor::Executor;
use super::second_click::is_second_click;
use crate::neighbours::CallContext;
use crate::saga::{Call, Effect, How, Instance, Intervention, Outcome, SagaId, Word};
use crate::saga::{Outlook, Preview, intervene, previews};
use crate::store::{self, Found, NewAuditEntry};
use crate::trace::TraceParent;

/// An operator waits so long for a saga that is being driven.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// And looks so often whether it still is.
const LOOK: Duration = Duration::from_millis(20);

/// Why a saga that is being advanced is left alone.
pub const BEING_ADVANCED: &str = "it is being advanced right now, and a call may be in flight";

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
    /// Not now, as it is being advanced.
    BeingAdvanced {
        /// What is allowed.
        allowed: Vec<&'static str>,
    },
    /// The database is out of reach. It may have been done.
    Unavailable(store::Error),
}

/// Whether what was asked for is still to be done.
pub type IsWanted = Box<dyn Fn() -> BoxFuture<'static, Result<bool, store::Error>> + Send + Sync>;

impl Executor {
    /// What an operator may do to this saga now, and what that will do.
    #[must_use]
    pub fn previews(&self, saga: &Instance) -> Vec<Preview> {
        let mut previews = previews(saga, &self.0.settings.policy, self.0.clock.now());
        // What is being tried now needs no retry.
        previews.retain(|one| saga.owner.is_none() || one.what != Intervention::Retry);
        previews
    }

    /// What this saga does next, and when; `None` at rest.
    #[must_use]
    pub fn outlook(&self, saga: &Instance) -> Option<Outlook> {
        saga.outlook(&self.0.settings.policy, self.0.clock.now())
    }

    fn allowed(&self, saga: &Instance) -> Vec<&'static str> {
        names(&self.previews(saga))
    }

    /// Takes an operator's word to a saga. Done when it is durable; the saga is driven on from
    /// there. The audit entry is durable with it; a repeat that changes nothing leaves none. An operator who
    /// hangs up stops nothing.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn intervene(
        &self,
        id: SagaId,
        what: Intervention,
        word: &Word,
        if_match: Option<i64>,
        audit: Option<NewAuditEntry>,
    ) -> Result<Done, NotDone> {
        let always = Box::new(|| ready(Ok(true)).boxed());
        self.intervene_while(always, id, what, word, if_match, audit).await
    }

    /// The same, unless it is not wanted any more ([`NotDone::Stale`]): that is asked after the saga was read, and
    /// before it is claimed as it was read.
    pub async fn intervene_while(
        &self,
        is_wanted: IsWanted,
        id: SagaId,
        what: Intervention,
        word: &Word,
        if_match: Option<i64>,
        audit: Option<NewAuditEntry>,
    ) -> Result<Done, NotDone> {
        let (this, word) = (self.clone(), word.clone());
        let task = async move {
            let asked = (what, &word);
            this.intervene_when_free(id, asked, if_match, audit.as_ref(), is_wanted).await
        };
        let Ok(done) = self.0.shutdown.sagas.spawn(task).await else {
            return Err(not_allowed("it broke; see the log".to_owned(), vec![]));
        };
        done
    }

    async fn intervene_when_free(
        &self,
        id: SagaId,
        (what, word): (Intervention, &Word),
        if_match: Option<i64>,
        audit: Option<&NewAuditEntry>,
        is_wanted: IsWanted,
    ) -> Result<Done, NotDone> {
        let parts = &self.0;
        let came_at = parts.clock.now();
        let give_up_at = parts.clock.monotonic() + self.patience_for(what);
        loop {
            let inspected = parts.store.inspect(id).await;
            let inspected = inspected.map_err(NotDone::Unavailable)?.ok_or(NotDone::NotFound)?;
            let (version, revision) = (inspected.found.version, inspected.found.revision);
            let is_stale = if_match.is_some_and(|wanted| wanted != version);
            if is_stale || !is_wanted().await.map_err(NotDone::Unavailable)? {
                return Err(NotDone::Stale { version });
            }
            let now = parts.clock.now();
            if is_second_click(&inspected.steps, (what, word), came_at, now) {
                let did = "nothing more: it was done a moment ago".to_owned();
                return Ok(Done { saga: inspected.found, did });
            }
            let saga = inspected.instance;
            let saga = saga.map_err(|unreadable| not_allowed(unreadable.to_string(), vec![]))?;
            if saga.owner.is_none() {
                self.check(&saga, what, word).await?;
                if what.is_about_holding() {
                    match self.hold(saga, what, word, inspected.found, audit).await? {
                        Some(done) => return Ok(done),
                        None => continue,
                    }
                }
                let done = self.claim_and_intervene((id, revision), what, word, audit).await?;
                if let Some(done) = done {
                    return Ok(done);
                }
            }
            let is_late = parts.clock.monotonic() >= give_up_at;
            // What is being tried now needs no retry.
            if is_late || (saga.owner.is_some() && what == Intervention::Retry) {
                return Err(NotDone::BeingAdvanced { allowed: self.allowed(&saga) });
            }
            if saga.owner.is_some() {
                self.ask_for(&saga, what, word)?;
            }
            parts.clock.sleep(LOOK).await;
        }
    }

    /// Has a driver of this process give the saga up, if that is of use.
    fn ask_for(&self, saga: &Instance, what: Intervention, word: &Word) -> Result<(), NotDone> {
        self.apply(&mut saga.clone(), what, word, self.0.clock.now())
            .map_err(|why| not_allowed(why, self.allowed(saga)))?;
        if let Some(active) = self.0.active.get(saga.id) {
            active.yield_to_operator.cancel();
            // What is done by hand next must not be overtaken by a call that nobody waited for.
            if what != Intervention::Hold {
                active.cut_calls.cancel();
            }
        }
        Ok(())
    }

    /// `None` when somebody else was quicker.
    async fn claim_and_intervene(
        &self,
        (id, revision): (SagaId, i64),
        what: Intervention,
        word: &Word,
        audit: Option<&NewAuditEntry>,
    ) -> Result<Option<Done>, NotDone> {
        let parts = &self.0;
        let (session, now) = (parts.session.get(), parts.clock.now());
        if !session.holds() {
            let why = "the database has not heard of us for too long".to_owned();
            return Err(not_allowed(why, vec![]));
        }
        let claim = parts.store.claim_one((id, revision), session.id, now).await;
        let unheard = |_: &store::Error| parts.active.may_have_lost_one();
        let claim = claim.inspect_err(unheard).map_err(NotDone::Unavailable)?;
        let Some(mut saga) = claim else { return Ok(None) };
        let trouble = saga.stuck.clone();
        let did = self.apply(&mut saga, what, word, now);
        let mut drive = Drive::claimed(parts.clone(), session, saga);
        drive.told = trouble;
        if did.is_ok() {
            drive.changed = true;
            drive.records.audited.extend(audit.cloned());
            drive.submit();
            // It may have been written before another executor took the saga over.
            let unheard = |_gone| {
                NotDone::Unavailable(store::Error::unheard("another executor has the saga by now"))
            };
            drive.durable().await.map_err(unheard)?;
        }
        let saga = Found::of(&drive.saga);
        // An operator's word needs no free place: a person is waiting for it.
        parts.spawn(drive, parts.permits.for_operator());
        let did = did.map_err(|why| not_allowed(why, vec![]))?;
        info!(saga.id = %id, operator = word.operator, did, "an operator intervened");
        Ok(Some(Done { saga, did }))
    }

    pub(super) fn apply(
        &self,
        saga: &mut Instance,
        what: Intervention,
        word: &Word,
        now: DateTime<Utc>,
    ) -> Result<String, String> {
        intervene(saga, what, word, &self.0.settings.policy, now)
    }

    async fn check(&self, saga: &Instance, what: Intervention, word: &Word) -> Result<(), NotDone> {
        let allowed = self.allowed(saga);
        if let Err(why) = self.apply(&mut saga.clone(), what, word, self.0.clock.now()) {
            return Err(not_allowed(why, allowed));
        }
        match what {
            Intervention::Resolve { effect, happened: false } => {
                let contradicted = self.contradicted(saga, effect).await;
                contradicted.map_or(Ok(()), |why| Err(not_allowed(why, allowed)))
            }
            Intervention::Resolve { .. }
            | Intervention::Retry
            | Intervention::Compensate
            | Intervention::Hold
            | Intervention::Release => Ok(()),
        }
    }

    /// Why the neighbour does not bear out that it has not happened, where it can be asked.
    async fn contradicted(&self, saga: &Instance, effect: Effect) -> Option<String> {
        let can_look_up = saga.position.action(effect.step).is_some_and(|of| of.action.can_look_up);
        let track = saga.position.track(effect).filter(|_| can_look_up)?;
        let call = Call {
            effect,
            phase: saga.phase(),
            key: saga.key(effect, track.generation),
            generation: track.generation,
            attempt: track.attempts + 1,
            how: How::LookUp,
            unsure_before: true,
            repeat_before: None,
            deadline: None,
            intent_first: false,
        };
        let trace = TraceParent::parse(&saga.trace_parent).unwrap_or_else(TraceParent::fresh);
        // A person asks: it comes out of no budget.
        let context = CallContext { trace: &trace, may_send: &|| true, attempt: 1 };
        let report = self.0.kinds.of(saga).call(saga, &call, context).await;
        match (report.outcome, report.status) {
            (Outcome::Done, _) => Some(format!("{} is recorded as done", effect.step)),
            (_, Some(200 | 404)) => None,
            _unanswered => Some(format!("{} can't be looked up now", effect.step)),
        }
    }
}

/// The actions among these, each once.
pub fn names(previews: &[Preview]) -> Vec<&'static str> {
    let mut names: Vec<_> = previews.iter().map(|preview| preview.what.name()).collect();
    names.dedup();
    names
}

pub(super) fn not_allowed(why: String, allowed: Vec<&'static str>) -> NotDone {
    NotDone::NotAllowed { why, allowed }
}

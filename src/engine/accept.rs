//! Taking a saga in: it is made and driven here at once, and its client watches.
//!
//! The invariant: nobody is told that a saga is accepted before it is durable.

use std::sync::Arc;
use std::time::Duration;

use super::drive::Drive;
use super::executor::{Executor, Parts};
use super::lease::Session;
use super::permit::Permit;
use super::waiting::{Seen, Taken, Waiter};
use crate::order::{OrderId, UserId};
use crate::saga::{Beginning, Definition, Instance, SagaFacts, SagaId, Terms};
use crate::store::{Accepted as Acceptable, Base, Fate, Found, Identity};
use crate::trace::TraceParent;

/// How long a client waits to hear whether a saga was accepted, at least.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(10);

/// A saga to be.
#[derive(Clone, Debug)]
pub struct NewSaga {
    /// The table that it goes by.
    pub definition: &'static Definition,
    /// The order that it is about; `None` for a saga that begins an order, which gets the saga's id.
    pub order_id: Option<OrderId>,
    /// Whose order.
    pub user_id: UserId,
    /// What is known of it at acceptance.
    pub facts: SagaFacts,
    /// A client waits for the decision, so the saga has the shorter deadline.
    pub attended: bool,
    /// What repeats of it are known by.
    pub identity: Option<Identity>,
    /// Of the request as parsed.
    pub fingerprint: String,
    /// The client's trace.
    pub trace: TraceParent,
}

/// How long a client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the saga is accepted, no longer. The client is told nothing more unless it asks.
    Accepted,
    /// Until the saga is accepted, no longer. The client is told the decision later, without asking.
    Promised,
    /// Until the saga is decided, at most this long.
    Decided(Duration),
}

impl Wait {
    /// The client waits for no more than the acceptance.
    pub fn is_over_at_once(self) -> bool {
        matches!(self, Self::Accepted | Self::Promised | Self::Decided(Duration::ZERO))
    }

    /// The client leaves with the acceptance, and hears of the decision in another way or not at all.
    pub fn leaves_with_acceptance(self) -> bool {
        self.is_over_at_once() && self != Self::Promised
    }
}

/// Why nothing was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// As many sagas are being advanced as may be.
    Concurrency,
    /// As many sagas are open as may be.
    Backlog,
    /// The process is stopping.
    Draining,
    /// The database is out of reach, or has not heard of this process for too long.
    NoDatabase,
}

impl Executor {
    /// Takes a saga in and drives it at once, here, with no queue between. What is returned only
    /// watches: dropping it stops nothing.
    ///
    /// # Errors
    /// Why not; then nothing was accepted.
    pub(super) fn accept(&self, new: NewSaga, wait: Wait) -> Result<Accepted, Shed> {
        let permit = self.permit().inspect_err(|_| self.0.metrics.shed())?;
        Ok(self.begin(new, wait, permit))
    }

    /// How many sagas could be taken in now; 0 while all are turned away.
    pub fn room(&self) -> usize {
        if self.closed().is_some() { 0 } else { self.0.permits.free() }
    }

    fn permit(&self) -> Result<Permit, Shed> {
        match self.closed() {
            Some(shed) => Err(shed),
            None => self.0.permits.for_new().ok_or(Shed::Concurrency),
        }
    }

    /// Why nothing is taken in, however many permits are free.
    fn closed(&self) -> Option<Shed> {
        let parts = &self.0;
        if self.is_draining() {
            return Some(Shed::Draining);
        }
        if !parts.session.get().holds() || parts.writer.is_down() {
            return Some(Shed::NoDatabase);
        }
        parts.backlog.is_full().then_some(Shed::Backlog)
    }

    fn begin(&self, new: NewSaga, wait: Wait, permit: Permit) -> Accepted {
        let parts = &self.0;
        let session = parts.session.get();
        let (identity, fingerprint) = (new.identity.clone(), new.fingerprint.clone());
        let trace = new.trace.clone();
        let saga = self.instance(new, wait, &session);
        let id = saga.id;
        let waiter = parts.waiting.subscribe(id);
        let known_by = identity.clone().map(|identity| (saga.user_id, identity));
        let base = Base::New(Acceptable { identity, fingerprint });
        let mut drive = Drive::new(parts.clone(), session, saga, base);
        drive.trace = trace;
        let (taken, repeats) = drive.accept();
        drive.accepts = known_by.filter(|by| parts.acceptances.note(by, repeats));
        if wait.is_over_at_once() {
            drive.submit();
        }
        parts.backlog.opened();
        parts.spawn(drive, permit);
        Accepted { id, taken, waiter, parts: parts.clone() }
    }

    /// Whether a saga of this identity was accepted here and is still driven here. Returns once it is
    /// known what became of the acceptance.
    pub(super) async fn has_accepted(&self, user_id: UserId, identity: &Identity) -> bool {
        let known = self.0.acceptances.get(&(user_id, identity.clone()));
        let Some(known) = known else { return false };
        let _known = self.0.clock.within(ACCEPT_TIMEOUT, known).await;
        true
    }

    fn instance(&self, new: NewSaga, wait: Wait, session: &Session) -> Instance {
        let (now, policy) = (self.0.clock.now(), &self.0.settings.policy);
        let id = SagaId(self.0.clock.fresh_id());
        let (attended, answered) = (new.attended, wait.leaves_with_acceptance());
        let terms = Terms { promises: policy.promises(), attended, answered };
        let begun = Instance::begin(Beginning {
            id,
            order_id: new.order_id,
            user_id: new.user_id,
            definition: new.definition,
            facts: new.facts,
            time: policy.time_for(&terms),
            terms,
            at: now,
            trace_parent: new.trace.to_string(),
        });
        Instance { owner: Some(session.id), fence: 1, next_attempt_at: None, ..begun }
    }

    /// Waits for news of a saga that was found undecided.
    pub(super) async fn wait_for(&self, found: Found, wait: Duration) -> Seen {
        let mut waiter = self.0.waiting.subscribe(found.id);
        let parts = &self.0;
        let found = Seen::from(found);
        if found.is_worth_telling() {
            return found;
        }
        tokio::select! {
            biased;
            seen = waiter.news(parts) => return seen,
            () = parts.clock.sleep(wait) => {}
            () = parts.shutdown.draining.cancelled() => {}
        }
        parts.look(found.id).await.unwrap_or(found)
    }
}

/// A saga that is being taken in, as its client sees it.
#[derive(Debug)]
pub(super) struct Accepted {
    /// The saga's id to be.
    pub(super) id: SagaId,
    taken: Taken,
    waiter: Waiter,
    parts: Arc<Parts>,
}

impl Accepted {
    /// Waits until it is known what became of the acceptance; `None` where that takes too long.
    pub(super) async fn durable(self) -> Option<Fate> {
        let heard = self.parts.clock.within(ACCEPT_TIMEOUT, self.taken).await;
        // A writer that is gone has said nothing.
        heard.and_then(Result::ok)
    }

    /// Waits until the saga is decided or needs a person, until `wait` is over, or until the process
    /// stops. Then only what is durable counts:
    ///
    /// ```text
    /// 1. while it is driven here    told: the decision  ──────────────────────▶ the decision
    ///                               its driver left, time is up, stopping
    ///                                 │
    /// 2. is it accepted?            within ACCEPT_TIMEOUT of the start at least
    ///                                 │ yes              no, or not known ────▶ that
    /// 3. while others drive it      told, or seen in the database: the decision ▶ the decision
    ///                               time is up, stopping
    ///                                 │
    /// 4. a last look at the database ─────────────────────────────────────────▶ what it shows
    /// ```
    pub(super) async fn decided(mut self, wait: Duration) -> (Option<Fate>, Option<Seen>) {
        let Parts { clock, shutdown, .. } = &*self.parts;
        let (began, limit, mut out_of_time) = (clock.monotonic(), clock.sleep(wait), false);
        tokio::pin!(limit);
        tokio::select! {
            biased;
            told = self.waiter.told() => if let Some(seen) = told {
                return (Some(Fate::Written), Some(seen));
            },
            () = &mut limit => out_of_time = true,
            () = shutdown.draining.cancelled() => {}
        }
        let waited = clock.monotonic().saturating_sub(began);
        let left = wait.max(ACCEPT_TIMEOUT).saturating_sub(waited);
        let fate = clock.within(left, self.taken).await.and_then(Result::ok);
        if !fate.is_some_and(Fate::is_accepted) {
            return (fate, None);
        }
        if !out_of_time {
            tokio::select! {
                biased;
                seen = self.waiter.news(&self.parts) => return (fate, Some(seen)),
                () = &mut limit => {}
                () = shutdown.draining.cancelled() => {}
            }
        }
        (fate, Box::pin(self.parts.look(self.id)).await)
    }
}

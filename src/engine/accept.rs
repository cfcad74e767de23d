//! Taking checkouts in: a saga is made and driven here at once, and its client watches.
//!
//! The invariant: nobody is told that a checkout is accepted before it is durable.

use std::sync::Arc;
use std::time::Duration;

use super::drive::Drive;
use super::executor::{Executor, Parts};
use super::lease::Session;
use super::permit::Permit;
use super::queued::Written;
use super::waiting::{Acceptance, Seen, Taken, Waiter};
use crate::order::{OrderId, UserId};
use crate::saga::{Context, Definition, Instance, Position};
use crate::store::{Accepted as Acceptable, Base, Found, Identity};
use crate::trace::TraceParent;

/// How long a client that only wants to be accepted waits for that.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(10);

/// A saga to be.
#[derive(Clone, Debug)]
pub struct NewSaga {
    /// Of which kind.
    pub definition: &'static Definition,
    /// For whom.
    pub user_id: UserId,
    /// What is known of it at acceptance.
    pub context: Context,
    /// What repeats of it are known by.
    pub identity: Option<Identity>,
    /// Of the request as parsed.
    pub fingerprint: String,
    /// The client's trace.
    pub trace: TraceParent,
    /// The client waits for no more than the acceptance.
    pub at_once: bool,
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
    pub fn accept(&self, new: NewSaga) -> Result<Accepted, Shed> {
        self.permit().map(|permit| self.begin(new, permit)).inspect_err(|_| self.0.metrics.shed())
    }

    fn permit(&self) -> Result<Permit, Shed> {
        let parts = &self.0;
        if self.is_draining() {
            return Err(Shed::Draining);
        }
        if !parts.session.get().holds() || parts.writer.is_down() {
            return Err(Shed::NoDatabase);
        }
        if parts.backlog.is_full() {
            return Err(Shed::Backlog);
        }
        parts.permits.for_new().ok_or(Shed::Concurrency)
    }

    fn begin(&self, new: NewSaga, permit: Permit) -> Accepted {
        let parts = &self.0;
        let (session, at_once) = (parts.session.get(), new.at_once);
        let (identity, fingerprint) = (new.identity.clone(), new.fingerprint.clone());
        let saga = self.instance(new, &session);
        let id = saga.id;
        let waiter = parts.waiting.subscribe(id);
        let known_by = identity.clone().map(|identity| (saga.user_id, identity));
        let base = Base::New(Acceptable { identity, fingerprint });
        let mut drive = Drive::new(parts.clone(), session, saga, base);
        let (taken, repeats) = drive.accept();
        drive.accepts = known_by.filter(|by| parts.acceptances.note(by, repeats));
        if at_once {
            drive.submit();
        }
        parts.backlog.opened();
        parts.spawn(drive, permit);
        Accepted { id, taken, waiter, parts: parts.clone() }
    }

    /// Whether a saga of this identity was accepted here and is still driven here. Returns once it is
    /// known what became of the acceptance.
    pub async fn has_accepted(&self, user_id: UserId, identity: &Identity) -> bool {
        let known = self.0.acceptances.get(&(user_id, identity.clone()));
        let Some(known) = known else { return false };
        let _known = self.0.clock.within(ACCEPT_TIMEOUT, known).await;
        true
    }

    fn instance(&self, new: NewSaga, session: &Session) -> Instance {
        let now = self.0.clock.now();
        let context = new.context;
        Instance {
            id: OrderId(self.0.clock.fresh_id()),
            definition: new.definition,
            user_id: new.user_id,
            state: new.definition.starts,
            stuck: None,
            held: None,
            position: Position::new(new.definition, &context, now),
            deadline_at: now + self.0.settings.policy.time_for(&context),
            context,
            attempts: 0,
            next_attempt_at: None,
            failing_since: None,
            last_error: None,
            owner: Some(session.id),
            fence: 1,
            revision: 0,
            created_at: now,
            updated_at: now,
            trace_parent: new.trace.to_string(),
            next_seq: 1,
            taken_over: false,
            unsaved: Vec::new(),
        }
    }

    /// Waits for news of a saga that was found undecided.
    pub async fn wait_for(&self, found: Found, wait: Duration) -> Seen {
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
pub struct Accepted {
    /// The order's id to be.
    pub id: OrderId,
    taken: Taken,
    waiter: Waiter,
    parts: Arc<Parts>,
}

impl Accepted {
    /// Waits until it is in the books, or surely not.
    pub async fn durable(self) -> Acceptance {
        tokio::select! {
            biased;
            acceptance = heard(self.taken) => acceptance,
            () = self.parts.clock.sleep(ACCEPT_TIMEOUT) => Acceptance::Unknown,
        }
    }

    /// Waits until it is decided or needs a person, or for so long, or until the process stops; then
    /// what is durable counts.
    pub async fn decided(mut self, wait: Duration) -> (Acceptance, Option<Seen>) {
        let Parts { clock, shutdown, .. } = &*self.parts;
        let (began, limit, mut out_of_time) = (clock.monotonic(), clock.sleep(wait), false);
        tokio::pin!(limit);
        // While it is driven here, nothing but its end is worth to be woken for.
        tokio::select! {
            biased;
            word = self.waiter.word() => if let Some(seen) = word {
                return (Acceptance::Durable, Some(seen));
            },
            () = &mut limit => out_of_time = true,
            () = shutdown.draining.cancelled() => {}
        }
        // Even who doesn't want to wait is only told what is durable.
        let waited = clock.monotonic().saturating_sub(began);
        let left = wait.max(ACCEPT_TIMEOUT).saturating_sub(waited);
        let taken = clock.within(left, heard(self.taken)).await.unwrap_or(Acceptance::Unknown);
        if taken != Acceptance::Durable {
            return (taken, None);
        }
        if !out_of_time {
            tokio::select! {
                biased;
                seen = self.waiter.news(&self.parts) => return (taken, Some(seen)),
                () = &mut limit => {}
                () = shutdown.draining.cancelled() => {}
            }
        }
        (taken, Box::pin(self.parts.look(self.id)).await)
    }
}

async fn heard(taken: Taken) -> Acceptance {
    match taken.await {
        Ok(Written::Durable | Written::TakenUp) => Acceptance::Durable,
        Ok(Written::Repeats) => Acceptance::Repeats,
        Ok(Written::Absent | Written::Lost) => Acceptance::NotWritten,
        Err(_writer_gone) => Acceptance::Unknown,
    }
}

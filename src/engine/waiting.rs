//! Clients that wait for a saga, whoever drives it.
//!
//! This process tells its own waiters as soon as the decision is durable. A saga that nobody drives
//! here (another replica does, or it waits for its next attempt) is looked up now and then besides.
//! Nothing here holds a saga up: a waiter that goes away is simply not told.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::{oneshot, watch};

use super::accept::NewSaga;
use super::executor::Parts;
use crate::order::{OrderId, Paise, UserId};
use crate::saga::{Instance, Known, Progress, SagaId};
use crate::store::{Fate, Found};

/// The first look at the database comes so long after the last news.
const FIRST_LOOK: Duration = Duration::from_millis(100);
/// Looks are at most so far apart, and the last one takes no longer.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// What a client's answer is made of.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The saga's id.
    pub id: SagaId,
    /// The order that it is about.
    pub order_id: OrderId,
    /// Whose order.
    pub user_id: UserId,
    /// How far it has come; `None` where that is not known here.
    pub progress: Option<Progress>,
    /// It needs a person, or a person holds it.
    pub needs_person: bool,
    /// What it is about, in paise, once it is known.
    pub amount: Option<Paise>,
    /// What it knows; `None` where this binary can't read it.
    pub known: Option<Known>,
}

impl Seen {
    /// One that was just accepted, and of which nothing else has been heard.
    pub(super) fn undecided(id: SagaId, new: &NewSaga) -> Self {
        let order_id = new.order_id.unwrap_or(OrderId(id.0));
        let (user_id, needs_person) = (new.user_id, false);
        Self { id, order_id, user_id, progress: None, needs_person, amount: None, known: None }
    }

    /// There is an answer, or there is none before a person has decided something.
    pub(super) fn is_worth_telling(&self) -> bool {
        self.needs_person || self.progress.is_some_and(Progress::is_rest)
    }
}

impl From<Found> for Seen {
    fn from(found: Found) -> Self {
        Self {
            id: found.id,
            order_id: found.order_id,
            user_id: found.user_id,
            progress: found.progress,
            needs_person: found.stuck.is_some() || found.held.is_some(),
            amount: found.amount,
            known: found.known,
        }
    }
}

impl From<&Instance> for Seen {
    fn from(saga: &Instance) -> Self {
        let (terms, cause, facts) = (saga.terms.clone(), saga.cause.clone(), saga.facts.clone());
        Self {
            id: saga.id,
            order_id: saga.order_id,
            user_id: saga.user_id,
            progress: Some(saga.progress),
            needs_person: saga.stuck.is_some() || saga.held.is_some(),
            amount: facts.amount(),
            known: Some(Known { terms, cause, facts }),
        }
    }
}

/// Who waits for what.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<DashMap<SagaId, watch::Sender<Option<Seen>>>>);

impl Waiting {
    /// Tells everybody who waits for this saga, if it is worth telling.
    pub(super) fn tell(&self, saga: &Instance) {
        let seen = Seen::from(saga);
        if let Some(waiters) = self.0.get(&saga.id).filter(|_| seen.is_worth_telling()) {
            waiters.send_replace(Some(seen));
        }
    }

    /// Tells everybody who waits for this saga that nobody drives it here any more.
    pub(super) fn left(&self, id: SagaId) {
        if let Some(waiters) = self.0.get(&id) {
            // What was told stays: only that there is something to look at.
            waiters.send_modify(|_told| {});
        }
    }

    pub(super) fn subscribe(&self, id: SagaId) -> Waiter {
        let waiters = self.0.entry(id).or_insert_with(|| watch::Sender::new(None));
        Waiter { id, news: waiters.subscribe(), all: self.clone() }
    }
}

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiter {
    id: SagaId,
    news: watch::Receiver<Option<Seen>>,
    all: Waiting,
}

impl Waiter {
    /// What is told of the saga here, or `None` when its driver has left it. Cancel safe.
    pub(super) async fn told(&mut self) -> Option<Seen> {
        let told = self.news.borrow_and_update().clone();
        if told.is_some() {
            return told;
        }
        if self.news.changed().await.is_err() {
            // Nobody is left here to tell: the database will.
            std::future::pending::<()>().await;
        }
        self.news.borrow_and_update().clone()
    }

    /// News of the saga: a decision, or that it needs a person. Cancel safe.
    pub(super) async fn news(&mut self, parts: &Parts) -> Seen {
        let mut pause = FIRST_LOOK;
        loop {
            tokio::select! {
                biased;
                told = self.told() => if let Some(seen) = told {
                    return seen;
                },
                () = parts.clock.sleep(pause) => {
                    pause = (pause * 2).min(LONGEST_LOOK);
                    // Its driver here tells of it: ten thousand who wait must not all ask.
                    if parts.active.contains(self.id) {
                        continue;
                    }
                    // A database that is out of reach now is asked again.
                    let found = Box::pin(parts.store.find(self.id)).await;
                    let found = found.ok().flatten().map(Seen::from);
                    if let Some(seen) = found.filter(Seen::is_worth_telling) {
                        return seen;
                    }
                }
            }
        }
    }
}

impl Parts {
    /// The last look of who waits no longer: a decision may be durable, though not done yet. `None`
    /// where the database does not say so in time.
    pub(super) async fn look(&self, id: SagaId) -> Option<Seen> {
        let found = self.clock.within(LONGEST_LOOK, self.store.find(id)).await?;
        found.ok().flatten().map(Seen::from)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        // This one's own receiver still counts.
        self.all.0.remove_if(&self.id, |_, waiters| waiters.receiver_count() <= 1);
    }
}

/// Hears once whether a saga was taken in.
pub(super) type Taken = oneshot::Receiver<Fate>;

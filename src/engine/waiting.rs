//! Clients that wait for a saga, whoever drives it.
//!
//! This process tells its own waiters as soon as the decision is durable. A saga that nobody drives
//! here (another replica does, or it waits for its next attempt) is looked up now and then besides.
//! Nothing here holds a saga up: a waiter that goes away is simply not told.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::{oneshot, watch};

use super::executor::Parts;
use super::queued::Written;
use crate::order::{Line, OrderId, Paise, UserId};
use crate::saga::{Cause, Instance, State};
use crate::store::Found;

/// The first look at the database comes so long after the last news.
const FIRST_LOOK: Duration = Duration::from_millis(100);
/// Looks are at most so far apart, and the last one takes no longer.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// What a waiting client's answer is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The order's id.
    pub id: OrderId,
    /// Whose.
    pub user_id: UserId,
    /// `None` where this binary can't read it.
    pub state: Option<State>,
    /// It needs a person, or a person holds it.
    pub stuck: bool,
    /// Once priced.
    pub total: Option<Paise>,
    /// The cart's.
    pub lines: Vec<Line>,
    /// Why it came to nothing.
    pub cause: Option<Cause>,
}

impl Seen {
    /// There is an answer, or there is none before a person has spoken.
    pub(super) fn is_worth_telling(&self) -> bool {
        self.stuck || self.state.is_some_and(State::is_rest)
    }
}

impl From<Found> for Seen {
    fn from(found: Found) -> Self {
        let state = found.state();
        let (lines, cause) = match found.context {
            Some(context) => (context.lines, context.cause),
            None => (Vec::new(), None),
        };
        Self {
            id: found.id,
            user_id: found.user_id,
            state,
            stuck: found.stuck.is_some() || found.held.is_some(),
            total: found.total,
            lines,
            cause,
        }
    }
}

impl From<&Instance> for Seen {
    fn from(saga: &Instance) -> Self {
        Self {
            id: saga.id,
            user_id: saga.user_id,
            state: Some(saga.state),
            stuck: saga.stuck.is_some() || saga.held.is_some(),
            total: saga.total(),
            lines: saga.context.lines.clone(),
            cause: saga.context.cause.clone(),
        }
    }
}

/// What became of taking a saga in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is in the books.
    Durable,
    /// It repeats another: this one does not exist.
    Repeats,
    /// It is surely not in the books.
    NotWritten,
    /// It may be in the books.
    Unknown,
}

/// Who waits for what.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<DashMap<OrderId, watch::Sender<Option<Seen>>>>);

impl Waiting {
    /// Tells everybody who waits for this saga, if it is worth telling.
    pub(super) fn tell(&self, saga: &Instance) {
        let seen = Seen::from(saga);
        if let Some(waiters) = self.0.get(&saga.id).filter(|_| seen.is_worth_telling()) {
            waiters.send_replace(Some(seen));
        }
    }

    /// Tells everybody who waits for this saga that nobody drives it here any more.
    pub(super) fn left(&self, id: OrderId) {
        if let Some(waiters) = self.0.get(&id) {
            // What was told stays: only that there is something to look at.
            waiters.send_modify(|_told| {});
        }
    }

    pub(super) fn subscribe(&self, id: OrderId) -> Waiter {
        let waiters = self.0.entry(id).or_insert_with(|| watch::Sender::new(None));
        Waiter { id, news: waiters.subscribe(), all: self.clone() }
    }
}

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiter {
    id: OrderId,
    news: watch::Receiver<Option<Seen>>,
    all: Waiting,
}

impl Waiter {
    /// What is told of the saga here, or `None` when its driver has left it. Cancel safe.
    pub(super) async fn word(&mut self) -> Option<Seen> {
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
                word = self.word() => if let Some(seen) = word {
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
    pub(super) async fn look(&self, id: OrderId) -> Option<Seen> {
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
pub(super) type Taken = oneshot::Receiver<Written>;

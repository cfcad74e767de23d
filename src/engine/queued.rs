//! One write on its way into the books, and who wants to hear what becomes of it.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use crate::store::{Base, Fate, Write};

/// What a driver is told of its write: what became of it, or the write itself with all that was merged into
/// it, where it does not stand and its owner has to write it anew.
pub(super) type Answered = Result<Fate, Box<Write>>;

/// A write that waits for its commit.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) write: Write,
    /// The drivers who handed in what is merged in it, the first one first.
    pub(super) drivers: Vec<oneshot::Sender<Answered>>,
    pub(super) heard_by: Vec<oneshot::Sender<Fate>>,
    /// A commit with it in may have happened.
    pub(super) maybe_written: bool,
}

/// A commit with these in may have happened.
pub(super) fn may_be_written(batch: &mut [Queued]) {
    for queued in batch {
        queued.maybe_written = true;
    }
}

/// What has waited for the database ends when it is written. Whoever forgets what is over looks for it by the time at
/// which it ended, and only for some minutes after that (`retention/sagas.rs`).
pub(super) fn renew(batch: &mut [Queued], now: DateTime<Utc>) {
    for saga in batch.iter_mut().map(|queued| &mut queued.write.saga) {
        if now - saga.updated_at > TimeDelta::minutes(1) {
            saga.updated_at = now;
        }
    }
}

/// Keeps what has to be written some time. An acceptance of which nothing was written can be
/// refused instead.
pub(super) fn turn_away(batch: Vec<Queued>) -> Vec<Queued> {
    let may_refuse =
        |queued: &Queued| matches!(queued.write.base, Base::New(_)) && !queued.maybe_written;
    let (refused, kept): (Vec<_>, Vec<_>) = batch.into_iter().partition(may_refuse);
    for queued in refused {
        queued.tell(Fate::Withdrawn);
    }
    kept
}

impl Queued {
    /// Whether this builds on exactly what the other writes. After a saga was lost and claimed
    /// again, the old claim's last write must not drag the new one's down.
    pub(super) fn follows(&self, earlier: &Self) -> bool {
        let Base::Owned { owner, fence, revision } = self.write.base else { return false };
        let saga = &earlier.write.saga;
        saga.owner == Some(owner) && saga.fence == fence && saga.revision == revision
    }

    /// Takes in a later write of the same saga.
    pub(super) fn merge(&mut self, later: Self) {
        self.write.saga = later.write.saga;
        self.write.entries.extend(later.write.entries);
        self.write.records.merge(later.write.records);
        self.drivers.extend(later.drivers);
        self.heard_by.extend(later.heard_by);
    }

    /// Tells everybody who listens.
    pub(super) fn tell(self, fate: Fate) {
        let mut unwritten = (fate == Fate::CancelAsked).then(|| Box::new(self.write));
        // Who doesn't listen any more has heard enough.
        for driver in self.drivers {
            let _heard = driver.send(unwritten.take().map_or(Ok(fate), Err));
        }
        for listener in self.heard_by {
            let _heard = listener.send(fate);
        }
    }

    /// The database will never take it.
    pub(super) fn refuse(self) {
        let fate = match self.write.base {
            Base::New(_) => Fate::Withdrawn,
            Base::Owned { .. } => Fate::Lost,
        };
        self.tell(fate);
    }
}

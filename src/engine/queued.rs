//! One write on its way into the books, and who wants to hear what becomes of it.

use tokio::sync::oneshot;

use crate::store::{Base, Fate, Write};

/// What became of a write, as its saga needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Durable,
    /// An acceptance of what another saga is already.
    Repeats,
    /// An acceptance that is durable, and another's already.
    TakenUp,
    /// Ownership is lost, or the saga never came to be.
    Lost,
    /// An acceptance that is surely not in the books.
    Absent,
}

#[derive(Debug)]
pub(super) struct Queued {
    pub(super) write: Write,
    pub(super) done: Vec<oneshot::Sender<Written>>,
    /// A commit with it in may have happened.
    pub(super) maybe_written: bool,
}

/// A commit with these in may have happened.
pub(super) fn may_be_written(batch: &mut [Queued]) {
    for queued in batch {
        queued.maybe_written = true;
    }
}

/// Keeps what has to be written some time. An acceptance of which nothing was written can be
/// refused instead.
pub(super) fn turn_away(batch: Vec<Queued>) -> Vec<Queued> {
    let may_refuse =
        |queued: &Queued| matches!(queued.write.base, Base::New(_)) && !queued.maybe_written;
    let (refused, kept): (Vec<_>, Vec<_>) = batch.into_iter().partition(may_refuse);
    for queued in refused {
        queued.say(Written::Absent);
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
        self.write.order = self.write.order.take().or(later.write.order);
        self.done.extend(later.done);
    }

    pub(super) fn tell(self, fate: Fate) {
        self.say(match fate {
            Fate::Written => Written::Durable,
            Fate::Repeats => Written::Repeats,
            Fate::TakenUp => Written::TakenUp,
            Fate::Lost => Written::Lost,
        });
    }

    pub(super) fn refuse(self) {
        let written = match self.write.base {
            Base::New(_) => Written::Absent,
            Base::Owned { .. } => Written::Lost,
        };
        self.say(written);
    }

    fn say(self, written: Written) {
        for done in self.done {
            // Who doesn't listen any more has heard enough.
            let _heard = done.send(written);
        }
    }
}

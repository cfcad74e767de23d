//! What a driven saga hands to the log writer, and what has to be durable before it goes on.
//!
//! The invariant: no effect is sent before everything that promises 15 to 19 put before it is
//! durable.

use tokio::sync::oneshot;

use super::drive::{Drive, Gone};
use super::waiting::Taken;
use crate::saga::{Call, settle};
use crate::store::{Base, Fate, Write};

impl Drive {
    /// The saga is to be taken in: its client hears of that, and whoever repeats it.
    pub(super) fn accept(&mut self) -> (Taken, Taken) {
        let ((done, taken), (known, repeats)) = (oneshot::channel(), oneshot::channel());
        self.heard_by = vec![done, known];
        self.changed = true;
        (taken, repeats)
    }

    /// A saga that was dropped before it was ever handed in is surely not in the books.
    pub(super) fn was_not_handed_in(&mut self) {
        for done in self.heard_by.drain(..) {
            // Who doesn't listen any more has heard enough.
            let _heard = done.send(Fate::Withdrawn);
        }
    }

    /// Hands in what changed; the next write builds on this one.
    pub(super) fn submit(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        self.saga.revision += 1;
        self.saga.updated_at = self.parts.clock.now();
        let (fence, revision) = (self.saga.fence, self.saga.revision);
        let next = Base::Owned { owner: self.session.id, fence, revision };
        let base = std::mem::replace(&mut self.base, next);
        let entries = std::mem::take(&mut self.saga.unsaved);
        let records = std::mem::take(&mut self.records);
        let write = Write { base, saga: self.saga.clone(), entries, records };
        let mut heard_by = std::mem::take(&mut self.heard_by);
        let (done, written) = oneshot::channel();
        heard_by.push(done);
        self.unanswered.push(written);
        self.parts.writer.submit(write, heard_by);
    }

    /// Waits until everything handed in is durable.
    pub(super) async fn durable(&mut self) -> Result<(), Gone> {
        for written in self.unanswered.drain(..) {
            match written.await {
                Ok(Fate::Written) => {}
                Ok(Fate::Lost) => {
                    // Where the database refuses what it has to write, it is still ours.
                    self.parts.active.may_have_lost_one();
                    return Err(Gone);
                }
                Ok(Fate::Repeats | Fate::TakenUp | Fate::Withdrawn) | Err(_) => {
                    return Err(Gone);
                }
            }
        }
        self.barrier = false;
        self.passed.drain(..).for_each(|state| self.parts.metrics.entered(state));
        Ok(())
    }

    /// Makes durable what has to be before these calls: a saga that has learnt something, goes back or has
    /// come to its pivot, always (promises 16 and 17); at a neighbour that is not idempotent, all that is known and what is about
    /// to be sent (promise 19).
    /// Anything else is handed in after [`CoalescingTimer`](super::coalesce::CoalescingTimer), and most of it is
    /// not: it goes with what comes after it and has to be durable, an acceptance with what is read first,
    /// an outcome with the end.
    pub(super) async fn make_durable(&mut self, calls: &[Call]) -> Result<(), Gone> {
        let now = self.parts.clock.now();
        for call in calls.iter().filter(|call| call.intent_first) {
            settle::intend(&mut self.saga, call, &self.parts.name, now);
            self.changed = true;
        }
        if self.barrier || !self.parts.settings.policy.keeps_all_keys(&self.saga) {
            self.submit();
            self.durable().await?;
        }
        Ok(())
    }
}

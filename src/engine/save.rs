//! What a driven saga hands to the log writer, and what has to be durable before it goes on.
//!
//! The invariant: no effect is sent before everything that promises 15 to 19 put before it is
//! durable.

use tokio::sync::oneshot;

use super::drive::{Drive, Gone};
use super::waiting::Taken;
use crate::pacing::Pacing;
use crate::saga::{Call, CancelRequest, Progress, settle};
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
        self.tell_of_trouble();
        self.show();
        self.saga.revision += 1;
        self.saga.updated_at = self.parts.clock.now();
        let (fence, revision) = (self.saga.fence, self.saga.revision);
        let next = Base::Owned { owner: self.session.id, fence, revision };
        let base = std::mem::replace(&mut self.base, next);
        let entries = std::mem::take(&mut self.saga.unsaved);
        let records = std::mem::take(&mut self.records);
        let write = Write { base, saga: self.saga.clone(), entries, records };
        let heard_by = std::mem::take(&mut self.heard_by);
        let (driver, answered) = oneshot::channel();
        self.unanswered.push(answered);
        self.parts.writer.submit(write, driver, heard_by);
    }

    /// Waits until everything handed in is durable.
    pub(super) async fn durable(&mut self) -> Result<(), Gone> {
        while let Some(unwritten) = self.unwritten().await? {
            let request = self.cancel_request().await?;
            self.take_back(*unwritten, request);
            self.submit();
        }
        self.barrier = false;
        self.passed.drain(..).for_each(|state| self.parts.metrics.entered(state));
        Ok(())
    }

    /// Waits for what becomes of everything handed in; `None` where all of it is durable, else what has to
    /// be written anew.
    async fn unwritten(&mut self) -> Result<Option<Box<Write>>, Gone> {
        let mut unwritten = None;
        for answered in self.unanswered.drain(..) {
            match answered.await {
                // What came after it was merged into it.
                _ if unwritten.is_some() => {}
                Ok(Ok(Fate::Written)) => {}
                Ok(Err(write)) => unwritten = Some(write),
                Ok(Ok(Fate::Lost)) => {
                    // Where the database refuses what it has to write, it is still ours.
                    self.parts.active.may_have_lost_one();
                    return Err(Gone);
                }
                Ok(Ok(Fate::Repeats | Fate::TakenUp | Fate::Withdrawn | Fate::CancelAsked))
                | Err(_) => return Err(Gone),
            }
        }
        Ok(unwritten)
    }

    /// Why the saga is to be cancelled, however long the database takes to say so.
    async fn cancel_request(&self) -> Result<CancelRequest, Gone> {
        let (store, clock) = (&self.parts.store, &self.parts.clock);
        let mut pacing = Pacing::database();
        loop {
            match store.cancel_request(self.saga.id).await {
                Ok(request) => return request.ok_or(Gone),
                Err(_out_of_reach) => clock.sleep(pacing.pause(clock.chance())).await,
            }
        }
    }

    /// The saga was to be cancelled before this was written, and the write would have decided something
    /// else: it is written anew by who knows.
    fn take_back(&mut self, unwritten: Write, request: CancelRequest) {
        let Write { base, entries, records, .. } = unwritten;
        if let Base::Owned { revision, .. } = base {
            self.saga.revision = revision;
        }
        self.base = base;
        self.saga.unsaved.splice(0..0, entries);
        self.saga.cancel(request);
        self.changed = true;
        // What it would have said of its trouble was not written either.
        self.shown.is_in_trouble |= records.troubled.is_some();
        self.records = records;
        let events = std::mem::take(&mut self.records.events).into_iter();
        let (trouble, others) = events.partition(|event| event.fact.kind().is_of_trouble());
        self.records.events = others;
        if self.saga.progress.is_rest() {
            self.record();
        }
        self.tell_again(trouble);
        let goes_forward = matches!(self.saga.progress, Progress::Forward { .. });
        if self.saga.owner.is_none() && goes_forward {
            // It was to wait for something that it does not want any more.
            self.saga.next_attempt_at = Some(self.parts.clock.now());
        }
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

//! Forgetting events, deliveries and mails: they are only deleted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::warn;

use super::Retention;
use super::look::{Failure, Turn};
use super::tempo::Tempo;
use crate::store::{DeliveryState, ForgottenRows, OldDeliveries};

/// Rows of a batch, at most.
const LARGEST: u64 = 1000;

impl Retention {
    pub(super) async fn forget_events(&self, turn: &mut Turn) -> Result<(), Failure> {
        let parts = &self.0;
        let Some(keep) = parts.settings.events else { return Ok(()) };
        let cutoff = self.cutoff(keep);
        let mut tempo = Tempo::up_to(LARGEST, parts.settings.courtesy.clone());
        loop {
            self.goes_on()?;
            let (began, size) = (parts.clock.monotonic(), tempo.size());
            let now = parts.clock.now();
            let done = parts.store.forget_events(&mut turn.lead, cutoff, size, now).await?;
            let count = count(done)?;
            turn.looked.events += count;
            if count < size {
                break;
            }
            self.rest(&mut tempo, began).await?;
        }
        let kept_for = parts.store.holds_back_events(cutoff).await?;
        let (sink, backlog) = kept_for.unzip();
        let known = parts.store.forgotten().await?.events_kept_for;
        if let (Some(sink), Some(backlog)) = (&sink, backlog)
            && known.as_ref() != Some(sink)
        {
            warn!(
                sink,
                backlog,
                "old events are kept, as this sink was not told of them: bring it back, or, where it is \
                 off for good, remove its cursor (docs/OPERATIONS.md)"
            );
        }
        Ok(parts.store.note_events_kept(&turn.lead, sink.as_deref()).await?)
    }

    pub(super) async fn forget_deliveries(&self, turn: &mut Turn) -> Result<(), Failure> {
        let parts = &self.0;
        let Some(keep) = parts.settings.deliveries else { return Ok(()) };
        let cutoff = self.cutoff(keep);
        let mut tempo = Tempo::up_to(LARGEST, parts.settings.courtesy.clone());
        for webhook in parts.store.webhook_ids().await? {
            for state in [DeliveryState::Delivered, DeliveryState::Failed] {
                let mut from = DateTime::<Utc>::UNIX_EPOCH;
                loop {
                    self.goes_on()?;
                    let began = parts.clock.monotonic();
                    let old = OldDeliveries { webhook, state, from, cutoff };
                    let (size, now) = (tempo.size(), parts.clock.now());
                    let (done, last) =
                        parts.store.forget_deliveries(&turn.lead, old, size, now).await?;
                    let count = count(done)?;
                    turn.looked.deliveries += count;
                    // Where a whole batch stays, as it is to be sent once more, the rest waits, too.
                    let Some(last) = last.filter(|_| count > 0) else { break };
                    from = last;
                    self.rest(&mut tempo, began).await?;
                }
            }
        }
        loop {
            self.goes_on()?;
            let (began, size) = (parts.clock.monotonic(), tempo.size());
            let now = parts.clock.now();
            let count = count(parts.store.forget_mails(&turn.lead, cutoff, size, now).await?)?;
            turn.looked.deliveries += count;
            if count < size {
                return Ok(());
            }
            self.rest(&mut tempo, began).await?;
        }
    }

    /// What ended by then has been kept for long enough.
    pub(super) fn cutoff(&self, keep: Duration) -> DateTime<Utc> {
        self.0.clock.now() - keep
    }

    /// Pauses after a batch that began then.
    pub(super) async fn rest(&self, tempo: &mut Tempo, began: Duration) -> Result<(), Failure> {
        let took = self.0.clock.monotonic().saturating_sub(began);
        let pause = tempo.pause_after(took);
        self.pause(pause).await
    }
}

fn count(done: ForgottenRows) -> Result<u64, Failure> {
    match done {
        ForgottenRows::Deleted(count) => Ok(count),
        ForgottenRows::LeadLost => Err(Failure::LeadLost),
    }
}

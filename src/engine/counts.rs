//! Counting what is open, for metrics and for the backlog's limit, and finding what is ours and that
//! nobody drives.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{info, warn};

use super::executor::Executor;
use crate::saga::SagaId;

/// A saga under a claim.
type Owned = (SagaId, i64);

/// Open sagas are counted so often.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// ... or, where that takes long, so seldom that it is one part in so many of the time,
const COUNTING_SHARE: u32 = 50;
/// but no more seldom than this.
const COUNT_AT_LEAST_EVERY: Duration = Duration::from_secs(10);
/// Without a reason, what is ours is looked through every so many counts: it is among all that was
/// ours since the last vacuum.
const SWEEP_EVERY: u32 = 2;
/// How often to look for sagas in trouble that an older binary has written.
const NOTE_TROUBLES_EVERY: Duration = Duration::from_secs(30);

impl Executor {
    pub(super) async fn count_loop(&self) {
        let (mut missing, mut noted_at) = (BTreeSet::new(), None);
        for sweeps in (0..SWEEP_EVERY).cycle() {
            let began = self.0.clock.monotonic();
            self.count().await;
            let has_reason = self.0.active.take_may_have_lost();
            if sweeps == 0 || has_reason || !missing.is_empty() {
                missing = self.sweep(missing).await;
            }
            if noted_at.is_none_or(|at| began.saturating_sub(at) > NOTE_TROUBLES_EVERY) {
                noted_at = Some(began);
                self.note_troubles().await;
            }
            let took = self.0.clock.monotonic().saturating_sub(began);
            let pause = (took * COUNTING_SHARE).clamp(COUNT_EVERY, COUNT_AT_LEAST_EVERY);
            self.0.clock.sleep(pause).await;
        }
    }

    /// Finds sagas in trouble whose writers did not say so, and those that are in trouble no longer.
    async fn note_troubles(&self) {
        if let Err(error) = self.0.store.note_troubles().await {
            info!(%error, "could not look for sagas in trouble");
        }
    }

    /// Gives up sagas that are ours by the books and that nobody here drives: a claim whose commit
    /// was not heard of, a driver that broke. Those missing twice in a row are meant; what was not
    /// missing before may only just be on its way in or out.
    async fn sweep(&self, missing_before: BTreeSet<Owned>) -> BTreeSet<Owned> {
        let (parts, session) = (&self.0, self.0.session.get());
        let most = parts.settings.concurrency as u64 * 2;
        let Ok(owned) = self.in_time(parts.store.owned(session.id, most)).await else {
            parts.active.may_have_lost_one();
            return missing_before;
        };
        let undriven = |(id, fence): &Owned| !parts.active.has_claim(*id, *fence);
        let missing: BTreeSet<Owned> = owned.into_iter().filter(undriven).collect();
        for (id, fence) in missing.intersection(&missing_before) {
            warn!(saga.id = %id, "is ours, and nobody drives it: given up");
            let now = parts.clock.now();
            if let Err(error) = parts.store.abandon((*id, session.id, *fence), now, now).await {
                info!(saga.id = %id, %error, "could not be given up yet");
            }
        }
        missing
    }

    /// Counts the open sagas that nobody drives, and forgets executors that left nothing.
    pub async fn count(&self) {
        let parts = &self.0;
        if let Ok(by_state) = parts.store.undriven_by_state().await {
            let states = parts.store.catalogue().open_states();
            parts.metrics.open(&states, &by_state);
            let undriven: u64 = by_state.iter().map(|(_, count)| count).sum();
            parts.backlog.counted(undriven + parts.active.len() as u64);
        }
        self.watch().await;
        let forgotten = parts.store.forget_dead_executors(parts.clock.now());
        if let Err(error) = self.in_time(forgotten).await {
            info!(%error, "could not forget dead executors");
        }
    }
}

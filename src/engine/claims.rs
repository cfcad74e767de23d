//! Claims of what nobody drives.

use tracing::{error, info};

use super::drive::Drive;
use super::executor::Executor;
use super::permit::Permit;
use crate::saga::take_up::take_up;

/// The most sagas in one claim, and how many may wait for their turn.
const MAX_CLAIM: usize = 64;
/// Fewer are not worth a claim, while others are being driven.
const WORTH_A_CLAIM: usize = MAX_CLAIM / 2;

impl Executor {
    pub(super) async fn claim_loop(&self) {
        let parts = &self.0;
        while !self.is_draining() {
            let full = self.claim().await;
            if full {
                continue;
            }
            let pause = parts.claim_schedule.pause(parts.clock.now());
            tokio::select! {
                biased;
                () = parts.clock.sleep(pause) => {}
                () = parts.claim_schedule.woken() => {}
                () = parts.shutdown.draining.cancelled() => {}
            }
        }
    }

    /// Claims what nobody drives and drives it, as far as there are places; whether there may be
    /// more to claim at once.
    pub async fn claim(&self) -> bool {
        let parts = &self.0;
        let session = parts.session.get();
        parts.claim_schedule.forget();
        // Said before it is looked at, so that whoever ends meanwhile tells of it.
        parts.permits.claim_waits();
        if self.room_for_claims() == 0 {
            return false;
        }
        parts.permits.claim_waits_no_more();
        // Places are only taken from new sagas where there is something to do with them.
        let any = self.in_time(parts.store.is_any_claimable(parts.due_now())).await;
        match any {
            Ok(true) if session.holds() => {}
            Ok(true) => return false,
            Ok(false) => {
                self.note_next_due().await;
                return false;
            }
            Err(error) => {
                info!(%error, "could not claim");
                return false;
            }
        }
        let permits = self.permits_for_claims().await;
        if permits.is_empty() {
            parts.permits.claim_waits();
            return false;
        }
        let due = parts.due_now();
        let most = permits.len();
        let claim = parts.store.claim(session.id, due, most as u64);
        let claimed = match self.in_time(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // It may have been committed without our hearing of it.
                parts.active.may_have_lost_one();
                info!(%error, "could not claim");
                return false;
            }
        };
        for unreadable in &claimed.unreadable {
            error!(saga.id = %unreadable.id, stuck = "Unreadable", detail = unreadable.detail, "set aside");
        }
        if claimed.orphans > 0 {
            parts.metrics.took_over(claimed.orphans);
            info!(sagas = claimed.orphans, "took over what a dead executor left");
        }
        let full = claimed.is_full;
        for (mut saga, permit) in claimed.sagas.into_iter().zip(permits) {
            take_up(&mut saga, &parts.settings.policy, due.now, session.since());
            parts.spawn(Drive::claimed(parts.clone(), session.clone(), saga), permit);
        }
        if !full {
            self.note_next_due().await;
        }
        full
    }

    async fn note_next_due(&self) {
        let parts = &self.0;
        if let Ok(Some(due)) = self.in_time(parts.store.next_due()).await {
            parts.claim_schedule.note_due(due);
        }
    }

    /// So many may be claimed now: those that are driven, and some that wait for their turn, so that
    /// none of these comes free for the time of a claim.
    fn room_for_claims(&self) -> usize {
        let parts = &self.0;
        let taken = parts.permits.in_use_by_claims();
        let room = (parts.limiter.limit() + MAX_CLAIM).saturating_sub(taken).min(MAX_CLAIM);
        if taken == 0 || room >= WORTH_A_CLAIM { room } else { 0 }
    }

    /// As many as a claim may use: new sagas keep their share. While new sagas hold all
    /// there are, the next place that is given back is for a claim: what is begun comes to an end.
    async fn permits_for_claims(&self) -> Vec<Permit> {
        let parts = &self.0;
        let mut permits = Vec::new();
        let free = self.room_for_claims();
        if free > 0 && parts.permits.are_all_taken() {
            tokio::select! {
                biased;
                permit = parts.permits.next_for_claimed() => permits.extend(permit),
                () = parts.shutdown.draining.cancelled() => return permits,
            }
        }
        while permits.len() < free {
            let Some(permit) = parts.permits.for_claimed() else { break };
            permits.push(permit);
        }
        permits
    }
}

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
        let shared = &self.0;
        while !self.is_draining() {
            let full = self.claim().await;
            if full {
                continue;
            }
            let pause = shared.claim_schedule.pause(shared.clock.now());
            tokio::select! {
                biased;
                () = shared.clock.sleep(pause) => {}
                () = shared.claim_schedule.woken() => {}
                () = shared.shutdown.draining.cancelled() => {}
            }
        }
    }

    /// Claims what nobody drives and drives it, as far as there are places; whether there may be
    /// more to claim at once.
    pub async fn claim(&self) -> bool {
        let shared = &self.0;
        let session = shared.session.get();
        shared.claim_schedule.forget();
        // Said before it is looked at, so that whoever ends meanwhile tells of it.
        shared.permits.claim_waits();
        if self.room_for_claims() == 0 {
            return false;
        }
        shared.permits.claim_waits_no_more();
        // Places are only taken from new checkouts where there is something to do with them.
        let any = self.in_time(shared.store.is_any_claimable(shared.due_now())).await;
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
            shared.permits.claim_waits();
            return false;
        }
        let due = shared.due_now();
        let most = permits.len();
        let claim = shared.store.claim(session.id, due, most as u64, &shared.catalogue.definitions);
        let claimed = match self.in_time(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // It may have been committed without our hearing of it.
                shared.active.may_have_lost_one();
                info!(%error, "could not claim");
                return false;
            }
        };
        for unreadable in &claimed.unreadable {
            error!(saga.id = %unreadable.id, stuck = "Unreadable", detail = unreadable.detail, "set aside");
        }
        if claimed.orphans > 0 {
            shared.metrics.took_over(claimed.orphans);
            info!(sagas = claimed.orphans, "took over what a dead executor left");
        }
        let full = claimed.is_full;
        for (mut saga, permit) in claimed.sagas.into_iter().zip(permits) {
            take_up(&mut saga, &shared.settings.policy, due.now, session.since());
            shared.spawn(Drive::claimed(shared.clone(), session.clone(), saga), permit);
        }
        if !full {
            self.note_next_due().await;
        }
        full
    }

    async fn note_next_due(&self) {
        let shared = &self.0;
        if let Ok(Some(due)) = self.in_time(shared.store.next_due()).await {
            shared.claim_schedule.note_due(due);
        }
    }

    /// So many may be claimed now: those that are driven, and some that wait for their turn, so that
    /// none of these comes free for the time of a claim.
    fn room_for_claims(&self) -> usize {
        let shared = &self.0;
        let taken = shared.permits.in_use_by_claims();
        let room = (shared.limiter.limit() + MAX_CLAIM).saturating_sub(taken).min(MAX_CLAIM);
        if taken == 0 || room >= WORTH_A_CLAIM { room } else { 0 }
    }

    /// As many as a claim may use: new checkouts keep their share. While new checkouts hold all
    /// there are, the next place that is given back is for a claim: what is begun comes to an end.
    async fn permits_for_claims(&self) -> Vec<Permit> {
        let shared = &self.0;
        let mut permits = Vec::new();
        let free = self.room_for_claims();
        if free > 0 && shared.permits.are_all_taken() {
            tokio::select! {
                biased;
                permit = shared.permits.next_for_claimed() => permits.extend(permit),
                () = shared.shutdown.draining.cancelled() => return permits,
            }
        }
        while permits.len() < free {
            let Some(permit) = shared.permits.for_claimed() else { break };
            permits.push(permit);
        }
        permits
    }
}

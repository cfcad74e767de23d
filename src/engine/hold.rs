//! Holding a saga and letting it go on: an operator's words that need no owner, as they ask for
//! nothing to be sent.

use std::time::Duration;

use tracing::info;

use super::executor::Executor;
use super::intervene::{Done, NotDone, PATIENCE, not_allowed};
use crate::saga::{Instance, Intervention, Word};
use crate::store::{Found, NewAuditEntry};

impl Executor {
    /// What is held is to be held even if a call has to come to its end first.
    pub(super) fn patience_for(&self, what: Intervention) -> Duration {
        let policy = &self.0.settings.policy;
        if what == Intervention::Hold { PATIENCE + policy.longest_call() } else { PATIENCE }
    }

    /// Has it held, or go on, without owning it; `None` when somebody else was quicker.
    pub(super) async fn hold(
        &self,
        mut saga: Instance,
        what: Intervention,
        word: &Word,
        found: Found,
        audit: Option<&NewAuditEntry>,
    ) -> Result<Option<Done>, NotDone> {
        let parts = &self.0;
        let now = parts.clock.now();
        let did = self.apply(&mut saga, what, word, now);
        let did = did.map_err(|why| not_allowed(why, vec![]))?;
        let Some(entry) = saga.unsaved.pop() else { return Ok(Some(Done { saga: found, did })) };
        saga.version += 1;
        let written = parts.store.hold(&saga, &entry, found.revision, audit).await;
        if !written.map_err(NotDone::Unavailable)? {
            return Ok(None);
        }
        (saga.revision, saga.updated_at) = (found.revision + 1, entry.started_at);
        parts.waiting.tell(&saga);
        if let Some(due) = saga.next_attempt_at {
            parts.claim_schedule.parked_until(due);
        }
        info!(saga.id = %saga.id, operator = word.operator, did, "an operator intervened");
        Ok(Some(Done { saga: Found { fingerprint: found.fingerprint, ..Found::of(&saga) }, did }))
    }
}

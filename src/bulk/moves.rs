//! What an operator may do to a run: start, pause, resume or stop it.

use strum::{Display, EnumIter, IntoEnumIterator, IntoStaticStr};
use tracing::info;
use uuid::Uuid;

use super::Bulk;
use crate::store::{AuditAction, BulkMove, BulkRun, BulkState, Error, NewAuditEntry};

/// What is done to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum BulkVerb {
    /// Begin, or go on after a halt.
    Start,
    /// Act on no more sagas for now.
    Pause,
    /// Go on.
    Resume,
    /// Act on no more sagas.
    Stop,
}

/// Why a run was not moved.
#[derive(Debug)]
pub enum NotMoved {
    /// There is no such run.
    NotFound,
    /// Not from where it stands.
    NotAllowed {
        /// Where it stands.
        state: BulkState,
        /// What is allowed.
        allowed: Vec<&'static str>,
    },
    /// The database is out of reach.
    Store(Error),
}

/// Where a move leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    To(BulkState),
    /// It stands there already.
    Nowhere,
}

impl BulkVerb {
    /// Where this leads; `None` where it is not allowed.
    fn leads(self, from: BulkState) -> Option<Leads> {
        use BulkState::{Done, Halted, Paused, Prepared, Running, Stopped};
        match (self, from) {
            (Self::Start, Prepared | Halted) | (Self::Resume, Paused | Halted) => {
                Some(Leads::To(Running))
            }
            (Self::Pause, Running) => Some(Leads::To(Paused)),
            (Self::Stop, Prepared | Running | Paused | Halted) => Some(Leads::To(Stopped)),
            (Self::Start | Self::Resume, Running)
            | (Self::Pause, Paused)
            | (Self::Stop, Stopped) => Some(Leads::Nowhere),
            (Self::Start, Paused | Done | Stopped)
            | (Self::Resume, Prepared | Done | Stopped)
            | (Self::Pause, Prepared | Halted | Done | Stopped)
            | (Self::Stop, Done) => None,
        }
    }

    /// What the audit trail calls it.
    pub fn audited(self) -> AuditAction {
        match self {
            Self::Start => AuditAction::StartBulk,
            Self::Pause => AuditAction::PauseBulk,
            Self::Resume => AuditAction::ResumeBulk,
            Self::Stop => AuditAction::StopBulk,
        }
    }

    /// What changes something about a run that stands there.
    pub fn allowed(from: BulkState) -> Vec<&'static str> {
        let moves = |verb: &Self| matches!(verb.leads(from), Some(Leads::To(_)));
        Self::iter().filter(moves).map(<&str>::from).collect()
    }
}

impl Bulk {
    /// Moves a run, and returns it as it stands then. Where it stands there already, nothing changes.
    /// `reason` is why it acts from now on, if it is to act: without one, for the run's own. A move goes into
    /// the audit trail, as `audit` has it.
    ///
    /// # Errors
    /// As [`NotMoved`] says.
    pub async fn act_on_run(
        &self,
        id: Uuid,
        verb: BulkVerb,
        reason: Option<&str>,
        audit: &NewAuditEntry,
    ) -> Result<BulkRun, NotMoved> {
        let parts = &self.0;
        loop {
            let run = parts.store.bulk_run(id).await.map_err(NotMoved::Store)?;
            let run = run.ok_or(NotMoved::NotFound)?;
            let (from, allowed) = (run.state, || BulkVerb::allowed(run.state));
            let to = match verb.leads(from) {
                Some(Leads::To(to)) => to,
                Some(Leads::Nowhere) => return Ok(run),
                None => return Err(NotMoved::NotAllowed { state: from, allowed: allowed() }),
            };
            let acts = to == BulkState::Running;
            let acting_reason = acts.then(|| reason.unwrap_or(&run.reason));
            let by = BulkMove { from, to, acting_reason };
            if !parts.store.move_bulk_run(id, &by, audit).await.map_err(NotMoved::Store)? {
                continue;
            }
            info!(bulk.id = %id, action = run.action, count = run.count, %from, %to, "a bulk run was moved");
            parts.news.notify_one();
            let moved = parts.store.bulk_run(id).await.map_err(NotMoved::Store)?;
            return moved.ok_or(NotMoved::NotFound);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_moves_as_it_may_and_a_repeat_is_harmless() {
        use BulkState::{Done, Halted, Paused, Prepared, Running, Stopped};
        for (state, allowed) in [
            (Prepared, &["start", "stop"][..]),
            (Running, &["pause", "stop"]),
            (Paused, &["resume", "stop"]),
            (Halted, &["start", "resume", "stop"]),
            (Done, &[]),
            (Stopped, &[]),
        ] {
            assert_eq!(BulkVerb::allowed(state), allowed, "{state}");
        }
        for verb in BulkVerb::iter() {
            for from in [Prepared, Running, Paused, Halted, Done, Stopped] {
                if let Some(Leads::To(to)) = verb.leads(from) {
                    assert_eq!(verb.leads(to), Some(Leads::Nowhere), "{verb} twice from {from}");
                }
            }
        }
    }
}

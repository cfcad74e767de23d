//! One look for what may be forgotten.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::{info, warn};

use super::Retention;
use super::archive::ArchiveError;
use crate::store::{Error, ForgettingLead};

/// What a look came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Whether this process led.
    pub led: bool,
    /// Sagas that were forgotten.
    pub sagas: u64,
    /// Events that were forgotten.
    pub events: u64,
    /// Deliveries and mails that were forgotten.
    pub deliveries: u64,
}

/// Why not everything was forgotten that is due.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The archive can't be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Another process leads by now.
    #[error("another process forgets what is over by now")]
    LeadLost,
    /// The process is to stop.
    #[error("the process stops")]
    Stopping,
}

/// A look by the process that leads.
pub(super) struct Turn {
    pub(super) lead: ForgettingLead,
    pub(super) looked: Looked,
}

impl Retention {
    /// Forgets everything that is due, if this process leads.
    ///
    /// # Errors
    /// The first failure. It is logged and noted already.
    pub async fn look(&self) -> Result<Looked, Failure> {
        let Some(lead) = self.lead().await.inspect_err(|error| self.report(error))? else {
            return Ok(Looked::default());
        };
        let fence = lead.fence;
        let mut turn = Turn { lead, looked: Looked { led: true, ..Looked::default() } };
        let forgotten = tokio::select! {
            biased;
            forgotten = Box::pin(self.forget_all(&mut turn)) => forgotten,
            // What is dropped in the middle of a batch is as if the process had died there.
            () = self.lead_while(fence) => Err(Failure::LeadLost),
        };
        let failed = forgotten.err();
        let parts = &self.0;
        match &failed {
            Some(Failure::LeadLost | Failure::Stopping) => {}
            Some(failure @ (Failure::Store(_) | Failure::Archive(_))) => {
                let (words, now) = (failure.to_string(), parts.clock.now());
                // Where the database has failed it can't be told either.
                drop(parts.store.note_forgetting(&turn.lead, Some(&words), now).await);
            }
            None => {
                let now = parts.clock.now();
                drop(parts.store.note_forgetting(&turn.lead, None, now).await);
            }
        }
        let Looked { sagas, events, deliveries, .. } = turn.looked;
        if sagas + events + deliveries > 0 {
            info!(sagas, events, deliveries, "forgot what was over");
        }
        if let Some(failure) = failed {
            self.report(&failure);
            return Err(failure);
        }
        if parts.is_failing.swap(false, Ordering::Relaxed) {
            info!("what is over is forgotten again");
        }
        Ok(turn.looked)
    }

    async fn forget_all(&self, turn: &mut Turn) -> Result<(), Failure> {
        let sagas = self.forget_sagas(turn).await;
        // What has failed for one does not keep the others.
        let events = self.forget_events(turn).await;
        let deliveries = self.forget_deliveries(turn).await;
        sagas.and(events).and(deliveries)
    }

    async fn lead(&self) -> Result<Option<ForgettingLead>, Failure> {
        let parts = &self.0;
        let (now, lease) = (parts.clock.now(), parts.settings.lease);
        Ok(parts.store.lead_forgetting(parts.owner, now, lease).await?)
    }

    /// Renews the lead for as long as this is polled: a batch may take longer than the lease. Returns once
    /// another process has led.
    async fn lead_while(&self, fence: i64) {
        let parts = &self.0;
        loop {
            parts.clock.sleep(parts.settings.lease / 3).await;
            match self.lead().await {
                Ok(Some(lead)) if lead.fence == fence => {}
                Ok(_lost) => return,
                // The batch fails by itself where the database is gone.
                Err(_unknown) => {}
            }
        }
    }

    /// Called before each batch: a look ends between two where the process is to stop.
    pub(super) fn goes_on(&self) -> Result<(), Failure> {
        if self.0.tasks.is_stopping() { Err(Failure::Stopping) } else { Ok(()) }
    }

    /// Pauses between two batches.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), Failure> {
        let parts = &self.0;
        let pause = parts.clock.sleep(pause);
        parts.tasks.unless_stopping(pause).await.ok_or(Failure::Stopping)
    }

    /// Logs the first failure in a row.
    fn report(&self, failure: &Failure) {
        match failure {
            Failure::Stopping => {}
            Failure::LeadLost => info!("another process forgets what is over by now"),
            Failure::Store(_) | Failure::Archive(_) => {
                if !self.0.is_failing.swap(true, Ordering::Relaxed) {
                    warn!(error = %failure, "can't forget what is over; tries again");
                }
            }
        }
    }
}

//! What metrics show of the books: the same figures at every replica.

use chrono::{DateTime, Utc};
use tracing::info;

use super::executor::Executor;
use crate::order::{Certainty, Movement};
use crate::saga::SagaId;
use crate::store::{Error, Inspected};

impl Executor {
    /// Reads the figures. After a failure they stay as they were.
    pub(super) async fn watch(&self) {
        if let Err(error) = self.try_watch().await {
            info!(%error, "could not count for the metrics");
        }
    }

    async fn try_watch(&self) -> Result<(), Error> {
        let parts = &self.0;
        let watched = parts.store.watched().await?;
        let out_since = match watched.oldest_out {
            Some(id) => self.out_since(id).await?,
            None => None,
        };
        let executors = parts.store.executors(&parts.clock).await?;
        let alive = executors.iter().filter(|executor| !executor.dead && !executor.lapsed).count();
        parts.metrics.books.set(&watched, alive, out_since, parts.clock.now());
        Ok(())
    }

    /// Since when the customer may be out of money by a saga: since the charge was first sent, or, for one
    /// that only gives back, since it was accepted. `None` once there is no such saga.
    async fn out_since(&self, id: SagaId) -> Result<Option<DateTime<Utc>>, Error> {
        let inspected = self.0.store.inspect(id).await?;
        Ok(inspected.map(|saga| charged_at(&saga).unwrap_or(saga.found.created_at)))
    }
}

/// When the first charge was sent that has happened or may have.
fn charged_at(inspected: &Inspected) -> Option<DateTime<Utc>> {
    let saga = inspected.instance.as_ref().ok()?;
    let charges = saga.accounted().into_iter().filter(|accounted| {
        accounted.happened != Certainty::No
            && matches!(saga.facts.movement(accounted.effect), Some(Movement::Charge(_)))
    });
    let charges: Vec<_> = charges.map(|accounted| accounted.effect.step.word()).collect();
    let sent = inspected.steps.iter().filter(|entry| charges.contains(&entry.step.as_str()));
    sent.map(|entry| entry.started_at).min()
}

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

    /// Since when the customer may be out of money by a saga: since what took it was first sent, or, for a saga
    /// that only gives back, since it was accepted. `None` once there is no such saga.
    async fn out_since(&self, id: SagaId) -> Result<Option<DateTime<Utc>>, Error> {
        let inspected = self.0.store.inspect(id).await?;
        Ok(inspected.map(|saga| taken_at(&saga).unwrap_or(saga.found.created_at)))
    }
}

/// When the first effect was sent that has taken money from the customer, or may have.
fn taken_at(inspected: &Inspected) -> Option<DateTime<Utc>> {
    let saga = inspected.instance.as_ref().ok()?;
    let takings = saga.accounted().into_iter().filter(|accounted| {
        accounted.happened != Certainty::No
            && saga.facts.movement(accounted.effect).is_some_and(Movement::takes_money)
    });
    let takings: Vec<_> = takings.map(|accounted| accounted.effect.step.word()).collect();
    let sent = inspected.steps.iter().filter(|entry| takings.contains(&entry.step.as_str()));
    sent.map(|entry| entry.started_at).min()
}

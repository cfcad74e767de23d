//! Recording what attempts came to: those that end while others are being recorded are recorded together, in one
//! transaction.

use std::collections::BTreeMap;

use tracing::{info, warn};
use uuid::Uuid;

use super::Webhooks;
use super::places::Attempted;

/// Attempts recorded at a time.
const BATCH: usize = 64;

impl Webhooks {
    /// Has an attempt recorded: by whoever records others at the moment, or here and now, with all that end
    /// in the meantime.
    pub(super) async fn record(&self, attempted: Attempted) {
        let is_anybody_recording = self.0.places.ended(|ended| {
            ended.attempts.push(attempted);
            std::mem::replace(&mut ended.is_recording, true)
        });
        if is_anybody_recording {
            return;
        }
        let mut recorder = Recorder { webhooks: self, is_done: false };
        while let Some(batch) = recorder.next_batch() {
            self.record_batch(batch).await;
        }
    }

    async fn record_batch(&self, batch: Vec<Attempted>) {
        let mut of_webhooks: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
        let mut places = Vec::new();
        for Attempted { claimed, settlement, place } in batch {
            of_webhooks.entry(claimed.webhook_id).or_default().push((claimed, settlement));
            places.push(place);
        }
        for (webhook, settled) in of_webhooks {
            match self.0.store.settle_deliveries(webhook, &settled).await {
                Ok(None) => {}
                Ok(Some(reason)) => warn!(%webhook, reason, "a webhook is disabled"),
                Err(error) => {
                    info!(%webhook, %error, "attempts were not recorded; they will be made again");
                }
            }
        }
    }
}

/// The one who records. Should it break off, whoever comes next records.
struct Recorder<'a> {
    webhooks: &'a Webhooks,
    is_done: bool,
}

impl Recorder<'_> {
    /// What is to be recorded next; if there is nothing, whoever comes next records.
    fn next_batch(&mut self) -> Option<Vec<Attempted>> {
        let batch = self.webhooks.0.places.ended(|ended| {
            let count = ended.attempts.len().min(BATCH);
            ended.is_recording = count > 0;
            (count > 0).then(|| ended.attempts.drain(..count).collect())
        });
        self.is_done = batch.is_none();
        batch
    }
}

impl Drop for Recorder<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.webhooks.0.places.ended(|ended| ended.is_recording = false);
        }
    }
}

//! Recording what attempts came to: those that end while others are being recorded are recorded together, in one
//! transaction.

use std::collections::HashMap;
use std::sync::PoisonError;

use tracing::{info, warn};
use uuid::Uuid;

use super::Webhooks;
use super::deliverer::Place;
use crate::store::{ClaimedDelivery, Settlement};

/// Attempts recorded at a time.
const BATCH: usize = 64;

/// An attempt that has ended. It keeps its place until it is recorded, so that its lease is renewed.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) claimed: ClaimedDelivery,
    pub(super) settlement: Settlement,
    pub(super) place: Place,
}

/// Attempts that have ended and are not recorded.
#[derive(Debug, Default)]
pub(super) struct Ended {
    attempts: Vec<Attempted>,
    /// Somebody records them, one batch after the other.
    is_recording: bool,
}

impl Webhooks {
    /// Has an attempt recorded: by whoever records others at the moment, or here and now, with all that end
    /// in the meantime.
    pub(super) async fn record(&self, attempted: Attempted) {
        let is_anybody_recording = self.ended(|ended| {
            ended.attempts.push(attempted);
            std::mem::replace(&mut ended.is_recording, true)
        });
        if is_anybody_recording {
            return;
        }
        let recorder = Recorder(self);
        while let Some(batch) = recorder.next_batch() {
            self.record_batch(batch).await;
        }
    }

    async fn record_batch(&self, batch: Vec<Attempted>) {
        let mut of_webhooks: HashMap<Uuid, Vec<_>> = HashMap::new();
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

    fn ended<T>(&self, look: impl FnOnce(&mut Ended) -> T) -> T {
        look(&mut self.0.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The one who records. Should it break, the next attempt that ends is recorded by somebody else.
struct Recorder<'a>(&'a Webhooks);

impl Recorder<'_> {
    /// What is to be recorded next; if nothing is, whoever comes next records.
    fn next_batch(&self) -> Option<Vec<Attempted>> {
        self.0.ended(|ended| {
            let count = ended.attempts.len().min(BATCH);
            ended.is_recording = count > 0;
            (count > 0).then(|| ended.attempts.drain(..count).collect())
        })
    }
}

impl Drop for Recorder<'_> {
    fn drop(&mut self) {
        // After the last batch somebody else may record already.
        if std::thread::panicking() {
            self.0.ended(|ended| ended.is_recording = false);
        }
    }
}

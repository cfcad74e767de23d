//! The deliverer: finds what is due, claims it, and makes the attempts side by side, some for each endpoint.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::Webhooks;
use crate::store::{DeliveryLease, DueWebhook, Error, Webhook};

/// Attempts under way for one endpoint, at most, in this process.
const PER_ENDPOINT: u64 = 8;
/// How often to look for what other processes took in or left.
const TICK: Duration = Duration::from_millis(500);

impl Webhooks {
    pub(super) async fn deliver_until_stopped(&self) {
        let parts = &self.0;
        let mut turn = DelivererTurn::default();
        loop {
            let pause = self.deliver_once(&mut turn).await;
            let news = parts.clock.within(pause, Box::pin(parts.news.notified()));
            if parts.stopping.run_until_cancelled(news).await.is_none() {
                return;
            }
        }
    }

    /// Begins the attempts that are due, as far as there is room. Returns after which pause to look again. A
    /// failure of the database is logged.
    pub async fn deliver_once(&self, turn: &mut DelivererTurn) -> Duration {
        match self.try_to_deliver(turn).await {
            Ok(pause) => {
                if std::mem::take(&mut turn.is_failing) {
                    info!("webhooks are sent again");
                }
                pause
            }
            Err(error) => {
                if !std::mem::replace(&mut turn.is_failing, true) {
                    warn!(%error, "can't send webhooks; tries again");
                }
                TICK
            }
        }
    }

    async fn try_to_deliver(&self, turn: &mut DelivererTurn) -> Result<Duration, Error> {
        let parts = &self.0;
        self.renew(&mut turn.renewed_at).await?;
        let mut next = None;
        for DueWebhook { webhook, due_at } in parts.store.due_webhooks().await? {
            let Some(due_at) = due_at else { continue };
            let now = parts.clock.now();
            let room = self.room(&webhook);
            if room == 0 {
                // The end of an attempt wakes this loop.
                continue;
            }
            if due_at > now {
                next = Some(next.map_or(due_at, |next: DateTime<Utc>| next.min(due_at)));
                continue;
            }
            let claimed = parts.store.claim_deliveries(webhook.id, self.lease(now), room).await?;
            // As it is now: what was changed before the claim counts for these attempts.
            let Some(webhook) = parts.store.webhook(webhook.id).await? else { continue };
            for claimed in claimed {
                let (this, webhook) = (self.clone(), webhook.clone());
                this.under_way(|all| *all.entry(webhook.id).or_default() += 1);
                parts.tasks.spawn(async move {
                    let _place = Place { webhooks: &this, webhook: &webhook };
                    this.attempt(&webhook, &claimed).await;
                });
            }
        }
        let now = parts.clock.now();
        let due = next.map(|next| (next - now).to_std().unwrap_or(Duration::ZERO));
        let tick = TICK.min(parts.settings.lease / 4);
        Ok(due.map_or(tick, |due| due.clamp(Duration::from_millis(1), tick)))
    }

    /// Renews the leases after a third of them.
    async fn renew(&self, renewed_at: &mut Duration) -> Result<(), Error> {
        let parts = &self.0;
        let asked = parts.clock.monotonic();
        let is_idle = self.under_way(|all| all.is_empty());
        if is_idle || asked.saturating_sub(*renewed_at) < parts.settings.lease / 3 {
            return Ok(());
        }
        parts.store.renew_deliveries(self.lease(parts.clock.now())).await?;
        *renewed_at = asked;
        Ok(())
    }

    fn lease(&self, now: DateTime<Utc>) -> DeliveryLease {
        DeliveryLease { owner: self.0.owner, now, until: now + self.0.settings.lease }
    }

    /// How many attempts more may be under way for an endpoint.
    fn room(&self, webhook: &Webhook) -> u64 {
        let under_way = self.under_way(|all| all.get(&webhook.id).copied().unwrap_or(0));
        PER_ENDPOINT.saturating_sub(under_way)
    }
}

/// What a deliverer keeps between two turns.
#[derive(Debug, Default)]
pub struct DelivererTurn {
    /// When the leases were last renewed, on the monotonic clock.
    renewed_at: Duration,
    is_failing: bool,
}

/// A place among the attempts for an endpoint; free again when this is dropped, also by a panic.
struct Place<'a> {
    webhooks: &'a Webhooks,
    webhook: &'a Webhook,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.webhooks.under_way(|all| {
            if let Some(count) = all.get_mut(&self.webhook.id) {
                *count = count.saturating_sub(1);
            }
            all.retain(|_, count| *count > 0);
        });
        self.webhooks.wake();
    }
}

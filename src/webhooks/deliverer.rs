//! The deliverer: finds what is due, claims it, and makes the attempts side by side, some for each endpoint.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::Webhooks;
use super::places::Attempted;
use crate::store::{DeliveryLease, DueWebhook, Error, Webhook};

/// Attempts under way for one endpoint, at most, in this process.
const PER_ENDPOINT: usize = 16;
/// Fewer are not worth a claim: a claim and what it brings are a transaction each.
const WORTH_A_CLAIM: usize = PER_ENDPOINT / 2;
/// What an attempt costs, about, in time of a processor: a claim, a connection, a record.
const AN_ATTEMPT: Duration = Duration::from_micros(500);
/// How often to look for what other processes took in or left.
const TICK: Duration = Duration::from_millis(500);

impl Webhooks {
    pub(super) async fn deliver_until_stopped(&self) {
        let parts = &self.0;
        let mut turn = DelivererTurn::default();
        loop {
            let (begun, pause) = self.deliver_once(&mut turn).await;
            let courtesy = &parts.settings.courtesy;
            let rest = courtesy.rest(&parts.clock, AN_ATTEMPT * begun, turn.waited);
            if parts.tasks.unless_stopping(rest).await.is_none() {
                return;
            }
            let news = parts.clock.within(pause, Box::pin(parts.places.news.notified()));
            if parts.tasks.unless_stopping(news).await.is_none() {
                return;
            }
        }
    }

    /// Begins the attempts that are due, as far as there is room. Returns how many these are, and after
    /// which pause to look again. A failure of the database is logged.
    pub async fn deliver_once(&self, turn: &mut DelivererTurn) -> (u32, Duration) {
        match self.try_to_deliver(turn).await {
            Ok(begun_and_pause) => {
                if std::mem::take(&mut turn.is_failing) {
                    info!("webhooks are sent again");
                }
                begun_and_pause
            }
            Err(error) => {
                if !std::mem::replace(&mut turn.is_failing, true) {
                    warn!(%error, "can't send webhooks; tries again");
                }
                (0, TICK)
            }
        }
    }

    async fn try_to_deliver(&self, turn: &mut DelivererTurn) -> Result<(u32, Duration), Error> {
        let parts = &self.0;
        self.renew(&mut turn.renewed_at).await?;
        let (mut begun, mut next) = (0, None);
        turn.waited = Duration::ZERO;
        for DueWebhook { webhook, due_at, last_due_at } in parts.store.due_webhooks().await? {
            let Some(mut due_at) = due_at else { continue };
            let now = parts.clock.now();
            let latest = now + self.longest_pause();
            if last_due_at.is_some_and(|last| last > latest) {
                parts.store.bring_deliveries_forward(webhook.id, latest, now).await?;
                due_at = due_at.min(now);
            }
            let room = self.room(&webhook);
            if room < WORTH_A_CLAIM {
                // The end of attempts wakes this loop.
                continue;
            }
            if due_at > now {
                next = Some(next.map_or(due_at, |next: DateTime<Utc>| next.min(due_at)));
                continue;
            }
            let (lease, limit) = (self.lease(now), u64::try_from(room).unwrap_or(1));
            let claimed = parts.store.claim_deliveries(webhook.id, lease, limit).await?;
            turn.waited = turn.waited.max(parts.clock.since(due_at));
            // As it is now: what was changed before the claim counts for these attempts.
            let Some(webhook) = parts.store.webhook(webhook.id).await? else { continue };
            for claimed in claimed {
                let (this, webhook) = (self.clone(), webhook.clone());
                let place = parts.places.take(webhook.id, claimed.event_id);
                begun += 1;
                parts.tasks.spawn(async move {
                    if let Some(settlement) = this.attempt(&webhook, &claimed).await {
                        this.record(Attempted { claimed, settlement, place }).await;
                    }
                });
            }
        }
        let now = parts.clock.now();
        let due = next.map(|next| (next - now).to_std().unwrap_or(Duration::ZERO));
        let tick = TICK.min(parts.settings.lease / 4);
        Ok((begun, due.map_or(tick, |due| due.clamp(Duration::from_millis(1), tick))))
    }

    /// The longest time that a delivery may be put off for: by twice a pause of the schedule, or by a lease.
    fn longest_pause(&self) -> Duration {
        let settings = &self.0.settings;
        let longest = settings.schedule.iter().chain([&settings.lease]).max();
        longest.map_or(Duration::ZERO, |longest| longest.saturating_mul(2))
    }

    /// Renews the leases of the attempts under way after a third of them. Not those of attempts that were made
    /// and could not be recorded: they are to be made again.
    async fn renew(&self, renewed_at: &mut Duration) -> Result<(), Error> {
        let parts = &self.0;
        let asked = parts.clock.monotonic();
        let events = parts.places.events();
        if events.is_empty() || asked.saturating_sub(*renewed_at) < parts.settings.lease / 3 {
            return Ok(());
        }
        parts.store.renew_deliveries(self.lease(parts.clock.now()), &events).await?;
        *renewed_at = asked;
        Ok(())
    }

    fn lease(&self, now: DateTime<Utc>) -> DeliveryLease {
        DeliveryLease { owner: self.0.owner, now, until: now + self.0.settings.lease }
    }

    /// How many attempts more may be under way for an endpoint.
    fn room(&self, webhook: &Webhook) -> usize {
        PER_ENDPOINT.saturating_sub(self.0.places.taken(webhook.id))
    }
}

/// What a deliverer keeps between two turns.
#[derive(Debug, Default)]
pub struct DelivererTurn {
    /// When the leases were last renewed, on the monotonic clock.
    renewed_at: Duration,
    /// How long the attempts begun last had been due.
    waited: Duration,
    is_failing: bool,
}

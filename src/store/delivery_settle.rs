//! Settling deliveries: what an attempt came to, and what follows from it for the delivery, for the
//! endpoint, and for the events that wait.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{outbox, webhook_delivery};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, Set};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

use super::delivery::{Attempt, DISABLED, DeliveryState};
use super::delivery_claim::ClaimedDelivery;
use super::outbox::last_version;
use super::retry::Retries;
use super::rowset::{Cell, Column, Form, Rowset, Type, ids, source_of_ids};
use super::transaction::Transaction;
use super::webhook::{Webhook, WebhookState};
use super::{Error, Store};
use crate::order::{Fact, WebhookDisabled};

/// So many attempts are kept of a delivery, the latest.
const MAX_ATTEMPTS: usize = 30;
/// An endpoint that has failed for so long, and never succeeded, is disabled.
const FAILING: TimeDelta = TimeDelta::days(5);

/// What an attempt came to.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// What was done.
    pub attempt: Attempt,
    /// What follows.
    pub verdict: AttemptVerdict,
    /// Now.
    pub now: DateTime<Utc>,
    /// The id of an event that tells of the endpoint, if this disables it.
    pub fresh_id: Uuid,
    /// W3C trace context of the attempt.
    pub trace_parent: String,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptVerdict {
    /// The endpoint has it.
    Delivered,
    /// It does not; the next attempt of the schedule, if there is one.
    NotDelivered {
        /// When.
        next: Option<DateTime<Utc>>,
    },
    /// The endpoint wants nothing any more.
    Gone,
}

impl Store {
    /// Records attempts of one endpoint, in one transaction; those whose delivery is not its claim's any more
    /// are left out. Returns why this disabled the endpoint, if it did: `gone` or `failing`.
    pub async fn settle_deliveries(
        &self,
        webhook: Uuid,
        settled: &[(ClaimedDelivery, Settlement)],
    ) -> Result<Option<&'static str>, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let done = self.settle_deliveries_in(&transaction, webhook, settled).await;
            let ended = transaction.end(done).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn settle_deliveries_in(
        &self,
        transaction: &Transaction,
        id: Uuid,
        settled: &[(ClaimedDelivery, Settlement)],
    ) -> Result<Option<&'static str>, Error> {
        let Some(mut webhook) = self.locked_webhook(transaction, id).await? else {
            return Ok(None);
        };
        let mut rows = self.locked_deliveries(transaction, id, settled).await?;
        let before = webhook.failing_since;
        let (mut changed, mut at_rest, mut disabled) = (Vec::new(), BTreeMap::new(), None);
        for (claimed, settlement) in settled {
            let is_claims = |row: &webhook_delivery::Model| {
                row.owner == Some(claimed.owner) && row.fence == claimed.fence
            };
            let row = rows.remove(&claimed.event_id).filter(is_claims);
            let Some(mut row) = row else { continue };
            add_attempt(&mut row, &settlement.attempt);
            move_on(&mut row, claimed, settlement);
            if row.state != DeliveryState::Pending.to_string() {
                at_rest.insert(row.subject, settlement.now);
            }
            changed.push(row);
            let why = judge(&mut webhook, settlement);
            disabled = disabled.or(why.map(|why| (why, settlement)));
        }
        self.write_deliveries(transaction, id, &changed).await?;
        if let Some((reason, settlement)) = disabled {
            webhook.state = WebhookState::Disabled;
            webhook.disabled_reason = Some(reason.to_owned());
            self.give_up_pending(transaction, id).await?;
            self.tell_of_disabled(transaction, &webhook, reason, settlement).await?;
        } else if webhook.ordered {
            for (subject, now) in at_rest {
                self.begin_next(transaction, id, subject, now).await?;
            }
        }
        if disabled.is_some() || webhook.failing_since != before {
            self.write_webhook(transaction, &webhook).await?;
        }
        Ok(disabled.map(|(reason, _)| reason))
    }

    /// These deliveries by their events.
    async fn locked_deliveries(
        &self,
        transaction: &Transaction,
        webhook: Uuid,
        settled: &[(ClaimedDelivery, Settlement)],
    ) -> Result<HashMap<Uuid, webhook_delivery::Model>, Error> {
        let lock = if self.backend == DbBackend::Postgres { "FOR UPDATE OF d" } else { "" };
        let sql = format!(
            "SELECT d.* FROM {} JOIN webhook_delivery d \
             ON d.webhook_id = $2 AND d.event_id = r.id ORDER BY d.event_id {lock}",
            source_of_ids(self.backend)
        );
        let events: Vec<Uuid> = settled.iter().map(|(claimed, _)| claimed.event_id).collect();
        let values = vec![ids(&events), webhook.into()];
        let rows = webhook_delivery::Model::find_by_statement(self.statement(&sql, values));
        let rows = rows.all(transaction).await?;
        Ok(rows.into_iter().map(|row| (row.event_id, row)).collect())
    }

    /// Writes what an attempt changes.
    async fn write_deliveries(
        &self,
        transaction: &Transaction,
        webhook: Uuid,
        rows: &[webhook_delivery::Model],
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = Rowset::of(&SETTLED, rows.iter().map(settled_row));
        let sql = format!(
            "UPDATE webhook_delivery SET owner = NULL, state = r.state, cause = r.cause, \
             attempts = r.attempts, tries = r.tries, resends = r.resends, \
             next_attempt_at = r.next_attempt_at, due_at = r.due_at FROM {} \
             WHERE webhook_delivery.webhook_id = $2 AND webhook_delivery.event_id = r.event_id",
            Form::Json(self.backend).source(&SETTLED, 1)
        );
        let values = vec![rows.json().into(), webhook.into()];
        transaction.execute_raw(self.statement(&sql, values)).await?;
        Ok(())
    }

    /// Gives up everything that is pending for an endpoint.
    pub(super) async fn give_up_pending(
        &self,
        transaction: &Transaction,
        id: Uuid,
    ) -> Result<(), Error> {
        let sql = "UPDATE webhook_delivery SET state = 'failed', cause = $2, \
                   next_attempt_at = NULL, due_at = NULL, resends = 0 \
                   WHERE webhook_id = $1 AND state = 'pending'";
        let values = vec![id.into(), DISABLED.into()];
        transaction.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Begins with the first pending event about a subject, if it waits.
    pub(super) async fn begin_next(
        &self,
        transaction: &Transaction,
        id: Uuid,
        subject: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sql = "UPDATE webhook_delivery SET next_attempt_at = $3, due_at = $3 \
                   WHERE webhook_id = $1 AND next_attempt_at IS NULL AND due_at IS NULL \
                   AND event_id = (SELECT event_id FROM webhook_delivery WHERE webhook_id = $1 \
                   AND subject = $2 AND state = 'pending' AND position IS NOT NULL \
                   ORDER BY position LIMIT 1)";
        let values = vec![id.into(), subject.into(), now.into()];
        transaction.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// An event for all others: this endpoint is told nothing any more.
    async fn tell_of_disabled(
        &self,
        transaction: &Transaction,
        webhook: &Webhook,
        reason: &str,
        settlement: &Settlement,
    ) -> Result<(), Error> {
        let sql = format!("SELECT {}", last_version("$1"));
        let row = transaction.query_one_raw(self.statement(&sql, vec![webhook.id.into()])).await?;
        let before: i32 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let (webhook_id, url) = (webhook.id, webhook.url.clone());
        let fact = WebhookDisabled { webhook_id, url, reason: reason.to_owned() };
        let fact = Fact::WebhookDisabled(fact);
        let event = outbox::ActiveModel {
            id: Set(settlement.fresh_id),
            order_id: Set(webhook.id),
            kind: Set(fact.kind().to_string()),
            payload: Set(fact.data()),
            created_at: Set(settlement.now),
            published_at: Set(None),
            user_id: Set(None),
            version: Set(Some(before.saturating_add(1))),
            status: Set(Some(DISABLED.to_owned())),
            trace_parent: Set(Some(settlement.trace_parent.clone())),
            position: Set(None),
        };
        outbox::Entity::insert(event).exec_without_returning(transaction).await?;
        Ok(())
    }
}

const SETTLED: [Column; 8] = [
    ("event_id", Type::Uuid),
    ("state", Type::Text),
    ("cause", Type::Text),
    ("attempts", Type::Json),
    ("tries", Type::Int),
    ("resends", Type::Int),
    ("next_attempt_at", Type::Time),
    ("due_at", Type::Time),
];

fn settled_row(row: &webhook_delivery::Model) -> [Cell<'_>; 8] {
    [
        row.event_id.into(),
        row.state.as_str().into(),
        row.cause.as_deref().into(),
        row.attempts.to_string().into(),
        row.tries.into(),
        row.resends.into(),
        row.next_attempt_at.into(),
        row.due_at.into(),
    ]
}

/// Takes an attempt in for its endpoint; returns why it is to be disabled, if it is.
fn judge(webhook: &mut Webhook, settlement: &Settlement) -> Option<&'static str> {
    let now = settlement.now;
    let why = match settlement.verdict {
        AttemptVerdict::Delivered => {
            webhook.failing_since = None;
            None
        }
        AttemptVerdict::NotDelivered { .. } => {
            let since = *webhook.failing_since.get_or_insert(now);
            (now - since >= FAILING).then_some("failing")
        }
        AttemptVerdict::Gone => {
            webhook.failing_since.get_or_insert(now);
            Some("gone")
        }
    };
    why.filter(|_| webhook.state == WebhookState::Enabled)
}

fn add_attempt(row: &mut webhook_delivery::Model, attempt: &Attempt) {
    let mut attempts = row.attempts.as_array().cloned().unwrap_or_default();
    attempts.push(serde_json::to_value(attempt).unwrap_or_default());
    let old = attempts.len().saturating_sub(MAX_ATTEMPTS);
    row.attempts = attempts.split_off(old).into();
}

/// What a delivery is after an attempt.
fn move_on(row: &mut webhook_delivery::Model, claimed: &ClaimedDelivery, settlement: &Settlement) {
    if claimed.is_resend {
        row.resends = row.resends.saturating_sub(1).max(0);
    }
    let is_pending = row.state == DeliveryState::Pending.to_string();
    match settlement.verdict {
        AttemptVerdict::Delivered => {
            row.state = DeliveryState::Delivered.to_string();
            (row.cause, row.next_attempt_at) = (None, None);
        }
        // Outside the schedule nothing else changes.
        AttemptVerdict::NotDelivered { .. } if claimed.is_resend || !is_pending => {}
        AttemptVerdict::NotDelivered { next: Some(next) } => {
            row.tries = row.tries.saturating_add(1);
            row.next_attempt_at = Some(next);
        }
        AttemptVerdict::NotDelivered { next: None } | AttemptVerdict::Gone => {
            if is_pending {
                row.state = DeliveryState::Failed.to_string();
            }
            row.next_attempt_at = None;
        }
    }
    row.due_at = if row.resends > 0 { Some(settlement.now) } else { row.next_attempt_at };
}

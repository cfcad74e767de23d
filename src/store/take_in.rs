//! Taking events in: a delivery for each endpoint that wants one, in the transaction that moves the cursor. So
//! each is there for each endpoint exactly once, whoever leads and whatever fails (promise 60).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::webhook;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use super::cursor::Lead;
use super::delivery::{DISABLED, DeliveryState};
use super::outbox::StoredEvent;
use super::retry::Retries;
use super::rowset::{Cell, Column, Rowset, Type, ids, source_of_ids};
use super::transaction::Transaction;
use super::webhook::{Webhook, WebhookState};
use super::{Error, Store};

/// Events to take in, with what the store does not know of them.
pub struct TakeIn<'a> {
    /// In the order of their positions.
    pub events: &'a [StoredEvent],
    /// Whether an endpoint wants one of them.
    pub wants: &'a (dyn Fn(&Webhook, &StoredEvent) -> bool + Sync),
    /// What is sent.
    pub body: &'a (dyn Fn(&StoredEvent) -> String + Sync),
    /// Now.
    pub now: DateTime<Utc>,
}

/// What differs from delivery to delivery. The rest follows from it, as a statement of fewer columns is read faster.
const TAKEN_IN: [Column; 10] = [
    ("webhook_id", Type::Uuid),
    ("event_id", Type::Uuid),
    ("kind", Type::Text),
    ("subject", Type::Uuid),
    ("position", Type::BigInt),
    ("event_at", Type::Time),
    ("body", Type::Text),
    ("state", Type::Text),
    ("is_due", Type::Bool),
    ("created_at", Type::Time),
];

impl Store {
    /// Takes in events for all endpoints that want them, and moves the cursor; `false` if the lead is lost.
    pub async fn take_in(&self, lead: &Lead, to: i64, new: &TakeIn<'_>) -> Result<bool, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let taken = async {
                if !self.move_cursor_in(&transaction, lead, to).await? {
                    return Ok(false);
                }
                self.insert_deliveries(&transaction, new).await?;
                Ok(true)
            };
            let taken = taken.await;
            let ended = transaction.end(taken).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn insert_deliveries(
        &self,
        transaction: &Transaction,
        new: &TakeIn<'_>,
    ) -> Result<(), Error> {
        // Until the commit, none of them is changed or removed.
        let lock = if self.backend == DbBackend::Postgres { "FOR SHARE" } else { "" };
        let sql = format!("SELECT * FROM webhook ORDER BY created_at, id {lock}");
        let found = webhook::Model::find_by_statement(self.statement(&sql, vec![]));
        let mut rows = Vec::new();
        for row in found.all(transaction).await? {
            let webhook = Webhook::try_from(row)?;
            let wanted = new.events.iter().filter(|event| (new.wants)(&webhook, event));
            let wanted: Vec<&StoredEvent> = wanted.collect();
            let mut busy = self.busy_subjects(transaction, &webhook, &wanted).await?;
            for event in wanted {
                let waits = !busy.insert(event.order_id.0) && webhook.ordered;
                rows.push(delivery_row(&webhook, event, waits, new));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let rows = Rowset::of(&TAKEN_IN, rows.into_iter());
        let (form, values) = rows.whole(self.backend);
        let source = form.source(&TAKEN_IN, 1);
        let sql = format!(
            "INSERT INTO webhook_delivery (webhook_id, event_id, kind, subject, position, event_at, \
             body, state, created_at, cause, attempts, tries, resends, fence, next_attempt_at, due_at) \
             SELECT webhook_id, event_id, kind, subject, position, event_at, \
             body, state, created_at, CASE state WHEN 'failed' THEN '{DISABLED}' END, '[]', 0, 0, 0, \
             CASE WHEN is_due THEN created_at END, CASE WHEN is_due THEN created_at END \
             FROM {source} WHERE true ON CONFLICT (webhook_id, event_id) DO NOTHING"
        );
        transaction.execute_raw(self.statement(&sql, values)).await?;
        Ok(())
    }

    /// What pending deliveries of an ordered endpoint are about. Their rows are locked: whoever settles the
    /// last of them meanwhile waits, and then sees who waits for it.
    async fn busy_subjects(
        &self,
        transaction: &Transaction,
        webhook: &Webhook,
        wanted: &[&StoredEvent],
    ) -> Result<HashSet<Uuid>, Error> {
        if !webhook.ordered || wanted.is_empty() || webhook.state == WebhookState::Disabled {
            return Ok(HashSet::new());
        }
        let subjects: HashSet<Uuid> = wanted.iter().map(|event| event.order_id.0).collect();
        let lock = if self.backend == DbBackend::Postgres { "FOR UPDATE OF d" } else { "" };
        let sql = format!(
            "SELECT d.subject FROM {} JOIN webhook_delivery d ON d.subject = r.id \
             WHERE d.webhook_id = $2 AND d.state = 'pending' AND d.position IS NOT NULL {lock}",
            source_of_ids(self.backend)
        );
        let subjects: Vec<Uuid> = subjects.into_iter().collect();
        let values = vec![ids(&subjects), webhook.id.into()];
        let rows = transaction.query_all_raw(self.statement(&sql, values)).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }
}

fn delivery_row<'a>(
    webhook: &Webhook,
    event: &'a StoredEvent,
    waits: bool,
    new: &TakeIn<'_>,
) -> [Cell<'a>; TAKEN_IN.len()] {
    let is_enabled = webhook.state == WebhookState::Enabled;
    let state = if is_enabled { DeliveryState::Pending } else { DeliveryState::Failed };
    [
        webhook.id.into(),
        event.id.into(),
        event.kind.as_str().into(),
        event.order_id.0.into(),
        // Events that are told have one.
        event.position.unwrap_or_default().into(),
        event.at.into(),
        (new.body)(event).into(),
        <&str>::from(state).into(),
        (is_enabled && !waits).into(),
        new.now.into(),
    ]
}

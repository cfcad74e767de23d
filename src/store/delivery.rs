//! Deliveries: events for endpoints, a row each, from when they are taken in to when they are listed.
//! Claiming and settling them are in `delivery_claim.rs` and `delivery_settle.rs`.
//!
//! Events are taken in in the transaction that moves the cursor. So each is there for each endpoint that
//! wants it exactly once, whoever leads and whatever fails (promise 60).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::{webhook, webhook_delivery};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cursor::Lead;
use super::outbox::StoredEvent;
use super::retry::Retries;
use super::rowset::{Cell, Column, Form, Rowset, Type, ids, source_of_ids};
use super::transaction::Transaction;
use super::webhook::{ListedAt, Webhook, WebhookState};
use super::{Error, Store};
use crate::order::OrderId;

/// What became of a delivery.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum DeliveryState {
    /// It is being sent, or will be.
    Pending,
    /// The endpoint has it.
    Delivered,
    /// It is given up.
    Failed,
}

/// One attempt to deliver. The names are stored, and are those of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
    /// The beginning of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
}

/// A delivery as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which event.
    pub event_id: Uuid,
    /// The event's type.
    pub kind: String,
    /// What became of it.
    pub state: DeliveryState,
    /// Why it failed without an attempt.
    pub cause: Option<String>,
    /// The latest attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// The next attempt of the schedule.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When the event was taken in for the endpoint.
    pub created_at: DateTime<Utc>,
}

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

const DELIVERY: [Column; 16] = [
    ("webhook_id", Type::Uuid),
    ("event_id", Type::Uuid),
    ("kind", Type::Text),
    ("subject", Type::Uuid),
    ("position", Type::BigInt),
    ("event_at", Type::Time),
    ("body", Type::Text),
    ("state", Type::Text),
    ("cause", Type::Text),
    ("attempts", Type::Json),
    ("tries", Type::Int),
    ("resends", Type::Int),
    ("next_attempt_at", Type::Time),
    ("due_at", Type::Time),
    ("created_at", Type::Time),
    ("fence", Type::BigInt),
];

/// The cause of deliveries that were given up, or never begun, because of their endpoint's state.
pub(super) const DISABLED: &str = "disabled";

impl Store {
    /// Whether there is any endpoint.
    pub async fn has_webhooks(&self) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM webhook LIMIT 1";
        Ok(self.read.query_one_raw(self.statement(sql, vec![])).await?.is_some())
    }

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
        let rows = Rowset::of(&DELIVERY, rows.into_iter());
        let insert = Form::Json(self.backend).insert("webhook_delivery", &DELIVERY, 1);
        let sql = format!("{insert} ON CONFLICT (webhook_id, event_id) DO NOTHING");
        transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
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

    /// What endpoints were told about an order: the endpoint's URL, the event's type and the attempt that
    /// delivered it, oldest first.
    pub async fn delivered_about(
        &self,
        order: OrderId,
    ) -> Result<Vec<(String, String, Attempt)>, Error> {
        let sql = "SELECT w.url, d.kind, d.attempts FROM webhook_delivery d \
                   JOIN webhook w ON w.id = d.webhook_id WHERE d.event_id IN \
                   (SELECT id FROM outbox WHERE order_id = $1) AND d.state = 'delivered' \
                   ORDER BY d.position, w.created_at";
        let rows = self.read.query_all_raw(self.statement(sql, vec![order.0.into()])).await?;
        let mut told = Vec::new();
        for row in rows {
            let attempts: serde_json::Value = row.try_get("", "attempts")?;
            let attempts: Vec<Attempt> = serde_json::from_value(attempts).unwrap_or_default();
            if let Some(last) = attempts.into_iter().next_back() {
                told.push((row.try_get("", "url")?, row.try_get("", "kind")?, last));
            }
        }
        Ok(told)
    }

    /// Deliveries of an endpoint, the newest first; one more than asked for where there are more.
    pub async fn deliveries(
        &self,
        webhook: Uuid,
        state: Option<DeliveryState>,
        after: Option<ListedAt>,
        limit: u64,
    ) -> Result<Vec<Delivery>, Error> {
        use webhook_delivery::Column;
        let before = after.map(|(at, id)| {
            Expr::tuple([Expr::col(Column::CreatedAt), Expr::col(Column::EventId)])
                .lt(Expr::tuple([Expr::value(at), Expr::value(id)]))
        });
        let of_state = state.map(|state| Column::State.eq(state.to_string()));
        let rows = webhook_delivery::Entity::find()
            .filter(Column::WebhookId.eq(webhook))
            .filter(Condition::all().add_option(before).add_option(of_state))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::EventId)
            .limit(limit + 1)
            .all(&self.read)
            .await?;
        rows.into_iter().map(Delivery::try_from).collect()
    }
}

fn delivery_row<'a>(
    webhook: &Webhook,
    event: &'a StoredEvent,
    waits: bool,
    new: &TakeIn<'_>,
) -> [Cell<'a>; DELIVERY.len()] {
    let is_enabled = webhook.state == WebhookState::Enabled;
    let (state, cause) = if is_enabled {
        (DeliveryState::Pending, None)
    } else {
        (DeliveryState::Failed, Some(DISABLED))
    };
    let due = (is_enabled && !waits).then_some(new.now);
    [
        webhook.id.into(),
        event.id.into(),
        event.kind.as_str().into(),
        event.order_id.0.into(),
        event.position.into(),
        event.at.into(),
        (new.body)(event).into(),
        state.to_string().into(),
        cause.into(),
        "[]".into(),
        0.into(),
        0.into(),
        due.into(),
        due.into(),
        new.now.into(),
        0_i64.into(),
    ]
}

impl TryFrom<webhook_delivery::Model> for Delivery {
    type Error = Error;

    fn try_from(row: webhook_delivery::Model) -> Result<Self, Error> {
        let id = row.event_id;
        let unreadable = |what: &str| Error::Unusable(format!("delivery of {id}: bad {what}"));
        Ok(Self {
            event_id: row.event_id,
            kind: row.kind,
            state: row.state.parse().map_err(|_| unreadable("state"))?,
            cause: row.cause,
            attempts: serde_json::from_value(row.attempts).map_err(|_| unreadable("attempts"))?,
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
        })
    }
}

//! Endpoints that are told of events: what is known of each, and how it is changed.
//!
//! Whoever changes an endpoint, takes in events for it or settles one of its deliveries first locks the
//! endpoint's row. So no event is taken in as pending for one that is being disabled or removed.

use std::fmt;

use chrono::{DateTime, Utc};
use entity::webhook;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::trail::NewAuditEntry;
use super::transaction::Transaction;
use super::{Error, Store};

/// Whether an endpoint is told anything.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum WebhookState {
    /// It is told what it wants.
    Enabled,
    /// It is told nothing.
    Disabled,
}

/// What messages to an endpoint are signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// `whsec_` and base64.
    pub secret: String,
    /// Until when it signs; `None` for the newest.
    pub until: Option<DateTime<Utc>>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("until", &self.until).finish_non_exhaustive()
    }
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// Which types of events it wants: filters, at least one.
    pub types: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether the events of one order are sent one after the other.
    pub ordered: bool,
    /// Whether it is told anything.
    pub state: WebhookState,
    /// `gone` or `failing` if it was disabled by itself.
    pub disabled_reason: Option<String>,
    /// The newest first.
    pub secrets: Vec<Secret>,
    /// It gets events behind this position.
    pub begins: i64,
    /// Up to this position, events that became true before it was added are not for it.
    pub unsure_until: i64,
    /// Since when nothing but failures.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// An endpoint to be.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// Which types of events it wants.
    pub types: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether the events of one order are sent one after the other.
    pub ordered: bool,
    /// What is signed with.
    pub secret: String,
    /// Now.
    pub created_at: DateTime<Utc>,
}

/// The place of an endpoint or a delivery in its list.
pub type ListedAt = (DateTime<Utc>, Uuid);

impl Store {
    /// Adds an endpoint. It gets the events that are committed from now on.
    pub async fn add_webhook(
        &self,
        new: NewWebhook,
        audit: &NewAuditEntry,
    ) -> Result<Webhook, Error> {
        // In this order: an event that gets its position in between counts as one of both.
        let sql = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE position IS NULL \
                   LIMIT 100000) AS unplaced";
        let row = self.write.query_one_raw(self.statement(sql, vec![])).await?;
        let unplaced: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let begins = self.last_position().await?;
        let webhook = Webhook {
            id: new.id,
            url: new.url,
            types: new.types,
            description: new.description,
            ordered: new.ordered,
            state: WebhookState::Enabled,
            disabled_reason: None,
            secrets: vec![Secret { secret: new.secret, until: None }],
            begins,
            unsure_until: begins.saturating_add(unplaced),
            failing_since: None,
            created_at: new.created_at,
        };
        let row = row_of(&webhook)?;
        let transaction = self.write.begin().await?;
        let added = async {
            webhook::Entity::insert(row).exec_without_returning(&transaction).await?;
            self.audit_in(&transaction, Some(audit)).await?;
            Ok(webhook)
        };
        let added = added.await;
        transaction.end(added).await
    }

    /// The endpoint of this id.
    pub async fn webhook(&self, id: Uuid) -> Result<Option<Webhook>, Error> {
        let row = webhook::Entity::find_by_id(id).one(&self.read).await?;
        row.map(Webhook::try_from).transpose()
    }

    /// Endpoints, the newest first; one more than asked for where there are more.
    pub async fn webhooks(
        &self,
        after: Option<ListedAt>,
        limit: u64,
    ) -> Result<Vec<Webhook>, Error> {
        use webhook::Column;
        let before = after.map(|(at, id)| {
            Expr::tuple([Expr::col(Column::CreatedAt), Expr::col(Column::Id)])
                .lt(Expr::tuple([Expr::value(at), Expr::value(id)]))
        });
        let rows = webhook::Entity::find()
            .filter(Condition::all().add_option(before))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .limit(limit + 1)
            .all(&self.read)
            .await?;
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// An endpoint whose row is locked until the end of the transaction.
    pub(super) async fn locked_webhook(
        &self,
        transaction: &Transaction,
        id: Uuid,
    ) -> Result<Option<Webhook>, Error> {
        let lock = if self.backend == DbBackend::Postgres { "FOR UPDATE" } else { "" };
        let sql = format!("SELECT * FROM webhook WHERE id = $1 {lock}");
        let found = webhook::Model::find_by_statement(self.statement(&sql, vec![id.into()]));
        found.one(transaction).await?.map(Webhook::try_from).transpose()
    }

    /// Writes an endpoint's row, which is locked.
    pub(super) async fn write_webhook(
        &self,
        transaction: &Transaction,
        webhook: &Webhook,
    ) -> Result<(), Error> {
        row_of(webhook)?.reset_all().update(transaction).await?;
        Ok(())
    }
}

fn row_of(webhook: &Webhook) -> Result<webhook::ActiveModel, Error> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|error| Error::Unusable(error.to_string()))
    };
    Ok(webhook::ActiveModel {
        id: Set(webhook.id),
        url: Set(webhook.url.clone()),
        types: Set(json(serde_json::to_value(&webhook.types))?),
        description: Set(webhook.description.clone()),
        ordered: Set(webhook.ordered),
        state: Set(webhook.state.to_string()),
        disabled_reason: Set(webhook.disabled_reason.clone()),
        secrets: Set(json(serde_json::to_value(&webhook.secrets))?),
        begins: Set(webhook.begins),
        unsure_until: Set(webhook.unsure_until),
        failing_since: Set(webhook.failing_since),
        created_at: Set(webhook.created_at),
    })
}

impl TryFrom<webhook::Model> for Webhook {
    type Error = Error;

    fn try_from(row: webhook::Model) -> Result<Self, Error> {
        let unreadable = |what: &str| Error::Unusable(format!("webhook {}: bad {what}", row.id));
        Ok(Self {
            types: serde_json::from_value(row.types).map_err(|_| unreadable("types"))?,
            secrets: serde_json::from_value(row.secrets).map_err(|_| unreadable("secrets"))?,
            state: row.state.parse().map_err(|_| unreadable("state"))?,
            id: row.id,
            url: row.url,
            description: row.description,
            ordered: row.ordered,
            disabled_reason: row.disabled_reason,
            begins: row.begins,
            unsure_until: row.unsure_until,
            failing_since: row.failing_since,
            created_at: row.created_at,
        })
    }
}

//! `GET /api/operator/audit`: what persons did, and what they tried to do.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use strum::VariantNames;
use tracing::warn;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Operators;
use crate::auth::{Person, Right};
use crate::store::{AuditEntry, AuditFilter, AuditResult};
use crate::web::{Cursor, Problem, Query};

const MAX_LIMIT: u64 = 500;
const DEFAULT_LIMIT: u64 = 50;
/// The tag of this list's cursors.
const TAG: char = 't';

/// A page of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<EntryView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// What a person did, or tried to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryView {
    /// Its place in the chain, from 1 and without gaps.
    pub(crate) seq: i64,
    /// When it was asked for.
    pub(crate) at: DateTime<Utc>,
    /// The name of the token, or `NAME (shared token)`, where only the holder vouches for the name.
    pub(crate) who: String,
    /// The role at that time.
    pub(crate) role: String,
    /// `api`, `console`, `shell` or `bulk`.
    pub(crate) via: String,
    /// `retry`, `compensate`, `resolve`, `hold`, `release`, `note`, `create`, `cancel`, `ship`, `report`,
    /// `return`, `sign-in`, `sign-out`, `bulk.prepare`, `bulk.start`, `bulk.pause`, `bulk.resume`, `bulk.stop`, `webhook.create`, `webhook.change`, `webhook.remove`, `webhook.rotate`, `webhook.test`,
    /// `webhook.resend` or `webhook.recover`.
    pub(crate) action: String,
    /// The id that it was done to, as in the path: of a saga, an order, a shipment or a webhook;
    /// `WEBHOOK/EVENT` for `webhook.resend`.
    #[schema(required)]
    pub(crate) target: Option<String>,
    /// Why, in the person's own words; null where none are asked for or they were not read.
    #[schema(required)]
    pub(crate) reason: Option<String>,
    /// `done`, `denied` (403), `refused` (409) or `stale` (412).
    pub(crate) result: String,
    /// SHA-256 over the entry and the hash of the one before.
    pub(crate) hash: String,
}

impl From<AuditEntry> for EntryView {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { seq, at, who, role, via, action, target, reason, result, hash } = entry;
        Self { seq, at, who, role, via, action, target, reason, result, hash }
    }
}

/// List the audit trail
///
/// Every action of every person, newest first: also those that were denied or refused. Repeats that change
/// nothing and reads are not in it. The hash of an entry is the SHA-256 of the JSON array
/// `[hash before, seq, at, who, role, via, action, target, reason, result]` without spaces; before the first
/// entry are 64 zeros.
#[utoipa::path(
    get,
    path = "/api/operator/audit",
    tag = "operators",
    operation_id = "listAuditEntries",
    security(("operatorToken" = [])),
    params(
        ("who" = Option<String>, Query, description = "Only those of this person, as `who` is shown"),
        ("action" = Option<String>, Query, description = "Only this action"),
        ("target" = Option<String>, Query, description = "Only those about this id"),
        ("result" = Option<String>, Query, pattern = "^(done|denied|refused|stale)$", description = "Only those of this result"),
        ("from" = Option<String>, Query, format = DateTime, description = "Of then or later"),
        ("to" = Option<String>, Query, format = DateTime, description = "Of then or earlier"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 50 unless said"),
        ("cursor" = Option<String>, Query, pattern = "^t[0-9a-fA-F]{48}$", description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "The page", body = Page),
        (status = 400, description = "What is wrong, naming the parameter"),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn list_audit_entries(
    State(operators): State<Operators>,
    who: Person,
    query: Query,
) -> Result<Json<Page>, Problem> {
    who.require(Right::ReadSagas)?;
    page(&operators, &query).await.map(Json)
}

/// The page that this query asks for. Everything that is committed by now is in the list.
pub(crate) async fn page(operators: &Operators, query: &Query) -> Result<Page, Problem> {
    let results = format!("one of {}", AuditResult::VARIANTS.join(", "));
    let text = |name, what| query.read(name, what, storable);
    let target = text("target", "an id")?.map(|target| match target.parse::<Uuid>() {
        Ok(id) => id.to_string(),
        Err(_) => target,
    });
    let limit = query.limit(MAX_LIMIT, DEFAULT_LIMIT)?;
    let filter = AuditFilter {
        who: text("who", "a name")?,
        action: text("action", "an action")?,
        target,
        result: query.parsed("result", &results)?,
        from: query.moment("from")?,
        to: query.moment("to")?,
        before: query.read("cursor", "`next` of another page", |text| {
            Cursor::parse(text, TAG).map(|cursor| cursor.key)
        })?,
        limit,
    };
    // What has no place yet gets one. A trail that somebody has broken is shown as it is.
    if let Err(error) = operators.store.chain_audit_trail().await {
        warn!(%error, "can't chain the audit trail: the newest entries are not shown");
    }
    let mut entries = operators.store.audit_entries(&filter).await?;
    let is_more = entries.len() as u64 > limit;
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = entries.last().filter(|_| is_more);
    let cursor = |last: &AuditEntry| Cursor { tag: TAG, key: last.seq, id: Uuid::nil() };
    let next = last.map(|last| cursor(last).to_string());
    Ok(Page { items: entries.into_iter().map(EntryView::from).collect(), next })
}

/// A text that an entry can have.
fn storable(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains('\0')).then(|| text.to_owned())
}

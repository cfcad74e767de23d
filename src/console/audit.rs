//! `/console/audit`: what persons did, and what they tried to do, newest first.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use strum::VariantNames;

use super::filters::{self, Field};
use super::page::{Failure, Frame, Here, respond};
use super::piece::{Moment, Said, brief};
use super::visitor::Visitor;
use crate::auth::Right;
use crate::operator::{EntryView, Operators, trail_page};
use crate::store::AuditResult;
use crate::web::Query;

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    frame: Frame,
    fields: Vec<Field>,
    results: Vec<(&'static str, bool)>,
    /// The filters that are in use, in words.
    shown: String,
    is_filtered: bool,
    error: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    number: i64,
    at: Moment,
    who: String,
    role: String,
    via: String,
    action: String,
    target: Option<String>,
    /// The page of what it was done to.
    link: Option<String>,
    reason: Option<Said>,
    result: String,
    is_done: bool,
    hash: String,
}

/// Lists the audit trail. A filter without a value, which a form sends, is left out of the address.
pub(super) async fn list(
    State(operators): State<Operators>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let query = match filters::without_empty("/console/audit", query) {
        Ok(query) => query,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let now = operators.clock.now();
    let (status, rows, next, error) = match trail_page(&operators, &query).await {
        Ok(page) => (StatusCode::OK, page.items, page.next, None),
        Err(problem) if problem.status() == 400 => {
            (StatusCode::BAD_REQUEST, Vec::new(), None, Some(problem.error().to_owned()))
        }
        Err(problem) => return Err(visitor.failure(problem)),
    };
    let result = query.text("result").unwrap_or_default();
    let page = AuditPage {
        frame: Frame::of("Audit trail", Here::Audit, &visitor.person),
        fields: fields(&query),
        results: AuditResult::VARIANTS.iter().map(|word| (*word, *word == result)).collect(),
        shown: shown(&query),
        is_filtered: !query.encoded().is_empty(),
        error,
        rows: rows.into_iter().map(|entry| Row::of(entry, now)).collect(),
        next: next.map(|cursor| format!("/console/audit?{}", query.with_cursor(&cursor))),
    };
    Ok(respond(status, &page))
}

fn fields(query: &Query) -> Vec<Field> {
    let field = |name, label, hint| Field::of(query, name, label, hint);
    vec![
        field("who", "Who", ""),
        field("action", "Action", "retry"),
        field("target", "To what", "an id"),
        field("from", "From", "2026-11-27T08:00:00Z"),
        field("to", "To", "2026-11-27T20:00:00Z"),
    ]
}

/// What is listed, in words.
fn shown(query: &Query) -> String {
    let pairs = query.pairs().filter(|(name, _)| !["cursor", "limit"].contains(name));
    let said: Vec<String> =
        pairs.map(|(name, value)| format!("{name} {}", brief(value, 60))).collect();
    if said.is_empty() { "Everything, newest first".to_owned() } else { said.join(", ") }
}

impl Row {
    fn of(entry: EntryView, now: DateTime<Utc>) -> Self {
        Self {
            number: entry.seq,
            at: Moment::exact(entry.at, now),
            who: brief(&entry.who, 120),
            role: entry.role,
            via: entry.via,
            link: entry.target.as_deref().and_then(|target| link(&entry.action, target)),
            action: entry.action,
            target: entry.target.map(|target| brief(&target, 120)),
            reason: entry.reason.as_deref().map(Said::of),
            is_done: entry.result == "done",
            result: entry.result,
            hash: entry.hash.chars().take(12).collect(),
        }
    }
}

/// The page of what an action was done to. What is no id has none.
fn link(action: &str, target: &str) -> Option<String> {
    let id: uuid::Uuid = target.split('/').next().unwrap_or_default().parse().ok()?;
    let place = match action {
        "retry" | "compensate" | "resolve" | "hold" | "release" | "note" => "sagas",
        "cancel" | "ship" | "return" => "orders",
        // Of a parcel, which is on its order's page.
        "report" => return Some(format!("/console/find?q={id}")),
        bulk if bulk.starts_with("bulk.") => "bulk",
        webhook if webhook.starts_with("webhook.") => "webhooks",
        _other => return None,
    };
    Some(format!("/console/{place}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_leads_to_what_it_is_about() {
        let id = "0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44";
        for (action, target, page) in [
            ("retry", id.to_owned(), Some("sagas")),
            ("note", id.to_owned(), Some("sagas")),
            ("ship", id.to_owned(), Some("orders")),
            ("bulk.start", id.to_owned(), Some("bulk")),
            ("webhook.resend", format!("{id}/{id}"), Some("webhooks")),
            ("sign-in", id.to_owned(), None),
            ("retry", "../../evil".to_owned(), None),
        ] {
            let page = page.map(|page| format!("/console/{page}/{id}"));
            assert_eq!(link(action, &target), page, "{action}");
        }
        assert_eq!(link("report", id), Some(format!("/console/find?q={id}")));
    }
}

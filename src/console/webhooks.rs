//! `/console/webhooks`: who is told of events, what became of each, and for administrators the changes.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::page::{Failure, Frame, Here, respond};
use super::piece::{Moment, Said, brief};
use super::visitor::{Visitor, see_other};
use crate::auth::Right;
use crate::operator::{
    Changed, DeliveryView, Operators, WebhookView, change_webhook, deliveries_page, webhook,
    webhooks_page,
};
use crate::web::{Problem, Query, Segment, TwoSegments, form_body, uuid_segment};

#[derive(Template)]
#[template(path = "console/webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    may_change: bool,
    rows: Vec<Endpoint>,
    next: Option<String>,
    error: Option<String>,
    did: Option<String>,
    url: String,
    types: String,
    description: String,
}

#[derive(Template)]
#[template(path = "console/webhook.html")]
struct WebhookPage {
    frame: Frame,
    may_change: bool,
    endpoint: Endpoint,
    did: Option<String>,
    secret: Option<String>,
    error: Option<String>,
    rows: Vec<Delivery>,
    next: Option<String>,
    chosen: String,
}

struct Endpoint {
    id: Uuid,
    url: Said,
    types: String,
    state: String,
    is_enabled: bool,
    disabled: Option<String>,
    description: Option<Said>,
    is_ordered: bool,
    added: Moment,
}

struct Delivery {
    event: Uuid,
    kind: String,
    state: String,
    is_failed: bool,
    cause: Option<String>,
    next: Option<Moment>,
    attempts: Vec<(Moment, String, u64, Option<Said>)>,
}

/// Lists the endpoints.
pub(super) async fn list(
    State(operators): State<Operators>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let did = visitor.take_notice(&operators, "/console/webhooks").await;
    let did = did.map_err(|error| visitor.failure(error))?;
    let page = listed(&operators, &visitor, &query, &Query::default()).await;
    let page = page.map_err(|problem| visitor.failure(problem))?;
    Ok(respond(StatusCode::OK, &WebhooksPage { did, ..page }))
}

async fn listed(
    operators: &Operators,
    visitor: &Visitor,
    query: &Query,
    form: &Query,
) -> Result<WebhooksPage, Problem> {
    let found = webhooks_page(operators, query).await?;
    let now = operators.clock.now();
    let field = |name| form.text(name).unwrap_or_default().to_owned();
    Ok(WebhooksPage {
        frame: Frame::of("Webhooks", Here::Webhooks, &visitor.person),
        may_change: visitor.person.has(Right::Administer),
        rows: found.items.into_iter().map(|it| Endpoint::of(it, now)).collect(),
        next: found.next.map(|cursor| format!("/console/webhooks?{}", query.with_cursor(&cursor))),
        error: None,
        did: None,
        url: field("url"),
        types: form.text("types").unwrap_or("order.*").to_owned(),
        description: field("description"),
    })
}

/// Adds an endpoint; its secret is shown in the answer, and never again.
pub(super) async fn add(
    State(operators): State<Operators>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    visitor.require(Right::Administer)?;
    let form = form_body(&headers, body).await.map_err(|problem| visitor.failure(problem))?;
    match change_webhook(&operators, &visitor.person, None, "add", &asked(&form)).await {
        Ok(Some(changed)) => after(&operators, &visitor, changed).await,
        Ok(None) => Err(visitor.failure(Problem::not_found("There is no such page"))),
        Err(problem) if problem.status() == 400 => {
            let page = listed(&operators, &visitor, &Query::default(), &form).await;
            let page = page.map_err(|problem| visitor.failure(problem))?;
            let error = Some(brief(problem.error(), 500));
            Ok(respond(StatusCode::BAD_REQUEST, &WebhooksPage { error, ..page }))
        }
        Err(problem) => Err(visitor.failure(problem)),
    }
}

/// Shows an endpoint with its deliveries.
pub(super) async fn show(
    State(operators): State<Operators>,
    visitor: Visitor,
    id: Segment,
    query: Query,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let id = uuid_segment(id, "id").map_err(|problem| visitor.failure(problem))?;
    let path = format!("/console/webhooks/{id}");
    let did = visitor.take_notice(&operators, &path).await;
    let did = did.map_err(|error| visitor.failure(error))?;
    let page = shown(&operators, &visitor, id, &query.without_empty().0).await;
    let page = page.map_err(|problem| visitor.failure(problem))?;
    Ok(respond(StatusCode::OK, &WebhookPage { did, ..page }))
}

async fn shown(
    operators: &Operators,
    visitor: &Visitor,
    id: Uuid,
    query: &Query,
) -> Result<WebhookPage, Problem> {
    let now = operators.clock.now();
    let endpoint = Endpoint::of(webhook(operators, id).await?, now);
    let found = deliveries_page(operators, id, query).await?;
    let path = format!("/console/webhooks/{id}");
    Ok(WebhookPage {
        frame: Frame::of("Webhook", Here::Webhooks, &visitor.person),
        may_change: visitor.person.has(Right::Administer),
        endpoint,
        did: None,
        secret: None,
        error: None,
        rows: found.items.into_iter().map(|it| Delivery::of(it, now)).collect(),
        next: found.next.map(|cursor| format!("{path}?{}", query.with_cursor(&cursor))),
        chosen: query.text("state").unwrap_or_default().to_owned(),
    })
}

/// Changes an endpoint.
pub(super) async fn change(
    State(operators): State<Operators>,
    visitor: Visitor,
    segments: TwoSegments,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    visitor.require(Right::Administer)?;
    let (id, what) = segments.map_or_else(|_| <(String, String)>::default(), |path| path.0);
    let bad = |_| visitor.failure(Problem::bad_request("id is not a UUID"));
    let id: Uuid = id.parse().map_err(bad)?;
    let form = form_body(&headers, body).await.map_err(|problem| visitor.failure(problem))?;
    match change_webhook(&operators, &visitor.person, Some(id), &what, &asked(&form)).await {
        Ok(Some(changed)) => after(&operators, &visitor, changed).await,
        Ok(None) => Err(visitor.failure(Problem::not_found("There is no such page"))),
        Err(problem) if matches!(problem.status(), 400 | 409) => {
            let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let page = shown(&operators, &visitor, id, &Query::default()).await;
            let page = page.map_err(|problem| visitor.failure(problem))?;
            let error = Some(brief(problem.error(), 500));
            Ok(respond(status, &WebhookPage { error, ..page }))
        }
        Err(problem) => Err(visitor.failure(problem)),
    }
}

/// `GET /console/webhooks/{id}/{change}`: for whoever had to sign in before a form was taken.
pub(super) async fn back(visitor: Visitor, segments: TwoSegments) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let (id, _) = segments.map_or_else(|_| <(String, String)>::default(), |path| path.0);
    let bad = |_| visitor.failure(Problem::bad_request("id is not a UUID"));
    let id: Uuid = id.parse().map_err(bad)?;
    Ok(see_other(&format!("/console/webhooks/{id}")))
}

/// A secret is shown at once, since no other page may have it; everything else is told after a redirect.
async fn after(
    operators: &Operators,
    visitor: &Visitor,
    changed: Changed,
) -> Result<Response, Failure> {
    if let (Some(id), Some(secret)) = (changed.id, changed.secret) {
        let page = shown(operators, visitor, id, &Query::default()).await;
        let page = page.map_err(|problem| visitor.failure(problem))?;
        let page = WebhookPage { did: Some(changed.said), secret: Some(secret), ..page };
        return Ok(respond(StatusCode::OK, &page));
    }
    let path = changed
        .id
        .map_or_else(|| "/console/webhooks".to_owned(), |id| format!("/console/webhooks/{id}"));
    let left = visitor.leave_notice(operators, &path, &changed.said).await;
    left.map_err(|error| visitor.failure(error))?;
    Ok(see_other(&path))
}

/// What the API would be sent. A field that the form doesn't have is missing.
fn asked(form: &Query) -> Value {
    let text = |name: &str| form.text(name).map(str::trim).filter(|text| !text.is_empty());
    let words = |text: &str| -> Vec<String> {
        let words = text.split([',', ' ', '\r', '\n']).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    // A browser's time has no zone: the page says that it is UTC.
    let since = text("since").map(|since| match since.len() {
        16 => format!("{since}:00Z"),
        19 => format!("{since}Z"),
        _ => since.to_owned(),
    });
    json!({
        "url": text("url"),
        "types": text("types").map(words),
        "description": form.text("description").map(str::trim),
        "ordered": text("ordered").map(|ordered| ordered == "true"),
        "state": text("state"),
        "since": since,
        "eventid": text("event"),
    })
}

impl Endpoint {
    fn of(it: WebhookView, now: DateTime<Utc>) -> Self {
        Self {
            id: it.id,
            url: Said::of(&it.url),
            types: it.types.join(", "),
            is_enabled: it.state == "enabled",
            state: it.state,
            disabled: it.disabled_reason,
            description: it.description.as_deref().map(Said::of),
            is_ordered: it.ordered,
            added: Moment::of(it.created_at, now),
        }
    }
}

impl Delivery {
    fn of(it: DeliveryView, now: DateTime<Utc>) -> Self {
        let attempts = it.attempts.into_iter().map(|attempt| {
            let said = match (attempt.status, attempt.error) {
                (_, Some(error)) => brief(&error, 200),
                (Some(status), None) => status.to_string(),
                (None, None) => String::new(),
            };
            let response = attempt.response.as_deref().filter(|response| !response.is_empty());
            let at = Moment::exact(attempt.at, now);
            (at, said, attempt.duration_ms, response.map(Said::of))
        });
        Self {
            event: it.event_id,
            kind: it.kind,
            is_failed: it.state == "failed",
            state: it.state,
            cause: it.cause,
            next: it.next_attempt_at.and_then(|next| next.0).map(|at| Moment::exact(at, now)),
            attempts: attempts.collect(),
        }
    }
}

//! `/console/bulk`: one action for many sagas: prepared from the list, looked at, and only then started.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use strum::IntoEnumIterator;
use uuid::Uuid;

use super::page::{Failure, Frame, Here, respond};
use super::piece::{Moment, Said, brief, counted, money, short_id};
use super::sagas;
use super::visitor::{Visitor, see_other};
use crate::auth::Right;
use crate::bulk::BulkVerb;
use crate::operator::{
    BulkItemView, Operators, RunView, bulk_run, bulk_runs, move_bulk, prepare_bulk,
};
use crate::store::{AuditAction, BulkState};
use crate::web::{Problem, Query, Segment, TwoSegments, form_body, uuid_segment};

#[derive(Template)]
#[template(path = "console/bulk.html")]
struct BulkPage {
    frame: Frame,
    run: Run,
    did: Option<String>,
    error: Option<String>,
    moves: Vec<(&'static str, &'static str)>,
    items: Vec<Item>,
    next: Option<String>,
    at: Moment,
}

#[derive(Template)]
#[template(path = "console/bulk_runs.html")]
struct RunsPage {
    frame: Frame,
    runs: Vec<Run>,
    next: Option<String>,
}

struct Run {
    id: Uuid,
    state: String,
    is_person: bool,
    what: String,
    money: String,
    reason: Said,
    who: String,
    created: Moment,
    waves: String,
    rate: String,
    halted_by: Option<Said>,
    preview: Vec<(Said, u64)>,
    results: Vec<(&'static str, u64)>,
}

struct Item {
    id: Uuid,
    short: String,
    result: String,
    is_person: bool,
    said: Option<Said>,
    at: Option<Moment>,
}

/// Lists the runs.
pub(super) async fn list(
    State(operators): State<Operators>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let found = bulk_runs(&operators, &query).await.map_err(|problem| visitor.failure(problem))?;
    let now = operators.clock.now();
    let page = RunsPage {
        frame: Frame::of("Bulk runs", Here::Bulk, &visitor.person),
        runs: found.items.into_iter().map(|run| Run::of(run, now)).collect(),
        next: found.next.map(|cursor| format!("/console/bulk?{}", query.with_cursor(&cursor))),
    };
    Ok(respond(StatusCode::OK, &page))
}

/// Prepares a run from the list's form: all sagas that its filter matches, as they are now.
pub(super) async fn prepare(
    State(operators): State<Operators>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    visitor.require_for(&operators, Right::Act, AuditAction::PrepareBulk, None).await?;
    let form = form_body(&headers, body).await.map_err(|problem| visitor.failure(problem))?;
    let filter = Query::parse(form.text("filter").unwrap_or_default());
    let asked = json!({
        "action": form.text("action"),
        "reason": form.text("reason").map(|reason| reason.replace("\r\n", "\n")),
        "filter": members(&filter),
    });
    match prepare_bulk(&operators, &visitor.person, &asked).await {
        Ok(id) => Ok(see_other(&format!("/console/bulk/{id}"))),
        Err(problem) if problem.status() == 400 => {
            sagas::page_with(&operators, &visitor, filter, Some((form, problem))).await
        }
        Err(problem) => Err(visitor.failure(problem)),
    }
}

/// The filter as the API takes it: what only sorts or pages the list is left out.
fn members(filter: &Query) -> Value {
    let pairs = filter.pairs().filter(|(name, _)| !["sort", "limit", "cursor"].contains(name));
    Value::Object(
        pairs.map(|(name, value)| (name.to_lowercase(), value.into())).collect::<Map<_, _>>(),
    )
}

/// Shows a run.
pub(super) async fn show(
    State(operators): State<Operators>,
    visitor: Visitor,
    headers: HeaderMap,
    id: Segment,
    query: Query,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let id = uuid_segment(id, "id").map_err(|problem| visitor.failure(problem))?;
    let path = format!("/console/bulk/{id}");
    let is_glance = headers.contains_key("x-live");
    let did = if is_glance { Ok(None) } else { visitor.take_notice(&operators, &path).await };
    let did = did.map_err(|error| visitor.failure(error))?;
    let page = shown(&operators, &visitor, id, &query).await;
    let page = page.map_err(|problem| visitor.failure(problem))?;
    Ok(respond(StatusCode::OK, &BulkPage { did, ..page }))
}

async fn shown(
    operators: &Operators,
    visitor: &Visitor,
    id: Uuid,
    query: &Query,
) -> Result<BulkPage, Problem> {
    let found = bulk_run(operators, id, query).await?;
    let now = operators.clock.now();
    let may_act = visitor.person.has(Right::Act);
    let state = found.run.state.parse().ok().filter(|_| may_act);
    let path = format!("/console/bulk/{id}");
    Ok(BulkPage {
        frame: Frame::of("Bulk run", Here::Bulk, &visitor.person),
        run: Run::of(found.run, now),
        did: None,
        error: None,
        moves: state.map(moves).unwrap_or_default(),
        items: found.items.into_iter().map(|item| Item::of(item, now)).collect(),
        next: found.next.map(|cursor| format!("{path}?{}", query.with_cursor(&cursor))),
        at: Moment::exact(now, now),
    })
}

/// What may be done with a run that stands there, and what the buttons say.
fn moves(from: BulkState) -> Vec<(&'static str, &'static str)> {
    let mut words = BulkVerb::allowed(from);
    let may_start = words.contains(&"start");
    // Both would do the same.
    words.retain(|word| *word != "resume" || !may_start);
    let label = |word| match word {
        "start" if from == BulkState::Prepared => "Start",
        "start" | "resume" => "Go on",
        "pause" => "Pause",
        "stop" => "Stop for good",
        other => other,
    };
    words.into_iter().map(|word| (word, label(word))).collect()
}

/// Starts, pauses, resumes or stops a run.
pub(super) async fn change(
    State(operators): State<Operators>,
    visitor: Visitor,
    segments: TwoSegments,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (id, word) = segments.map_or_else(|_| <(String, String)>::default(), |path| path.0);
    match BulkVerb::iter().find(|verb| verb.to_string() == word) {
        Some(verb) => {
            visitor.require_for(&operators, Right::Act, verb.audited(), Some(&id)).await?;
        }
        None => visitor.require(Right::Act)?,
    }
    let bad = |_| visitor.failure(Problem::bad_request("id is not a UUID"));
    let id: Uuid = id.parse().map_err(bad)?;
    let form = form_body(&headers, body).await.map_err(|problem| visitor.failure(problem))?;
    let reason = form.text("reason").map(str::trim).filter(|reason| !reason.is_empty());
    let asked = json!({"reason": reason});
    match move_bulk(&operators, &visitor.person, id, &word, &asked).await {
        Ok(Some(moved)) => {
            let path = format!("/console/bulk/{id}");
            let said = format!("It is {}", moved.run.state);
            let left = visitor.leave_notice(&operators, &path, &said).await;
            left.map_err(|error| visitor.failure(error))?;
            Ok(see_other(&path))
        }
        Ok(None) => Err(visitor.failure(Problem::not_found("There is no such page"))),
        Err(problem) if matches!(problem.status(), 400 | 409) => {
            let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::CONFLICT);
            let page = shown(&operators, &visitor, id, &Query::default()).await;
            let page = page.map_err(|problem| visitor.failure(problem))?;
            let error = Some(brief(problem.sentence(), 500));
            Ok(respond(status, &BulkPage { error, ..page }))
        }
        Err(problem) => Err(visitor.failure(problem)),
    }
}

/// `GET /console/bulk/{id}/{move}`: for whoever had to sign in before a form was taken.
pub(super) async fn back(visitor: Visitor, segments: TwoSegments) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let (id, _) = segments.map_or_else(|_| <(String, String)>::default(), |path| path.0);
    let bad = |_| visitor.failure(Problem::bad_request("id is not a UUID"));
    let id: Uuid = id.parse().map_err(bad)?;
    Ok(see_other(&format!("/console/bulk/{id}")))
}

impl Run {
    fn of(run: RunView, now: DateTime<Utc>) -> Self {
        let waves: Vec<String> = run.canary.iter().map(ToString::to_string).collect();
        let results = &run.results;
        Self {
            id: run.id,
            is_person: run.state == "halted",
            what: format!("{} for {}", run.action, counted(run.count, "saga")),
            state: run.state,
            money: money(run.money),
            reason: Said::of(&run.reason),
            who: brief(&run.who, 100),
            created: Moment::exact(run.created_at, now),
            waves: if waves.is_empty() { "none".to_owned() } else { waves.join(", ") },
            rate: run.per_second.to_string(),
            halted_by: run.halted_by.as_deref().map(Said::of),
            preview: run.preview.iter().map(|it| (Said::of(&it.did), it.count)).collect(),
            results: vec![
                ("waiting", results.waiting),
                ("running", results.running),
                ("done", results.done),
                ("refused", results.refused),
                ("moved on", results.moved_on),
                ("relapsed", results.relapsed),
            ],
        }
    }
}

impl Item {
    fn of(item: BulkItemView, now: DateTime<Utc>) -> Self {
        Self {
            id: item.id,
            short: short_id(item.id),
            is_person: ["refused", "relapsed"].contains(&item.result.as_str()),
            result: item.result,
            said: item.error.or(item.did).as_deref().map(Said::of),
            at: item.at.map(|at| Moment::exact(at, now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_buttons_do_the_same() {
        let words = |from| moves(from).into_iter().map(|(word, label)| format!("{word}: {label}"));
        let words = |from| words(from).collect::<Vec<_>>();
        assert_eq!(words(BulkState::Prepared), ["start: Start", "stop: Stop for good"]);
        assert_eq!(words(BulkState::Running), ["pause: Pause", "stop: Stop for good"]);
        assert_eq!(words(BulkState::Paused), ["resume: Go on", "stop: Stop for good"]);
        assert_eq!(words(BulkState::Halted), ["start: Go on", "stop: Stop for good"]);
        assert!(moves(BulkState::Done).is_empty());
    }
}

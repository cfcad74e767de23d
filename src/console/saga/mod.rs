//! `GET /console/sagas/{id}`: everything about one saga, beginning with one sentence that says it all.

mod effects;
mod forms;
mod headline;
mod timeline;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use effects::Account;
use forms::Forms;
pub(super) use forms::Tried;
pub(super) use headline::is_out;
use headline::{Sentence, headline};
use timeline::{Attempt, timeline};

use super::page::{Failure, Frame, Here, respond};
use super::piece::{Moment, Said, brief, short_id};
use super::visitor::Visitor;
use crate::auth::Right;
use crate::operator::{Detail, Operators, at_seq, detail, past};
use crate::saga::SagaId;
use crate::web::{Query, Segment, TwoSegments, uuid_segment};

#[derive(Template)]
#[template(path = "console/saga.html")]
struct SagaPage {
    frame: Frame,
    id: Uuid,
    order_id: Uuid,
    user_id: Uuid,
    kind: String,
    state: String,
    stuck: Option<String>,
    version: i64,
    headline: Sentence,
    did: Option<String>,
    account: Account,
    next: String,
    next_at: Option<Moment>,
    cause: Option<Said>,
    held: Option<(Moment, String, Said)>,
    owner: Option<String>,
    accepted: Moment,
    updated: Moment,
    /// The entry after which it was so, and the last one.
    past: Option<(i32, i32)>,
    forms: Forms,
    attempts: Vec<Attempt>,
    /// Its group, and how many others are in it.
    alike: Option<(String, u64)>,
    related: Vec<(Uuid, String, String)>,
    told: Vec<Told>,
    notes: Vec<(Moment, String, Said)>,
    at: Moment,
}

struct Told {
    at: Moment,
    via: &'static str,
    what: Said,
    status: Option<u16>,
    to: Option<Said>,
}

/// Shows a saga.
pub(super) async fn show(
    State(operators): State<Operators>,
    visitor: Visitor,
    headers: HeaderMap,
    id: Segment,
    query: Query,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let id = uuid_segment(id, "id").map_err(|problem| visitor.failure(problem))?;
    let seq = at_seq(&query).map_err(|problem| visitor.failure(problem))?;
    if let Some(seq) = seq {
        let past = past(&operators, SagaId(id), seq).await;
        let past = past.map_err(|problem| visitor.failure(problem))?;
        let frame = |title: String| Frame::of(title, Here::Sagas, &visitor.person);
        let page = view(past, frame, None, None, false, operators.clock.now());
        return Ok(respond(StatusCode::OK, &page));
    }
    // The script only looks whether something has changed, and leaves the notice to whoever acts.
    let is_glance = headers.contains_key("x-live");
    let path = format!("/console/sagas/{id}");
    let did = if is_glance { Ok(None) } else { visitor.take_notice(&operators, &path).await };
    let did = did.map_err(|error| visitor.failure(error))?;
    page(&operators, &visitor, SagaId(id), did, None).await
}

/// `GET /console/sagas/{id}/{action}`: the same with the form of an action open.
pub(super) async fn show_form(
    State(operators): State<Operators>,
    visitor: Visitor,
    segments: TwoSegments,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let (id, action) = segments.map_or_else(|_| <(String, String)>::default(), |path| path.0);
    let id = id.parse().map_err(|_| crate::web::Problem::bad_request("id is not a UUID"));
    let id = SagaId(id.map_err(|problem| visitor.failure(problem))?);
    if !Tried::is_known(&action) {
        return Err(visitor.failure(crate::web::Problem::not_found("There is no such page")));
    }
    page(&operators, &visitor, id, None, Some(Tried::opened(&action))).await
}

/// The page of a saga: with what was done, or with the form that was tried and why it was not taken.
pub(super) async fn page(
    operators: &Operators,
    visitor: &Visitor,
    id: SagaId,
    did: Option<String>,
    tried: Option<Tried>,
) -> Result<Response, Failure> {
    let detail = detail(operators, id).await.map_err(|problem| visitor.failure(problem))?;
    let status = tried.as_ref().map_or(StatusCode::OK, Tried::status);
    let may_act = visitor.person.has(Right::Act);
    let frame = |title: String| Frame::of(title, Here::Sagas, &visitor.person);
    let page = view(detail, frame, did, tried, may_act, operators.clock.now());
    Ok(respond(status, &page))
}

fn view(
    detail: Detail,
    frame: impl FnOnce(String) -> Frame,
    did: Option<String>,
    tried: Option<Tried>,
    may_act: bool,
    now: DateTime<Utc>,
) -> SagaPage {
    let headline = headline(&detail, now);
    let (account, forms) = (Account::of(&detail), Forms::of(&detail, tried, may_act));
    let attempts = timeline(&detail.steps, now);
    let Detail { saga, at_seq, last_seq, group, related, notes, told, .. } = detail;
    let at_rest = if at_seq.is_some() { "Not known of the past" } else { "Nothing: it is at rest" };
    let next_at = saga.next.as_ref().and_then(|next| next.at);
    let told = told.into_iter().flatten().map(|told| Told {
        at: Moment::exact(told.at, now),
        via: told.via,
        what: Said::of(&told.what),
        status: told.status,
        to: told.to.as_deref().map(Said::of),
    });
    let note = |note: crate::operator::NoteView| {
        (Moment::of(note.at, now), brief(&note.who, 100), Said::of(&note.text))
    };
    SagaPage {
        frame: frame(format!("{} {}", saga.kind, short_id(saga.id))),
        id: saga.id,
        order_id: saga.order_id,
        user_id: saga.user_id,
        kind: saga.kind,
        state: saga.state,
        stuck: saga.stuck.map(|stuck| stuck.kind),
        version: saga.version.unwrap_or_default(),
        headline,
        did: did.map(|did| brief(&did, 1000)),
        account,
        next: saga.next.map_or_else(|| at_rest.to_owned(), |next| brief(&next.what, 500)),
        next_at: next_at.map(|at| Moment::exact(at, now)),
        cause: saga.cause.as_deref().map(Said::of),
        held: saga.held.map(|held| {
            (Moment::of(held.since, now), brief(&held.who, 100), Said::of(&held.reason))
        }),
        owner: saga.owner,
        accepted: Moment::exact(saga.created_at, now),
        updated: Moment::exact(saga.updated_at, now),
        past: at_seq.zip(last_seq),
        forms,
        attempts,
        alike: group.map(|group| (group.id, group.count.saturating_sub(1))),
        related: related
            .into_iter()
            .map(|other| (other.id, other.kind, other.stuck.unwrap_or(other.state)))
            .collect(),
        told: told.collect(),
        notes: notes.into_iter().map(note).collect(),
        at: Moment::exact(now, now),
    }
}

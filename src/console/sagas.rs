//! `GET /console/sagas`: the list, with the API's filters in the address.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::filters::{self, Field};
use super::page::{Failure, Frame, Here, respond};
use super::piece::{Moment, Said, brief, grouped, money, short_id, span, step_name};
use super::saga::is_out;
use super::visitor::Visitor;
use crate::auth::Right;
use crate::bulk::MOST;
use crate::operator::{Operators, SagaView, filter, page};
use crate::saga::StuckKind;
use crate::web::{Problem, Query};
use strum::IntoEnumIterator;

#[derive(Template)]
#[template(path = "console/sagas.html")]
struct SagasPage {
    frame: Frame,
    choices: Vec<Choice>,
    fields: Vec<Field>,
    /// The filters that are in use, in words.
    shown: String,
    error: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
    is_filtered: bool,
    prepare: Option<Prepare>,
    at: Moment,
}

/// The form that prepares a run for all that the filter matches.
struct Prepare {
    /// How many they are, in words.
    count: String,
    filter: String,
    action: String,
    reason: String,
    error: Option<String>,
}

/// A filter with a few values.
struct Choice {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String, bool)>,
}

struct Row {
    id: String,
    short: String,
    kind: String,
    state: String,
    stuck: Option<String>,
    held: Option<String>,
    why: Option<Said>,
    out: Option<String>,
    is_out: bool,
    is_out_unknown: bool,
    stock: u64,
    next: Option<String>,
    age: String,
    created: Moment,
}

/// Lists sagas. A filter without a value, which a form sends, is left out of the address.
pub(super) async fn list(
    State(operators): State<Operators>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let query = match filters::without_empty("/console/sagas", query) {
        Ok(query) => query,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    page_with(&operators, &visitor, query, None).await
}

/// The list, perhaps with the form of a run that was sent and not taken.
pub(super) async fn page_with(
    operators: &Operators,
    visitor: &Visitor,
    query: Query,
    tried: Option<(Query, Problem)>,
) -> Result<Response, Failure> {
    let now = operators.clock.now();
    let (mut status, rows, next, error) = match page(operators, &query).await {
        Ok(page) => (StatusCode::OK, page.items, page.next, None),
        Err(problem) if problem.status() == 400 => {
            (StatusCode::BAD_REQUEST, Vec::new(), None, Some(problem.error().to_owned()))
        }
        Err(problem) => return Err(visitor.failure(problem)),
    };
    if tried.is_some() {
        status = StatusCode::BAD_REQUEST;
    }
    let may_act = visitor.person.has(Right::Act);
    let prepare = Prepare::of(&query, tried.as_ref()).filter(|_| may_act && error.is_none());
    let prepare = match prepare {
        Some(prepare) => {
            let matching = matching(operators, &query).await;
            let count = matching.map_err(|problem| visitor.failure(problem))?;
            Some(Prepare { count, ..prepare })
        }
        None => None,
    };
    let page = SagasPage {
        frame: Frame::of("Sagas", Here::Sagas, &visitor.person),
        choices: choices(operators, &query),
        shown: shown(&query),
        fields: fields(&query),
        error,
        rows: rows.into_iter().map(|saga| Row::of(saga, now)).collect(),
        next: next.map(|cursor| format!("/console/sagas?{}", query.with_cursor(&cursor))),
        is_filtered: !query.encoded().is_empty(),
        prepare,
        at: Moment::exact(now, now),
    };
    Ok(respond(status, &page))
}

impl Prepare {
    /// For all that this filter matches; not for all that there are.
    fn of(filter: &Query, tried: Option<&(Query, Problem)>) -> Option<Self> {
        let narrows = |(name, _): (&str, &str)| !["sort", "limit", "cursor"].contains(&name);
        let text = |name| tried.and_then(|(form, _)| form.text(name)).unwrap_or_default();
        let prepare = Self {
            count: String::new(),
            filter: filter.encoded(),
            action: text("action").to_owned(),
            reason: text("reason").to_owned(),
            error: tried.map(|(_, problem)| brief(problem.error(), 500)),
        };
        filter.pairs().any(narrows).then_some(prepare)
    }
}

/// How many sagas match, in words.
async fn matching(operators: &Operators, query: &Query) -> Result<String, Problem> {
    let most = u64::try_from(MOST).unwrap_or(u64::MAX);
    let count = operators.store.count_matching(&filter(query, operators)?, most).await?;
    Ok(match count {
        1 => "the 1 that matches".to_owned(),
        count if count > most => format!("all that match: over {}", grouped(most)),
        count => format!("all {} that match", grouped(count)),
    })
}

/// What is listed, in words.
fn shown(query: &Query) -> String {
    let said = |(name, value): (&str, &str)| match (name, value) {
        ("sort", "age") => "oldest first".to_owned(),
        ("sort", "money") => "most money out first".to_owned(),
        ("stuck", "true") => "stuck".to_owned(),
        ("held", "true") => "held by a person".to_owned(),
        ("holds", what) => format!("holding {what}"),
        (name, value) => format!("{name} {}", brief(value, 60)),
    };
    let pairs = query.pairs().filter(|(name, _)| !["cursor", "limit"].contains(name));
    let said: Vec<String> = pairs.map(said).collect();
    if said.is_empty() { "All, newest first".to_owned() } else { said.join(", ") }
}

impl Row {
    fn of(saga: SagaView, now: DateTime<Utc>) -> Self {
        let is_out = is_out(&saga);
        let why = saga.stuck.as_ref().map(|stuck| {
            format!(
                "{} since {} UTC: {}",
                step_name(&stuck.step),
                stuck.since.format("%H:%M"),
                stuck.detail
            )
        });
        let why = why.or(saga.last_error).or(saga.cause);
        let next = saga.next.map(|next| match next.at {
            Some(at) if at > now => format!("{} in {}", brief(&next.what, 80), span(at - now)),
            // Why is in the row already.
            None if saga.stuck.is_some() && saga.held.is_none() => "waits for a person".to_owned(),
            Some(_) | None => brief(&next.what, 80),
        });
        Self {
            id: saga.id.to_string(),
            short: short_id(saga.id),
            kind: saga.kind,
            state: saga.state,
            stuck: saga.stuck.map(|stuck| stuck.kind),
            held: saga.held.map(|held| brief(&held.who, 40)),
            why: why.map(|why| Said::of(&why)),
            is_out,
            out: Some(saga.at_risk.money).filter(|out| *out > 0).map(money),
            is_out_unknown: saga.at_risk.unknown,
            stock: saga.at_risk.stock.iter().map(|stock| stock.quantity).sum(),
            next,
            age: span(now - saga.created_at),
            created: Moment::of(saga.created_at, now),
        }
    }
}

fn choices(operators: &Operators, query: &Query) -> Vec<Choice> {
    let catalogue = operators.store.catalogue();
    let choice = |name: &'static str, label, words: Vec<(String, String)>| {
        let chosen = query.text(name).unwrap_or_default();
        let none = if name == "sort" { "newest first" } else { "any" };
        let any = [(String::new(), none.to_owned())].into_iter();
        let option = |(value, said): (String, String)| {
            let is_chosen = value == chosen;
            (value, said, is_chosen)
        };
        Choice { name, label, options: any.chain(words).map(option).collect() }
    };
    let own = |words: Vec<&str>| {
        words.iter().map(|word| ((*word).to_owned(), (*word).to_owned())).collect()
    };
    let said = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(value, said)| ((*value).to_owned(), (*said).to_owned())).collect()
    };
    let mut stuck: Vec<(String, String)> =
        said(&[("true", "needs a person"), ("false", "does not")]);
    stuck.extend(StuckKind::iter().map(|kind| (kind.to_string(), kind.to_string())));
    let sorts = [("age", "oldest first"), ("money", "most money out first")];
    vec![
        choice("stuck", "Stuck", stuck),
        choice("holds", "Holds", own(vec!["money", "stock"])),
        choice("state", "State", own(catalogue.states())),
        choice("kind", "Kind", own(catalogue.kinds())),
        choice("held", "Held", said(&[("true", "by a person"), ("false", "by nobody")])),
        choice("neighbour", "Neighbour", own(catalogue.neighbours())),
        choice("step", "Step", own(catalogue.steps())),
        choice("sort", "Sort", said(&sorts)),
    ]
}

fn fields(query: &Query) -> Vec<Field> {
    let field = |name, label, hint| Field::of(query, name, label, hint);
    vec![
        field("orderId", "Order", "UUID"),
        field("userId", "User", "UUID"),
        field("idempotencyKey", "Key", "a client's or a step's"),
        field("group", "Group", "from the overview"),
        field("minAmount", "At least", "paise"),
        field("olderThan", "Older than", "PT5M, P1D"),
    ]
}

//! `GET /api/operator/sagas`: sagas, newest first, page by page.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Operators;
use super::duration::duration;
use super::saga::{Onlooker, SagaView};
use crate::auth::{Person, Right};
use crate::order::UserId;
use crate::store::Filter;
use crate::web::{Cursor, Problem, Query, within_years};

const MAX_LIMIT: u64 = 500;
const DEFAULT_LIMIT: u64 = 50;
/// The tag of this list's cursors.
const TAG: char = 's';
const DURATION: &str = "an ISO 8601 duration such as PT5M or P1DT12H";

/// A page of sagas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SagaPage)]
pub(super) struct Page {
    items: Vec<SagaView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List sagas
#[utoipa::path(
    get,
    path = "/api/operator/sagas",
    tag = "operators",
    operation_id = "listSagas",
    security(("operatorToken" = [])),
    params(
        ("state" = Option<String>, Query, description = "Only those in this state"),
        ("stuck" = Option<bool>, Query, description = "Only those that need a person, or that don't"),
        ("held" = Option<bool>, Query, description = "Only those that an operator holds, or that nobody does"),
        ("kind" = Option<String>, Query, description = "Only those of this kind"),
        ("userId" = Option<Uuid>, Query, description = "Only those for this user"),
        ("olderThan" = Option<String>, Query, description = "Only those accepted longer ago: an ISO 8601 duration"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 50 unless said"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "The page, newest first", body = Page),
        (status = 400, description = "What is wrong, naming the parameter"),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn list_sagas(
    State(operators): State<Operators>,
    who: Person,
    query: Query,
) -> Result<Json<Page>, Problem> {
    who.require(Right::ReadSagas)?;
    let filter = filter(&query, &operators)?;
    let mut found = operators.store.list(&filter).await?;
    let is_more = found.len() as u64 > filter.limit;
    found.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| is_more);
    let next = last.map(|saga| Cursor::at(TAG, saga.created_at, saga.id.0).to_string());
    let onlooker = Onlooker::of(&operators, &found.iter().collect::<Vec<_>>()).await?;
    let items = found.into_iter().map(|saga| onlooker.view(saga)).collect();
    Ok(Json(Page { items, next }))
}

fn filter(query: &Query, operators: &Operators) -> Result<Filter, Problem> {
    let now = operators.clock.now();
    let older_than = query.read("olderThan", DURATION, |text| {
        duration(text).and_then(|age| now.checked_sub_signed(age)).map(within_years)
    })?;
    let word = |name: &str, words: Vec<&'static str>| {
        let one_of = format!("one of {}", words.join(", "));
        let word = query.read(name, &one_of, |text| words.iter().find(|word| **word == text))?;
        Ok::<_, Problem>(word.map(|word| (*word).to_owned()))
    };
    let catalogue = operators.store.catalogue();
    let cursor = query.read("cursor", "`next` of another page", |text| {
        let cursor = Cursor::parse(text, TAG)?;
        Some((cursor.moment()?, cursor.id))
    })?;
    Ok(Filter {
        state: word("state", catalogue.states())?,
        stuck: query.parsed("stuck", "true or false")?,
        held: query.parsed("held", "true or false")?,
        kind: word("kind", catalogue.kinds())?,
        user_id: query.parsed("userId", "a UUID")?.map(UserId),
        before: older_than,
        after: cursor,
        limit: query.limit(MAX_LIMIT, DEFAULT_LIMIT)?,
        ..Filter::default()
    })
}

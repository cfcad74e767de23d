//! `GET /api/operator/bulk` and `/bulk/{id}`: the runs, and one of them with its items.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Operators;
use super::view::{DetailView, Instead, ItemView, RunView, no_run};
use crate::auth::{Person, Right};
use crate::store::{BulkResult, BulkRun};
use crate::web::{Cursor, Problem, Query, Segment, uuid_segment};

const MAX_LIMIT: u64 = 500;
const DEFAULT_LIMIT: u64 = 50;
/// The tag of the cursors of the list of runs.
const RUNS: char = 'r';
/// The tag of the cursors of a run's items.
const ITEMS: char = 'i';
const RESULT: &str = "one of waiting, running, done, refused, moved on, relapsed";

/// A page of runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkRunPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<RunView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// List bulk runs
#[utoipa::path(
    get,
    path = "/api/operator/bulk",
    tag = "operators",
    operation_id = "listBulkRuns",
    security(("operatorToken" = [])),
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 50 unless said"),
        ("cursor" = Option<String>, Query, pattern = "^r000[0-9a-fA-F]{45}$", description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "The page, newest first", body = Page),
        (status = 400, description = "What is wrong, naming the parameter"),
        (status = 401, description = "Without an operator's token"),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(in crate::operator) async fn list_runs(
    State(operators): State<Operators>,
    who: Person,
    query: Query,
) -> Result<Json<Page>, Problem> {
    who.require(Right::ReadSagas)?;
    runs(&operators, &query).await.map(Json)
}

/// The page of runs that this query asks for.
pub(crate) async fn runs(operators: &Operators, query: &Query) -> Result<Page, Problem> {
    let limit = query.limit(MAX_LIMIT, DEFAULT_LIMIT)?;
    let after = query.read("cursor", "`next` of another page", |text| {
        let cursor = Cursor::parse(text, RUNS)?;
        Some((cursor.moment()?, cursor.id))
    })?;
    let mut runs = operators.store.bulk_runs(after, limit).await?;
    let is_more = runs.len() as u64 > limit;
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = runs.last().filter(|_| is_more);
    let next = last.map(|last| Cursor::at(RUNS, last.created_at, last.id).to_string());
    let mut items = Vec::new();
    for run in runs {
        let results = operators.store.bulk_results(run.id).await?;
        items.push(RunView::of(run, results));
    }
    Ok(Page { items, next })
}

/// Show a bulk run
///
/// With a page of its items.
#[utoipa::path(
    get,
    path = "/api/operator/bulk/{id}",
    tag = "operators",
    operation_id = "getBulkRun",
    security(("operatorToken" = [])),
    params(
        ("id" = Uuid, Path, description = "The run"),
        ("result" = Option<String>, Query, pattern = "^(waiting|running|done|refused|moved on|relapsed)$", description = "Only the items with this result"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many items; 50 unless said"),
        ("cursor" = Option<String>, Query, pattern = "^i00000000[0-9a-fA-F]{40}$", description = "`next` of the page before"),
    ),
    responses((status = 200, description = "It", body = DetailView), Instead),
)]
pub(in crate::operator) async fn get_run(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    query: Query,
) -> Result<Json<DetailView>, Problem> {
    who.require(Right::ReadSagas)?;
    run(&operators, uuid_segment(id, "id")?, &query).await.map(Json)
}

/// A run with the page of its items that this query asks for.
pub(crate) async fn run(
    operators: &Operators,
    id: Uuid,
    query: &Query,
) -> Result<DetailView, Problem> {
    let page = ItemQuery {
        result: query.parsed("result", RESULT)?,
        after: query.read("cursor", "`next` of another page", |text| {
            Some(Cursor::parse(text, ITEMS)?.key)
        })?,
        limit: query.limit(MAX_LIMIT, DEFAULT_LIMIT)?,
    };
    let run = operators.store.bulk_run(id).await?.ok_or_else(no_run)?;
    detail(operators, run, &page).await
}

/// Which items of a run are wanted.
#[derive(Debug)]
pub(crate) struct ItemQuery {
    pub(crate) result: Option<BulkResult>,
    /// Behind this place.
    pub(crate) after: Option<i64>,
    pub(crate) limit: u64,
}

impl Default for ItemQuery {
    fn default() -> Self {
        Self { result: None, after: None, limit: DEFAULT_LIMIT }
    }
}

/// A run with a page of its items.
pub(crate) async fn detail(
    operators: &Operators,
    run: BulkRun,
    page: &ItemQuery,
) -> Result<DetailView, Problem> {
    let ItemQuery { result, after, limit } = page;
    let (store, id) = (&operators.store, run.id);
    let mut items = store.bulk_items(id, *result, after.unwrap_or(-1), *limit).await?;
    let is_more = items.len() as u64 > *limit;
    items.truncate(usize::try_from(*limit).unwrap_or(usize::MAX));
    let last = items.last().filter(|_| is_more);
    let next = last.map(|last| Cursor { tag: ITEMS, key: last.place, id }.to_string());
    let run = RunView::of(run, store.bulk_results(id).await?);
    Ok(DetailView { run, items: items.into_iter().map(ItemView::from).collect(), next })
}

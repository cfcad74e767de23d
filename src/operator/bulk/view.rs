//! Bulk runs and their items as operators see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bulk::{Plan, Preview};
use crate::store::{BulkItem, BulkResult, BulkRun};
use crate::web::Problem;

/// A run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkRun)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunView {
    pub(crate) id: Uuid,
    /// `prepared`, `running`, `paused`, `halted`, `done` or `stopped`.
    pub(crate) state: String,
    /// `retry` or `compensate`.
    pub(crate) action: String,
    pub(crate) reason: String,
    /// Who prepared it, in whose name it acts.
    pub(crate) who: String,
    pub(crate) created_at: DateTime<Utc>,
    /// How many sagas.
    pub(crate) count: u64,
    /// What was out by them when the run was prepared, at most, in paise.
    pub(crate) money: i64,
    /// What it will do to how many, the most first, with `…` for ids, numbers and times.
    pub(crate) preview: Vec<PreviewView>,
    /// The sizes of the first waves: numbers of sagas, or fractions of the set.
    #[schema(value_type = Vec<f64>)]
    pub(crate) canary: Vec<Number>,
    /// How many sagas are acted on in a second, at most.
    #[schema(value_type = f64)]
    pub(crate) per_second: Number,
    /// Why it has stopped by itself; null unless it is `halted`.
    #[schema(required)]
    pub(crate) halted_by: Option<String>,
    pub(crate) results: ResultsView,
}

/// What a run will do to so many sagas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkPreview)]
pub(crate) struct PreviewView {
    /// In the words of the answer to the action; `refused: …` where it was not allowed.
    pub(crate) did: String,
    pub(crate) count: u64,
}

/// How many sagas of a run have each result.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = BulkResults)]
pub(crate) struct ResultsView {
    /// Their turn has not come.
    pub(crate) waiting: u64,
    /// They are acted on, or it is not known yet whether that has helped.
    pub(crate) running: u64,
    /// They were acted on, and have not come back.
    pub(crate) done: u64,
    /// It was not allowed.
    pub(crate) refused: u64,
    /// They had changed since the run was prepared, and were left alone.
    #[serde(rename = "moved on")]
    pub(crate) moved_on: u64,
    /// They were acted on, and have come back.
    pub(crate) relapsed: u64,
}

/// A run with a page of its items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkRunDetail)]
pub(crate) struct DetailView {
    #[serde(flatten)]
    pub(crate) run: RunView,
    /// In the order in which they are acted on.
    pub(crate) items: Vec<ItemView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// A saga in a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkItem)]
pub(crate) struct ItemView {
    /// The saga.
    pub(crate) id: Uuid,
    /// The version at which it was frozen.
    pub(crate) version: i64,
    /// `waiting`, `running`, `done`, `refused`, `moved on` or `relapsed`.
    pub(crate) result: String,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) did: Option<String>,
    /// Why nothing was done, or how it came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// When it was acted on, or left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<DateTime<Utc>>,
}

impl RunView {
    /// A run with its results.
    pub(super) fn of(run: BulkRun, results: Vec<(BulkResult, u64)>) -> Self {
        let plan: Option<Plan> = serde_json::from_value(run.plan).ok();
        let preview: Vec<Preview> = serde_json::from_value(run.preview).unwrap_or_default();
        let preview = preview.into_iter().map(|Preview { did, count }| PreviewView { did, count });
        Self {
            id: run.id,
            state: run.state.to_string(),
            action: run.action,
            reason: run.reason,
            who: run.who,
            created_at: run.created_at,
            count: run.count,
            money: run.money.0,
            preview: preview.collect(),
            canary: plan.as_ref().map_or_else(Vec::new, |plan| plan.canary().to_vec()),
            per_second: plan.map_or_else(Plan::usual_rate, |plan| plan.per_second().clone()),
            halted_by: run.halted_by,
            results: ResultsView::of(results),
        }
    }
}

impl ResultsView {
    fn of(results: Vec<(BulkResult, u64)>) -> Self {
        let mut view = Self::default();
        for (result, count) in results {
            *match result {
                BulkResult::Waiting => &mut view.waiting,
                BulkResult::Running => &mut view.running,
                BulkResult::Done => &mut view.done,
                BulkResult::Refused => &mut view.refused,
                BulkResult::MovedOn => &mut view.moved_on,
                BulkResult::Relapsed => &mut view.relapsed,
            } = count;
        }
        view
    }
}

impl From<BulkItem> for ItemView {
    fn from(item: BulkItem) -> Self {
        let BulkItem { saga, version, result, did, error, at, .. } = item;
        Self { id: saga.0, version, result: result.to_string(), did, error, at }
    }
}

/// The errors of every route about a run.
#[derive(utoipa::IntoResponses)]
pub(super) enum Instead {
    /// What is wrong, naming the parameter or the field
    #[response(status = 400)]
    _Bad,
    /// Without an operator's token
    #[response(status = 401)]
    _NoToken,
    /// `Not allowed for role ROLE`, or no token is configured
    #[response(status = 403)]
    _Closed,
    /// `Bulk run not found`
    #[response(status = 404)]
    _NotFound,
    /// `The database is unavailable`
    #[response(status = 503)]
    _Unavailable,
}

/// The errors of a move, besides.
#[derive(utoipa::IntoResponses)]
pub(super) enum OfMove {
    /// `Not allowed now` (with `allowed`)
    #[response(status = 409)]
    _NotAllowed,
    /// The body is over 256 KiB
    #[response(status = 413)]
    _TooLarge,
    /// The body is not JSON
    #[response(status = 415)]
    _NotJson,
}

/// 404.
pub(super) fn no_run() -> Problem {
    Problem::not_found("Bulk run not found")
}

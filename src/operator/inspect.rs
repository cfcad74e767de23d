//! `GET /api/operator/sagas/{id}`: everything about one saga.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Operators;
use super::effect::{Effects, effects, unknown};
use super::saga::{Onlooker, SagaView};
use super::step::{StepView, steps};
use crate::auth::{Person, Right};
use crate::engine::names;
use crate::saga::Preview;
use crate::saga::{Intervention, SagaId};
use crate::store::{Found, Inspected};
use crate::web::{Problem, Segment, uuid_segment};

/// A saga with its effects, its log and the actions that are allowed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SagaDetail)]
struct Detail {
    #[serde(flatten)]
    saga: SagaView,
    effects: Effects,
    /// Oldest first.
    steps: Vec<StepView>,
    /// The actions that are allowed now.
    actions: Vec<&'static str>,
    /// What each of these actions will do.
    previews: Vec<PreviewView>,
    /// The other sagas of its order, oldest first.
    related: Vec<RelatedView>,
}

/// Another saga of the same order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RelatedSaga)]
struct RelatedView {
    id: Uuid,
    kind: String,
    state: String,
    /// Why it needs a person, if it does: `InDoubt`, `Exhausted`, `Refused` or `Unreadable`.
    #[schema(required)]
    stuck: Option<String>,
}

impl From<Found> for RelatedView {
    fn from(found: Found) -> Self {
        let stuck = found.stuck.map(|stuck| stuck.kind.to_string());
        Self { id: found.id.0, kind: found.kind, state: found.state, stuck }
    }
}

/// What an action will do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
#[serde(rename_all = "camelCase")]
struct PreviewView {
    /// `retry`, `compensate`, `hold`, `release` or `resolve`.
    action: &'static str,
    /// For `resolve`: the step of the effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'static str>,
    /// For `resolve`: the cart's line, counted from 0, if the step has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u16>,
    /// For `resolve`: whether the effect happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    happened: Option<bool>,
    /// What it will do, in the same words as the answer to the action.
    will: String,
}

impl From<Preview> for PreviewView {
    fn from(Preview { what, will }: Preview) -> Self {
        let action = what.name();
        let (step, line, happened) = match what {
            Intervention::Retry
            | Intervention::Compensate
            | Intervention::Hold
            | Intervention::Release => (None, None, None),
            Intervention::Resolve { effect, happened } => {
                (Some(effect.step.word()), effect.line, Some(happened))
            }
        };
        Self { action, step, line, happened, will }
    }
}

/// Inspect a saga
#[utoipa::path(
    get,
    path = "/api/operator/sagas/{id}",
    tag = "operators",
    operation_id = "getSaga",
    security(("operatorToken" = [])),
    params(("id" = Uuid, Path, description = "The saga; of a checkout the order's id, too")),
    responses(
        (status = 200, description = "Everything about it", body = Detail, headers(
            ("ETag" = String, description = "Its version, for `If-Match`"),
        )),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 404, description = "`Saga not found`"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn get_saga(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
) -> Result<Response, Problem> {
    who.require(Right::ReadSagas)?;
    let id = SagaId(uuid_segment(id, "id")?);
    let inspected = operators.store.inspect(id).await?;
    let Inspected { found, steps: log, instance } = inspected.ok_or_else(not_found)?;
    let (effects, previews) = match &instance {
        Ok(saga) => (effects(saga), operators.executor.previews(saga)),
        Err(_unreadable) => {
            let lines = found.known.as_ref().map_or(&[][..], |known| known.facts.lines());
            (unknown(lines), Vec::new())
        }
    };
    let version = etag(found.version);
    let related = operators.store.sagas_of(found.order_id).await?.into_iter();
    let related = related.filter(|other| other.id != id).map(RelatedView::from).collect();
    let saga = Onlooker::of(&operators, &[&found]).await?.view(&operators, found);
    let actions = names(&previews);
    let previews = previews.into_iter().map(PreviewView::from).collect();
    let detail = Detail { saga, effects, steps: steps(log), actions, previews, related };
    Ok(([version], Json(detail)).into_response())
}

/// The saga's version as `If-Match` takes it back.
pub(super) fn etag(version: i64) -> (HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

/// 404.
pub(super) fn not_found() -> Problem {
    Problem::not_found("Saga not found")
}

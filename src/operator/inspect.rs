//! `GET /api/operator/sagas/{id}`: everything about one saga.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Operators;
use super::effect::{Effects, effects, unknown};
use super::note::NoteView;
use super::saga::{Onlooker, SagaView, etag, missing};
use super::step::{StepView, steps};
use super::told::{ToldView, told};
use crate::auth::{Person, Right};
use crate::engine::names;
use crate::json::parse_digits;
use crate::order::Line;
use crate::saga::Preview;
use crate::saga::{Intervention, SagaId};
use crate::store::{Error, Found, Inspected};
use crate::web::{Problem, Query, Segment, uuid_segment};

/// A saga with its effects, its log and the actions that are allowed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SagaDetail)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detail {
    #[serde(flatten)]
    pub(crate) saga: SagaView,
    /// With `atSeq`: the entry after which it was so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) at_seq: Option<i32>,
    /// With `atSeq`: the last entry of its log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) last_seq: Option<i32>,
    pub(crate) effects: Effects,
    /// Oldest first.
    pub(crate) steps: Vec<StepView>,
    /// The actions that are allowed now.
    pub(crate) actions: Vec<&'static str>,
    /// What each of these actions will do.
    pub(crate) previews: Vec<PreviewView>,
    /// The sagas in the same trouble; null where it is in none or has not failed, and of the past.
    #[schema(required)]
    pub(crate) group: Option<AlikeView>,
    /// The other sagas of its order, oldest first.
    pub(crate) related: Vec<RelatedView>,
    /// Oldest first.
    pub(crate) notes: Vec<NoteView>,
    /// What clients, webhooks and mail were told, oldest first; null of the past.
    #[schema(required)]
    pub(crate) told: Option<Vec<ToldView>>,
}

/// Sagas in the same trouble.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SameTrouble)]
pub(crate) struct AlikeView {
    /// As `GET /api/operator/groups` has it, and `?group=` takes it.
    pub(crate) id: String,
    /// How many they are, this one among them.
    pub(crate) count: u64,
}

/// Another saga of the same order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RelatedSaga)]
pub(crate) struct RelatedView {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) state: String,
    /// Why it needs a person, if it does: `InDoubt`, `Exhausted`, `Refused` or `Unreadable`.
    #[schema(required)]
    pub(crate) stuck: Option<String>,
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
pub(crate) struct PreviewView {
    /// `retry`, `compensate`, `hold`, `release` or `resolve`.
    pub(crate) action: &'static str,
    /// For `resolve`: the step of the effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<&'static str>,
    /// For `resolve`: the cart's line, counted from 0, if the step has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u16>,
    /// For `resolve`: whether the effect happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) happened: Option<bool>,
    /// What it will do, in the same words as the answer to the action.
    pub(crate) will: String,
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
    params(
        ("id" = Uuid, Path, description = "The saga; of a checkout the order's id, too"),
        ("atSeq" = Option<i32>, Query, minimum = 1, description = "As it was after this entry of its log, as if its owner had died right then; what only the present knows is null or empty"),
    ),
    responses(
        (status = 200, description = "Everything about it", body = Detail, headers(
            ("ETag" = String, description = "Its version, for `If-Match`"),
        )),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 404, description = "`Saga not found`, or `No such entry` for `atSeq`"),
        (status = 410, description = "`Saga forgotten`, with `archivedAt` and `file`: it is in the archive"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn get_saga(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    query: Query,
) -> Result<Response, Problem> {
    who.require(Right::ReadSagas)?;
    let id = SagaId(uuid_segment(id, "id")?);
    let at_seq = at_seq(&query)?;
    let detail = match at_seq {
        None => detail(&operators, id).await?,
        Some(seq) => past(&operators, id, seq).await?,
    };
    let version = detail.saga.version.map(etag);
    let mut response = Json(detail).into_response();
    if let Some((name, version)) = version
        && let Ok(version) = HeaderValue::try_from(version)
    {
        response.headers_mut().insert(name, version);
    }
    Ok(response)
}

/// The entry of the log that a query asks for.
pub(crate) fn at_seq(query: &Query) -> Result<Option<i32>, Problem> {
    query.read("atSeq", "a whole number from 1", |text| {
        parse_digits(text).and_then(|seq| i32::try_from(seq).ok()).filter(|seq| *seq > 0)
    })
}

/// Everything about a saga.
pub(crate) async fn detail(operators: &Operators, id: SagaId) -> Result<Detail, Problem> {
    let Some(inspected) = operators.store.inspect(id).await? else {
        return Err(missing(operators, id).await);
    };
    let Inspected { found, steps: log, instance } = inspected;
    let (effects, previews) = match &instance {
        Ok(saga) => (effects(saga), operators.executor.previews(saga)),
        Err(_unreadable) => (unknown(lines(&found)), Vec::new()),
    };
    let related = related(operators, &found).await?;
    let notes = operators.store.notes(id).await?.into_iter().map(NoteView::from).collect();
    let told = Some(told(operators, &found, &log).await?);
    let saga = Onlooker::of(operators, &[&found]).await?.view(operators, found);
    let actions = names(&previews);
    let previews = previews.into_iter().map(PreviewView::from).collect();
    let group = operators.store.group_of(id).await?.map(|(id, count)| AlikeView { id, count });
    let steps = steps(log);
    Ok(Detail {
        saga,
        at_seq: None,
        last_seq: None,
        effects,
        steps,
        actions,
        previews,
        group,
        related,
        notes,
        told,
    })
}

/// The saga as it was after an entry of its log.
pub(crate) async fn past(operators: &Operators, id: SagaId, seq: i32) -> Result<Detail, Problem> {
    if operators.store.find(id).await?.is_none() {
        return Err(missing(operators, id).await);
    }
    let inspected = operators.store.inspect_at(id, seq).await?;
    let (Inspected { found, steps: log, instance }, last_seq) =
        inspected.ok_or_else(|| Problem::not_found("No such entry"))?;
    let effects = match &instance {
        Ok(saga) => effects(saga),
        Err(_unreadable) => unknown(lines(&found)),
    };
    let related = related(operators, &found).await?;
    let view = Onlooker::of(operators, &[]).await?.view(operators, found);
    let saga = match &instance {
        Ok(saga) => view.in_the_past(saga),
        Err(_unreadable) => view,
    };
    Ok(Detail {
        saga,
        at_seq: Some(seq),
        last_seq: Some(last_seq),
        effects,
        steps: steps(log),
        actions: Vec::new(),
        previews: Vec::new(),
        group: None,
        related,
        notes: Vec::new(),
        told: None,
    })
}

fn lines(found: &Found) -> &[Line] {
    found.known.as_ref().map_or(&[][..], |known| known.facts.lines())
}

async fn related(operators: &Operators, of: &Found) -> Result<Vec<RelatedView>, Error> {
    let others = operators.store.sagas_of(of.order_id).await?.into_iter();
    Ok(others.filter(|other| other.id != of.id).map(RelatedView::from).collect())
}

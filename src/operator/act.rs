//! `POST /api/operator/sagas/{id}/retry`, `compensate` and `resolve`: does what an operator asks for, and
//! reports what was done. `hold` and `release` are in [`super::hold`].

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Operators;
use super::if_match::if_match;
use super::reason::{Reason, ReasonText};
use super::resolution::Resolution;
use super::saga::{Onlooker, SagaView, etag, missing};
use crate::auth::{Audited, Person, Right};
use crate::engine::{BEING_ADVANCED, Done, NotDone};
use crate::saga::{Intervention, SagaId, Word};
use crate::store::AuditAction;
use crate::web::{Field, Problem, Segment, optional_json_body, read, uuid_segment};

/// The result of an action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Acted)]
pub(super) struct ActedView {
    /// The saga right after the action.
    saga: SagaView,
    /// What was done, as a sentence.
    did: String,
}

/// The errors of an action.
#[derive(utoipa::IntoResponses)]
pub(super) enum Instead {
    /// What is wrong, naming the field
    #[response(status = 400)]
    _Bad,
    /// Without an operator's token
    #[response(status = 401)]
    _NoToken,
    /// `Not allowed for role ROLE`, or no token is configured
    #[response(status = 403)]
    _Closed,
    /// `Saga not found`
    #[response(status = 404)]
    _NotFound,
    /// `Saga forgotten` (with `archivedAt` and `file`)
    #[response(status = 410)]
    _Forgotten,
    /// `Not allowed now` (with `allowed`)
    #[response(status = 409)]
    _NotAllowed,
    /// `The saga has changed` (with `version`)
    #[response(status = 412)]
    _Stale,
    /// The body is over 256 KiB
    #[response(status = 413)]
    _TooLarge,
    /// The body is not JSON
    #[response(status = 415)]
    _NotJson,
    /// `The database is unavailable`
    #[response(status = 503)]
    _Unavailable,
}

/// Retry a saga
///
/// Tries again now. After a definite refusal, the retry is a new effect under a new key.
#[utoipa::path(
    post,
    path = "/api/operator/sagas/{id}/retry",
    tag = "operators",
    operation_id = "retrySaga",
    security(("operatorToken" = [])),
    request_body = Reason,
    params(
        ("id" = Uuid, Path, description = "The saga"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
        ("If-Match" = Option<String>, Header, description = "Only if the saga is at this version"),
    ),
    responses((status = 200, description = "Done", body = ActedView), Instead),
)]
pub(super) async fn retry_saga(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    act_for_reason(&operators, &who, id, (headers, body), Intervention::Retry).await
}

/// Compensate a saga
///
/// Stops going forward and undoes everything. It is allowed while effects are in doubt, too: what is known
/// is undone, and the rest waits for `resolve`. Refused once `Completed`.
#[utoipa::path(
    post,
    path = "/api/operator/sagas/{id}/compensate",
    tag = "operators",
    operation_id = "compensateSaga",
    security(("operatorToken" = [])),
    request_body = Reason,
    params(
        ("id" = Uuid, Path, description = "The saga"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
        ("If-Match" = Option<String>, Header, description = "Only if the saga is at this version"),
    ),
    responses((status = 200, description = "Done", body = ActedView), Instead),
)]
pub(super) async fn compensate_saga(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    act_for_reason(&operators, &who, id, (headers, body), Intervention::Compensate).await
}

/// Resolve an effect
///
/// Settles an effect that is in doubt, refused or exhausted, by what the operator found out or did by
/// hand. Refused while a call of the effect may be in flight. A charge can't be resolved as not happened
/// if the payment service says `Paid`.
#[utoipa::path(
    post,
    path = "/api/operator/sagas/{id}/resolve",
    tag = "operators",
    operation_id = "resolveSaga",
    security(("operatorToken" = [])),
    request_body = Resolution,
    params(
        ("id" = Uuid, Path, description = "The saga"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
        ("If-Match" = Option<String>, Header, description = "Only if the saga is at this version"),
    ),
    responses((status = 200, description = "Done", body = ActedView), Instead),
)]
pub(super) async fn resolve_saga(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut audited = who.audited(AuditAction::Resolve, &id, &operators.clock);
    let acted = async {
        who.require(Right::Act)?;
        let resolution: Resolution = optional_json_body(&headers, body).await?;
        let what = resolution.intervention(operators.store.catalogue())?;
        act(&operators, (&who, &mut audited), id, &headers, &resolution.reason, what).await
    };
    let acted = acted.await;
    audited.answer(&operators.executor, acted).await
}

/// Carries out an action whose body has nothing but the reason.
pub(super) async fn act_for_reason(
    operators: &Operators,
    who: &Person,
    id: Segment,
    (headers, body): (HeaderMap, Body),
    what: Intervention,
) -> Response {
    let mut audited = who.audited(AuditAction::of(what), &id, &operators.clock);
    let acted = async {
        who.require(Right::Act)?;
        let Reason { reason } = optional_json_body(&headers, body).await?;
        act(operators, (who, &mut audited), id, &headers, &reason, what).await
    };
    let acted = acted.await;
    audited.answer(&operators.executor, acted).await
}

/// Carries out the action, and answers with the saga as it is after that.
async fn act(
    operators: &Operators,
    (who, audited): (&Person, &mut Audited),
    id: Segment,
    headers: &HeaderMap,
    reason: &Field<ReasonText>,
    what: Intervention,
) -> Result<Response, Problem> {
    let id = SagaId(uuid_segment(id, "id")?);
    let done = done(operators, (who, audited), id, reason, what, || if_match(headers)).await?;
    let version = etag(done.saga.version);
    let saga = Onlooker::of(operators, &[&done.saga]).await?.view(operators, done.saga);
    Ok(([version], Json(ActedView { saga, did: done.did })).into_response())
}

async fn done(
    operators: &Operators,
    (who, audited): (&Person, &mut Audited),
    id: SagaId,
    reason: &Field<ReasonText>,
    what: Intervention,
    wanted: impl FnOnce() -> Result<Option<i64>, Problem>,
) -> Result<Done, Problem> {
    let operator = who.name()?;
    let word = Word { operator, reason: reason.value()?.as_str().to_owned() };
    audited.because(word.reason.as_str());
    let (wanted, audit) = (wanted()?, Some(audited.done().clone()));
    let done = operators.executor.intervene(id, what, &word, wanted, audit).await;
    match done {
        Ok(done) => Ok(done),
        Err(NotDone::NotFound) => Err(missing(operators, id).await),
        Err(why) => Err(problem(why)),
    }
}

/// Carries out what a form asks for, if the saga is at this version: the action of this name, with the body
/// that it has in the API. Returns what was done, as a sentence; `None` if no action has this name.
pub(crate) async fn carry_out(
    operators: &Operators,
    who: &Person,
    id: SagaId,
    action: &str,
    body: &Value,
    version: i64,
) -> Result<Option<String>, Problem> {
    let action = match action {
        "retry" => AuditAction::Retry,
        "compensate" => AuditAction::Compensate,
        "hold" => AuditAction::Hold,
        "release" => AuditAction::Release,
        "resolve" => AuditAction::Resolve,
        _unknown => return Ok(None),
    };
    let mut audited = who.audited_anew(action, &operators.clock);
    audited.to(&id.to_string());
    let acted = async {
        who.require(Right::Act)?;
        let of = |what| Ok::<_, Problem>((what, read::<Reason>(body)?.reason));
        let (what, reason) = match action {
            AuditAction::Retry => of(Intervention::Retry)?,
            AuditAction::Compensate => of(Intervention::Compensate)?,
            AuditAction::Hold => of(Intervention::Hold)?,
            AuditAction::Release => of(Intervention::Release)?,
            _resolve => {
                let resolution: Resolution = read(body)?;
                (resolution.intervention(operators.store.catalogue())?, resolution.reason)
            }
        };
        let wanted = || Ok(Some(version));
        let done = done(operators, (who, &mut audited), id, &reason, what, wanted).await?;
        Ok(Some(done.did))
    };
    let acted = acted.await;
    audited.conclude(&operators.executor, acted).await
}

fn problem(why: NotDone) -> Problem {
    match why {
        NotDone::NotFound => Problem::not_found("Saga not found"),
        NotDone::Stale { version } => {
            Problem::new(StatusCode::PRECONDITION_FAILED, "The saga has changed")
                .detail(format!("it is at version {version} now; look at it again"))
                .version(version)
        }
        NotDone::NotAllowed { why, allowed } => not_allowed(&why, allowed),
        NotDone::BeingAdvanced { allowed } => not_allowed(BEING_ADVANCED, allowed),
        NotDone::Unavailable(error) => Problem::from(error),
    }
}

/// 409, with what is allowed instead.
pub(super) fn not_allowed(why: &str, allowed: Vec<&'static str>) -> Problem {
    let instead = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
    Problem::new(StatusCode::CONFLICT, "Not allowed now")
        .detail(format!("{why}; allowed now: {instead}"))
        .allowed(allowed)
}

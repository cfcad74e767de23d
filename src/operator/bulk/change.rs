//! `POST /api/operator/bulk/{id}/start`, `pause`, `resume` and `stop`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use uuid::Uuid;

use super::super::Operators;
use super::super::act::not_allowed;
use super::body::MoveBody;
use super::look::{ItemQuery, detail};
use super::view::{DetailView, Instead, OfMove, no_run};
use crate::auth::{Audited, Person, Right};
use crate::bulk::{BulkVerb, NotMoved};
use crate::web::{Problem, Segment, optional_json_body, uuid_segment};

/// Start a bulk run
///
/// Begins with the canary; or goes on after a halt, and tries again what came back. Starting it again changes
/// nothing.
#[utoipa::path(
    post,
    path = "/api/operator/bulk/{id}/start",
    tag = "operators",
    operation_id = "startBulkRun",
    security(("operatorToken" = [])),
    request_body = Option<MoveBody>,
    params(("id" = Uuid, Path, description = "The run")),
    responses((status = 200, description = "As it is now", body = DetailView), Instead, OfMove),
)]
pub(in crate::operator) async fn start_run(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    asked(&operators, &who, id, &headers, body, BulkVerb::Start).await
}

/// Pause a bulk run
///
/// No more sagas are acted on until it is resumed. What came of those that were is still noted.
#[utoipa::path(
    post,
    path = "/api/operator/bulk/{id}/pause",
    tag = "operators",
    operation_id = "pauseBulkRun",
    security(("operatorToken" = [])),
    request_body = Option<MoveBody>,
    params(("id" = Uuid, Path, description = "The run")),
    responses((status = 200, description = "As it is now", body = DetailView), Instead, OfMove),
)]
pub(in crate::operator) async fn pause_run(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    asked(&operators, &who, id, &headers, body, BulkVerb::Pause).await
}

/// Resume a bulk run
///
/// Goes on after a pause or a halt. After a halt, what came back is tried again.
#[utoipa::path(
    post,
    path = "/api/operator/bulk/{id}/resume",
    tag = "operators",
    operation_id = "resumeBulkRun",
    security(("operatorToken" = [])),
    request_body = Option<MoveBody>,
    params(("id" = Uuid, Path, description = "The run")),
    responses((status = 200, description = "As it is now", body = DetailView), Instead, OfMove),
)]
pub(in crate::operator) async fn resume_run(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    asked(&operators, &who, id, &headers, body, BulkVerb::Resume).await
}

/// Stop a bulk run
///
/// No more sagas are acted on, for good.
#[utoipa::path(
    post,
    path = "/api/operator/bulk/{id}/stop",
    tag = "operators",
    operation_id = "stopBulkRun",
    security(("operatorToken" = [])),
    request_body = Option<MoveBody>,
    params(("id" = Uuid, Path, description = "The run")),
    responses((status = 200, description = "As it is now", body = DetailView), Instead, OfMove),
)]
pub(in crate::operator) async fn stop_run(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    asked(&operators, &who, id, &headers, body, BulkVerb::Stop).await
}

async fn asked(
    operators: &Operators,
    who: &Person,
    id: Segment,
    headers: &HeaderMap,
    body: Body,
    verb: BulkVerb,
) -> Response {
    let mut audited = who.audited(verb.audited(), &id, &operators.clock);
    let moved = async {
        who.require(Right::Act)?;
        let id = uuid_segment(id, "id")?;
        let body = optional_json_body(headers, body).await?;
        moved(operators, id, &body, verb, &mut audited).await.map(Json)
    };
    let moved: Result<_, Problem> = moved.await;
    audited.answer(&operators.executor, moved).await
}

/// Moves a run.
pub(super) async fn moved(
    operators: &Operators,
    id: Uuid,
    body: &MoveBody,
    verb: BulkVerb,
    audited: &mut Audited,
) -> Result<DetailView, Problem> {
    let reason = body.reason.value()?.as_ref().map(|reason| reason.as_str());
    audited.because(reason);
    let run = operators.bulk.act_on_run(id, verb, reason, audited.done()).await.map_err(problem)?;
    detail(operators, run, &ItemQuery::default()).await
}

fn problem(why: NotMoved) -> Problem {
    match why {
        NotMoved::NotFound => no_run(),
        NotMoved::NotAllowed { state, allowed } => {
            not_allowed(&format!("the run is {state}"), allowed)
        }
        NotMoved::Store(error) => Problem::from(error),
    }
}

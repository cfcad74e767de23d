//! `POST /api/operator/sagas/{id}/hold` and `release`: for an operator who is about to act by hand.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::Operators;
use super::act::{ActedView, Instead, act_for_reason};
use super::reason::Reason;
use crate::auth::Person;
use crate::saga::Intervention;
use crate::web::Segment;

/// Hold a saga
///
/// Until the saga is released, nothing is sent for it and it enters no new state. Hold it before you do
/// anything by hand. A call in flight ends first. The saga's deadline doesn't run while it is held, and
/// `resolve` stays allowed, also for what was being tried. Holding it again changes nothing.
#[utoipa::path(
    post,
    path = "/api/operator/sagas/{id}/hold",
    tag = "operators",
    operation_id = "holdSaga",
    security(("operatorToken" = [])),
    request_body = Reason,
    params(
        ("id" = Uuid, Path, description = "The saga"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
        ("If-Match" = Option<String>, Header, description = "Only if the saga is at this version"),
    ),
    responses((status = 200, description = "Done", body = ActedView), Instead),
)]
pub(super) async fn hold_saga(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    act_for_reason(&operators, &who, id, (headers, body), Intervention::Hold).await
}

/// Release a saga
///
/// The saga goes on at once from where it stands, and its deadline starts anew. Refused if it is not held.
#[utoipa::path(
    post,
    path = "/api/operator/sagas/{id}/release",
    tag = "operators",
    operation_id = "releaseSaga",
    security(("operatorToken" = [])),
    request_body = Reason,
    params(
        ("id" = Uuid, Path, description = "The saga"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
        ("If-Match" = Option<String>, Header, description = "Only if the saga is at this version"),
    ),
    responses((status = 200, description = "Done", body = ActedView), Instead),
)]
pub(super) async fn release_saga(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    act_for_reason(&operators, &who, id, (headers, body), Intervention::Release).await
}

//! `POST /api/operator/orders/{id}/cancel`: cancels any order, and records who did it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::Operators;
use crate::auth::{Audited, Person, Right};
use crate::engine::Wait;
use crate::order::{OrderId, rupees};
use crate::reversal::{CancelAnswer, Wish};
use crate::store::AuditAction;
use crate::trace::TraceParent;
use crate::web::{
    CancelledView, CancellingView, Preference, Problem, Segment, StaffCancelBody, Words,
    cancel_response, optional_json_body, read, uuid_segment,
};

/// How long an operator waits for the result, unless they ask for another wait.
const A_LOOK: Duration = Duration::from_secs(5);

/// Cancel an order for its customer
///
/// Like the client's own cancel, except that a reason is required. The operator's name is recorded with it.
#[utoipa::path(
    post,
    path = "/api/operator/orders/{id}/cancel",
    tag = "operators",
    operation_id = "cancelOrderForCustomer",
    security(("operatorToken" = [])),
    request_body = StaffCancelBody,
    params(
        ("id" = Uuid, Path, description = "The order"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` (at most 60), `respond-async`"),
    ),
    responses(
        (status = 200, description = "Everything is given back", body = CancelledView, headers(
            ("Idempotent-Replayed" = Option<String>, description = "`true` where an earlier request cancelled it"),
        )),
        (status = 202, description = "It will be given back, and not all is yet", body = CancellingView, headers(
            ("Location" = String, description = "Where to ask"),
            ("Retry-After" = u32, description = "Seconds"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` where an earlier request cancelled it"),
        )),
        (status = 400, description = "What is wrong, naming the field"),
        (status = 401, description = "`An operator token is needed`, or the token is wrong", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 404, description = "`Order not found`"),
        (status = 408, description = "The body did not come"),
        (status = 409, description = "`Order can not be cancelled`, with `orderStatus`"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "`The database is unavailable`", headers(("Retry-After" = u32, description = "Seconds"))),
    ),
)]
pub(super) async fn cancel_order(
    State(operators): State<Operators>,
    who: Person,
    Extension(trace): Extension<TraceParent>,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut audited = who.audited(AuditAction::Cancel, &id, &operators.clock);
    let cancelled = async {
        who.require(Right::Act)?;
        let id = OrderId(uuid_segment(id, "id")?);
        let body: StaffCancelBody = optional_json_body(&headers, body).await?;
        let preference = Preference::of(&headers);
        // By default, the person on call gets an answer soon and looks again later.
        let is_given = preference.is_given();
        let wait = if is_given { preference.wait(Duration::ZERO) } else { Wait::Decided(A_LOOK) };
        let answer = cancel(&operators, &who, &mut audited, (id, body), (wait, trace)).await?;
        Ok(cancel_response(id, answer))
    };
    let cancelled = cancelled.await;
    audited.answer(&operators.executor, cancelled).await
}

/// Cancels an order for a reason that is known by then.
async fn cancel(
    operators: &Operators,
    who: &Person,
    audited: &mut Audited,
    (id, body): (OrderId, StaffCancelBody),
    (wait, trace): (Wait, TraceParent),
) -> Result<CancelAnswer, Problem> {
    let Words { reason, note } = body.words()?;
    let reason = reason.unwrap_or_default().to_owned();
    audited.because(reason.as_str());
    let (who, audit) = (Some(who.name()?), Some(audited.done().clone()));
    let wish = Wish { id, reason, note, who, audit, wait, trace };
    Ok(operators.reversals.cancel(&wish, &|_any_user| true).await)
}

/// Cancels the order as a form asks for, as the API would; returns what to tell whoever sent it.
pub(crate) async fn cancel_of(
    operators: &Operators,
    who: &Person,
    id: OrderId,
    body: &Value,
) -> Result<String, Problem> {
    let mut audited = who.audited_anew(AuditAction::Cancel, &operators.clock);
    audited.to(&id.to_string());
    let cancelled = async {
        who.require(Right::Act)?;
        let how = (Wait::Decided(A_LOOK), TraceParent::fresh());
        match cancel(operators, who, &mut audited, (id, read(body)?), how).await? {
            CancelAnswer::Cancelled { given_back, .. } => {
                Ok(format!("It is cancelled, and {} given back", rupees(given_back.refunded)))
            }
            CancelAnswer::Cancelling { .. } => {
                Ok("It is being cancelled: not everything is given back yet".to_owned())
            }
            CancelAnswer::NotFound => Err(Problem::not_found("Order not found")),
            CancelAnswer::NotAllowed { status } => {
                let error = "Order can not be cancelled";
                Err(Problem::new(StatusCode::CONFLICT, error).order_status(status))
            }
            CancelAnswer::Imported { status } => {
                Err(Problem::imported(id, "Order can not be cancelled", status))
            }
            CancelAnswer::Unavailable => Err(Problem::database_unavailable()),
        }
    };
    let cancelled: Result<_, Problem> = cancelled.await;
    audited.conclude(&operators.executor, cancelled).await
}

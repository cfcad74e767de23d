//! `POST /console/orders/{id}/cancel`: cancels an order for its customer, and tells on the order's page how that
//! stands.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

use super::cancel_form::Tried;
use super::order;
use super::page::Failure;
use super::visitor::{Visitor, see_other};
use crate::auth::Right;
use crate::operator::{Operators, cancel_of};
use crate::order::OrderId;
use crate::store::AuditAction;
use crate::web::{Segment, form_body, uuid_segment};

/// Cancels the order.
pub(super) async fn cancel(
    State(operators): State<Operators>,
    visitor: Visitor,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let target = id.as_ref().ok().map(|Path(text)| text.as_str());
    visitor.require_for(&operators, Right::Act, AuditAction::Cancel, target).await?;
    let id: Uuid = uuid_segment(id, "id").map_err(|problem| visitor.failure(problem))?;
    let form = form_body(&headers, body).await.map_err(|problem| visitor.failure(problem))?;
    let text = |name: &str| form.text(name).filter(|text| !text.is_empty());
    let asked = json!({
        "reason": text("reason"),
        "note": text("note").map(|note| note.replace("\r\n", "\n")),
    });
    match cancel_of(&operators, &visitor.person, OrderId(id), &asked).await {
        Ok(said) => {
            let path = format!("/console/orders/{id}");
            let left = visitor.leave_notice(&operators, &path, &said).await;
            left.map_err(|error| visitor.failure(error))?;
            Ok(see_other(&path))
        }
        Err(problem) if matches!(problem.status(), 400 | 409) => {
            let tried = Tried { form, problem: Some(problem) };
            order::page(&operators, &visitor, OrderId(id), None, Some(tried)).await
        }
        Err(problem) => Err(visitor.failure(problem)),
    }
}

/// `GET`: the order's page with the form open.
pub(super) async fn show_form(
    State(operators): State<Operators>,
    visitor: Visitor,
    id: Segment,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadOrders)?;
    let id = uuid_segment(id, "id").map_err(|problem| visitor.failure(problem))?;
    order::page(&operators, &visitor, OrderId(id), None, Some(Tried::default())).await
}

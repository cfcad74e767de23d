//! `GET /console/find?q=`: from an id or a key to its page.

use axum::extract::State;
use axum::response::Response;
use url::form_urlencoded;
use uuid::Uuid;

use super::page::Failure;
use super::visitor::{Visitor, see_other};
use crate::auth::Right;
use crate::operator::Operators;
use crate::saga::SagaId;
use crate::web::Query;

/// Leads to the saga or the order of an id, and to the list of sagas for anything else, which is taken for an
/// idempotency key.
pub(super) async fn find(
    State(operators): State<Operators>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, Failure> {
    let wanted = query.text("q").unwrap_or_default().trim();
    let id = wanted.parse::<Uuid>().ok();
    if !visitor.person.has(Right::ReadSagas) {
        let id = id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
        return Ok(see_other(&format!("/console/orders/{id}")));
    }
    let Some(id) = id else {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !wanted.is_empty() {
            query.append_pair("idempotencyKey", wanted);
        }
        return Ok(see_other(&format!("/console/sagas?{}", query.finish())));
    };
    let saga = operators.store.find(SagaId(id)).await;
    let saga = saga.map_err(|error| visitor.failure(error))?;
    let page = if saga.is_some() { "sagas" } else { "orders" };
    Ok(see_other(&format!("/console/{page}/{id}")))
}

//! `GET /console/find?q=`: from an id or a key to its page.

use axum::extract::State;
use axum::response::Response;
use url::form_urlencoded;
use uuid::Uuid;

use super::page::Failure;
use super::visitor::{Visitor, see_other};
use crate::auth::Right;
use crate::operator::Operators;
use crate::order::OrderId;
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
    let is_saga = if saga.is_some() {
        true
    } else {
        // The page of a forgotten one says where it is; that of its order, if it has one, says more.
        let order = operators.store.order(OrderId(id)).await;
        let order = order.map_err(|error| visitor.failure(error))?;
        let forgotten = operators.store.forgotten_sagas(&[SagaId(id)]).await;
        let forgotten = forgotten.map_err(|error| visitor.failure(error))?;
        order.is_none() && !forgotten.is_empty()
    };
    let page = if is_saga { "sagas" } else { "orders" };
    Ok(see_other(&format!("/console/{page}/{id}")))
}

//! RFC 9457 problem documents, with a fixed text in the member `error` that clients may compare.
//!
//! A handler says only what is wrong. [`super::middleware`] adds the path and the trace, so no handler can
//! forget them.

mod no_more;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::checkout::Undoing;
use crate::order::{OrderId, OrderStatus, ProductId};
use crate::store;

/// `Retry-After` while the database is unavailable, in seconds.
const DATABASE_RETRY_SECS: u32 = 5;

/// An error on its way to a client.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: Box<ProblemBody>,
    headers: HeaderMap,
}

/// The document (`application/problem+json`). Clients tell problems apart by `status` and `error`.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProblemBody {
    /// Always `about:blank`: the status and `error` say what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, as a sentence.
    detail: String,
    /// What the problem is about: the address of the checkout's status, or the path that was asked for.
    instance: String,
    /// The fixed text that clients may compare.
    error: String,
    /// The trace's id; quote it when you report the problem.
    trace_id: String,
    /// The checkout, if one was or may have been accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// The product in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<Uuid>,
    /// How many pieces of the product were in stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    /// What the cart costs, in paise.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    /// For a checkout that was accepted and then refused: whether everything that had happened is undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone: Option<bool>,
    /// The body of a neighbour's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
    /// The line in question, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u16>,
    /// The order's status, if it does not allow what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    order_status: Option<OrderStatus>,
    /// The position of the oldest event that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<i64>,
    /// When the saga was written to the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<DateTime<Utc>>,
    /// The file of the archive that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The saga's current version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// The actions that are allowed on the saga now.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<Vec<&'static str>>,
}

impl Problem {
    /// A problem with this status; `error` doubles as the detail unless [`Problem::detail`] says more.
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let error = error.into();
        let body = ProblemBody {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: error.clone(),
            error,
            ..ProblemBody::default()
        };
        Self { status, body: Box::new(body), headers: HeaderMap::new() }
    }

    /// 400: the request is malformed; `error` names the field.
    pub(crate) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// 404; `error` says what was not found.
    pub(crate) fn not_found(error: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    /// 503: the database does not answer.
    pub(crate) fn database_unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The database is unavailable")
            .retry_after(DATABASE_RETRY_SECS)
    }

    /// 500: a fault in this service that the client can do nothing about.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
            .detail("an unexpected fault; the log has it under this traceId")
    }

    /// With a sentence that says more than `error`.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.body.detail = detail.into();
        self
    }

    /// About this checkout, which was or may have been accepted. Its status is at the address `status`.
    pub(crate) fn of_checkout(mut self, id: OrderId, status: String) -> Self {
        self.body.instance = status;
        self.body.id = Some(id.0);
        self
    }

    /// About this product.
    pub(crate) fn of_product(mut self, id: ProductId) -> Self {
        self.body.product_id = Some(id.0);
        self
    }

    /// With the number of pieces that were in stock.
    pub(crate) fn available(mut self, available: i64) -> Self {
        self.body.available = Some(available);
        self
    }

    /// With what the cart costs, in paise.
    pub(crate) fn total(mut self, paise: i64) -> Self {
        self.body.total = Some(paise);
        self
    }

    /// With whether all effects of a refused checkout are undone.
    pub(crate) fn undone(mut self, undoing: Undoing) -> Self {
        self.body.undone = Some(undoing == Undoing::Done);
        self
    }

    /// With the body of a neighbour's answer, if it had one.
    pub(crate) fn details(mut self, details: Option<Value>) -> Self {
        self.body.details = details;
        self
    }

    /// About this line of the order, counted from 0.
    pub(crate) fn of_line(mut self, line: u16) -> Self {
        self.body.line = Some(line);
        self
    }

    /// With the order's status, which does not allow what was asked for.
    pub(crate) fn order_status(mut self, status: OrderStatus) -> Self {
        self.body.order_status = Some(status);
        self
    }

    /// With the saga's current version.
    pub(crate) fn version(mut self, version: i64) -> Self {
        self.body.version = Some(version);
        self
    }

    /// With the actions that are allowed instead.
    pub(crate) fn allowed(mut self, actions: Vec<&'static str>) -> Self {
        self.body.allowed = Some(actions);
        self
    }

    /// With `Retry-After`.
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.insert(header::RETRY_AFTER, seconds.into());
        self
    }

    /// With another header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// What happened, as a sentence.
    pub(crate) fn sentence(&self) -> &str {
        &self.body.detail
    }

    /// The member `error`.
    pub(crate) fn error(&self) -> &str {
        &self.body.error
    }

    /// The headers that go with it, such as `Retry-After`.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The document that is answered at `path` in this trace.
    pub(crate) fn into_body(self, path: &str, trace_id: String) -> ProblemBody {
        let mut body = *self.body;
        if body.instance.is_empty() {
            path.clone_into(&mut body.instance);
        }
        body.trace_id = trace_id;
        body
    }
}

impl IntoResponse for Problem {
    /// Status and headers; the middleware writes the document.
    fn into_response(self) -> Response {
        let mut response = (self.status, self.headers.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match &error {
            store::Error::Unavailable(_)
            | store::Error::OutcomeUnknown(_)
            | store::Error::Unusable(_) => {
                tracing::warn!(%error, "a request was not served: the database is unavailable");
                Self::database_unavailable()
            }
            store::Error::Refused(_) => {
                tracing::error!("a request was not served: the database refused its values");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_standard_and_a_fixed_error_text() {
        let id = OrderId(Uuid::from_u128(1));
        let status = format!("/api/orders/{id}/status");
        let problem = Problem::not_found("Product not found").of_checkout(id, status);
        let problem = problem.of_product(ProductId(Uuid::from_u128(2)));
        let body = problem.into_body("/api/orders/create", "abc".to_owned());
        assert_eq!(
            serde_json::to_value(body).expect("a plain struct"),
            json!({
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "Product not found",
                "instance": "/api/orders/00000000-0000-0000-0000-000000000001/status",
                "error": "Product not found",
                "traceId": "abc",
                "id": "00000000-0000-0000-0000-000000000001",
                "productId": "00000000-0000-0000-0000-000000000002",
            })
        );
    }
}

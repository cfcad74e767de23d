//! The answer to a cancel, for clients and operators alike.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::Problem;
use super::{REPLAYED, url};
use crate::order::{Line, OrderId};
use crate::reversal::{CancelAnswer, GivenBack};

/// `Retry-After` for a cancel in progress, in seconds.
const SOON_SECS: u32 = 1;

/// An order that is cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cancelled)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelledView {
    id: Uuid,
    user_id: Uuid,
    /// Always `Cancelled`.
    status: &'static str,
    /// The refund in paise.
    refunded: i64,
    /// An entry for each line, in cart order.
    released: Vec<ReleasedView>,
}

/// Goods that are in stock again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Released)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReleasedView {
    product_id: Uuid,
    quantity: u32,
}

/// An order that is being cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cancelling)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancellingView {
    id: Uuid,
    user_id: Uuid,
    /// Always `Cancelling`.
    status: &'static str,
    status_url: String,
}

/// The response to whoever asked for the cancel.
pub(crate) fn cancel_response(id: OrderId, answer: CancelAnswer) -> Response {
    let (mut response, replayed) = match answer {
        CancelAnswer::Cancelled { user_id, given_back, replayed } => {
            let body = CancelledView {
                id: id.0,
                user_id: user_id.0,
                status: "Cancelled",
                refunded: given_back.refunded.0,
                released: released(&given_back),
            };
            (Json(body).into_response(), replayed)
        }
        CancelAnswer::Cancelling { user_id, replayed } => {
            let status_url = url::status(id);
            let headers = [
                (header::LOCATION, status_url.clone()),
                (header::RETRY_AFTER, SOON_SECS.to_string()),
            ];
            let (id, user_id) = (id.0, user_id.0);
            let body = CancellingView { id, user_id, status: "Cancelling", status_url };
            ((StatusCode::ACCEPTED, headers, Json(body)).into_response(), replayed)
        }
        CancelAnswer::NotFound => return Problem::not_found("Order not found").into_response(),
        CancelAnswer::NotAllowed { status } => {
            return Problem::new(StatusCode::CONFLICT, "Order can not be cancelled")
                .of_checkout(id, url::status(id))
                .order_status(status)
                .into_response();
        }
        CancelAnswer::Imported { status } => {
            return Problem::imported(id, "Order can not be cancelled", status).into_response();
        }
        CancelAnswer::Unavailable => return Problem::database_unavailable().into_response(),
    };
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// The released goods, as views.
pub(crate) fn released(given_back: &GivenBack) -> Vec<ReleasedView> {
    let line =
        |line: &Line| ReleasedView { product_id: line.product_id.0, quantity: line.quantity };
    given_back.released.iter().map(line).collect()
}

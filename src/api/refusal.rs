//! The problem that a refused checkout is answered with, whether its client waited or asks later.

use axum::http::StatusCode;

use crate::checkout::{Refusal, Undoing};
use crate::order::OrderId;
use crate::store::Found;
use crate::web::{Problem, url};

/// `Retry-After` until everything is undone, in seconds.
const SOON_SECS: u32 = 1;

/// The answer to the client of this checkout. Once everything is undone, only its member `undone` changes.
pub(super) fn problem(id: OrderId, refusal: Refusal, undoing: Undoing) -> Problem {
    let told = refusal.told();
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let problem = Problem::new(status, told.error).details(told.details);
    let problem = told.detail.into_iter().fold(problem, Problem::detail);
    let problem = told.product_id.into_iter().fold(problem, Problem::of_product);
    let problem = told.available.into_iter().fold(problem, Problem::available);
    let problem = told.total.into_iter().fold(problem, |problem, total| problem.total(total.0));
    let problem = problem.of_checkout(id, url::status(id)).undone(undoing);
    match undoing {
        Undoing::UnderWay => problem.retry_after(SOON_SECS),
        Undoing::Done => problem,
    }
}

/// The answer to a request whose key began another request, of this checkout.
pub(super) fn key_reused(id: OrderId) -> Problem {
    let error = "Idempotency key reused with a different request";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error).of_checkout(id, url::status(id))
}

/// What [`problem`] answers, from a checkout's record; `None` if it is not refused.
pub(super) fn of(found: &Found) -> Option<Problem> {
    let undoing = found.progress.and_then(Undoing::of)?;
    Some(problem(found.order_id, Refusal::of(found.known.as_ref()), undoing))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::order::{Paise, ProductId};

    fn told(refusal: Refusal) -> (Value, Value) {
        let problem = problem(OrderId(Uuid::from_u128(1)), refusal, Undoing::Done);
        let body = serde_json::to_value(problem.into_body("/", String::new()));
        let body = body.expect("a plain struct");
        assert_eq!(body["id"], json!(Uuid::from_u128(1)));
        assert_eq!(body["undone"], json!(true));
        (body["status"].clone(), body["error"].clone())
    }

    #[test]
    fn every_refusal_has_its_own_status_and_error_text() {
        let product_id = ProductId(Uuid::from_u128(2));
        let details = Some(json!({"error": "no"}));
        let detail = "it broke".to_owned();
        for (refusal, status, error) in [
            (Refusal::UserProfileNotFound, 404, "User profile not found"),
            (Refusal::ProductNotFound { product_id }, 404, "Product not found"),
            (Refusal::PriceChanged { total: Paise(1) }, 409, "Price changed"),
            (Refusal::InsufficientStock { product_id, available: 1 }, 409, "Insufficient stock"),
            (Refusal::PayerNotFound, 404, "User not found"),
            (
                Refusal::InsufficientBalance { details: details.clone() },
                409,
                "Payment failed - insufficient balance",
            ),
            (Refusal::ReservationFailed { product_id, details }, 409, "Reservation failed"),
            (Refusal::NeighbourAtFault { detail: detail.clone() }, 502, "Order creation failed"),
            (Refusal::Failed { detail }, 500, "Order creation failed"),
        ] {
            assert_eq!(told(refusal), (json!(status), json!(error)));
        }
    }
}

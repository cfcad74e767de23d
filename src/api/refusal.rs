//! The problem that answers for a refused checkout. Only this file knows which HTTP status a refusal
//! has, whether its client waited or asks later.

use axum::http::StatusCode;

use super::url;
use crate::checkout::{Refusal, Undoing};
use crate::order::OrderId;
use crate::store::Found;
use crate::web::Problem;

const FAILED: &str = "Order creation failed";
/// `Retry-After` while not all is undone, in seconds.
const SOON_SECS: u32 = 1;

/// The answer to the client of this checkout. Only its member `undone` changes once all is undone.
pub(super) fn problem(id: OrderId, refusal: Refusal, undoing: Undoing) -> Problem {
    let conflict = |error| Problem::new(StatusCode::CONFLICT, error);
    let problem = match refusal {
        Refusal::UserProfileNotFound => Problem::not_found("User profile not found"),
        Refusal::ProductNotFound { product_id } => {
            Problem::not_found("Product not found").of_product(product_id)
        }
        Refusal::PriceChanged { total } => conflict("Price changed").total(total.0),
        Refusal::InsufficientStock { product_id, available } => {
            conflict("Insufficient stock").of_product(product_id).available(available)
        }
        Refusal::PayerNotFound => Problem::not_found("User not found")
            .detail("the payment service does not know the user's profile"),
        Refusal::InsufficientBalance { details } => {
            conflict("Payment failed - insufficient balance").details(details)
        }
        Refusal::ReservationFailed { product_id, details } => {
            conflict("Reservation failed").of_product(product_id).details(details)
        }
        Refusal::NeighbourAtFault { detail } => {
            Problem::new(StatusCode::BAD_GATEWAY, FAILED).detail(detail)
        }
        Refusal::Failed { detail } => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, FAILED).detail(detail)
        }
    };
    let problem = problem.of_checkout(id, url::status(id)).undone(undoing);
    match undoing {
        Undoing::UnderWay => problem.retry_after(SOON_SECS),
        Undoing::Done => problem,
    }
}

/// The same, from a checkout's record; `None` while it is not refused.
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
            (Refusal::NeighbourAtFault { detail: detail.clone() }, 502, FAILED),
            (Refusal::Failed { detail }, 500, FAILED),
        ] {
            assert_eq!(told(refusal), (json!(status), json!(error)));
        }
    }
}

//! A refused checkout in HTTP's terms: the one place that knows which status a refusal has, for the
//! client who waited and for the one who asks later.

use axum::http::StatusCode;

use super::status;
use crate::checkout::Refusal;
use crate::order::OrderId;
use crate::web::Problem;

const FAILED: &str = "Order creation failed";

/// What the client of this checkout is answered (CONTRACT.md, section 2).
pub(super) fn problem(id: OrderId, refusal: Refusal) -> Problem {
    let conflict = |error| Problem::new(StatusCode::CONFLICT, error);
    let problem = match refusal {
        Refusal::UserProfileNotFound => Problem::not_found("User profile not found"),
        Refusal::ProductNotFound { product_id } => {
            Problem::not_found("Product not found").of_product(product_id)
        }
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
    problem.of_checkout(id, status::url(id))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::order::ProductId;

    fn told(refusal: Refusal) -> (Value, Value) {
        let problem = problem(OrderId(Uuid::from_u128(1)), refusal);
        let body = serde_json::to_value(problem.into_body("/", String::new()));
        let body = body.expect("a plain struct");
        assert_eq!(body["id"], json!(Uuid::from_u128(1)));
        (body["status"].clone(), body["error"].clone())
    }

    #[test]
    fn every_refusal_has_the_contracts_status_and_words() {
        let product_id = ProductId(Uuid::from_u128(2));
        let details = Some(json!({"error": "no"}));
        let detail = "it broke".to_owned();
        for (refusal, status, error) in [
            (Refusal::UserProfileNotFound, 404, "User profile not found"),
            (Refusal::ProductNotFound { product_id }, 404, "Product not found"),
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

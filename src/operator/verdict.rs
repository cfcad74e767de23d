//! The body of `resolve`: an effect, and whether it happened.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::json::{property, text, whole_number};
use crate::saga::{Effect, Intervention, Step};
use crate::web::Problem;

/// What became of an effect, and how the operator knows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Verdict {
    /// `charge_payment`, `reserve_stock`, `refund_payment` or `release_stock`.
    step: String,
    /// The cart's line, from 0, for a step that has lines.
    line: Option<u16>,
    /// Whether it happened.
    happened: bool,
    /// Kept in the saga's log.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// The effect and what became of it. A step that has no effects is not one to resolve.
pub(super) fn verdict(body: &Value) -> Result<Intervention, Problem> {
    let step = text(body, "step").ok_or_else(|| Problem::bad_request("step is required"))?;
    let of_line = match Step::from_str(step) {
        Ok(Step::ChargePayment | Step::RefundPayment) => false,
        Ok(Step::ReserveStock | Step::ReleaseStock) => true,
        Ok(
            Step::FetchProfile
            | Step::PriceCart
            | Step::ConfirmOrder
            | Step::TakeOver
            | Step::Intervene,
        )
        | Err(_) => {
            return Err(Problem::bad_request(
                "step must be charge_payment, reserve_stock, refund_payment or release_stock",
            ));
        }
    };
    let line = property(body, "line").filter(|line| !line.is_null());
    let line = line.map(|line| whole_number(line).and_then(|line| u16::try_from(line).ok()));
    let line = match (of_line, line) {
        (false, None) => None,
        (true, Some(Some(line))) => Some(line),
        (false, Some(_)) => return Err(Problem::bad_request(format!("line: {step} has no lines"))),
        (true, None | Some(None)) => {
            return Err(Problem::bad_request("line must be a line of the cart, from 0"));
        }
    };
    let happened = property(body, "happened").and_then(Value::as_bool);
    let happened =
        happened.ok_or_else(|| Problem::bad_request("happened must be true or false"))?;
    let step = Step::from_str(step).map_err(|_| Problem::bad_request("step is unknown"))?;
    Ok(Intervention::Resolve { effect: Effect { step, line }, happened })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_verdict_names_an_effect_and_says_yes_or_no() {
        let read = |body: Value| verdict(&body).map_err(|_| ());
        let line = Effect { step: Step::ReserveStock, line: Some(1) };
        let what = Intervention::Resolve { effect: line, happened: true };
        assert_eq!(read(json!({"step": "reserve_stock", "line": 1, "happened": true})), Ok(what));
        let charge = Effect { step: Step::ChargePayment, line: None };
        let what = Intervention::Resolve { effect: charge, happened: false };
        assert_eq!(read(json!({"Step": "charge_payment", "Happened": false})), Ok(what));
        for wrong in [
            json!({"step": "reserve_stock", "happened": true}),
            json!({"step": "charge_payment", "line": 0, "happened": true}),
            json!({"step": "charge_payment"}),
            json!({"step": "charge_payment", "happened": "yes"}),
            json!({"step": "price_cart", "happened": true}),
            json!({"step": "reserve_stock", "line": -1, "happened": true}),
        ] {
            assert_eq!(read(wrong.clone()), Err(()), "{wrong}");
        }
    }
}

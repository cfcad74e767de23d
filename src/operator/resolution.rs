//! The body of `resolve`: an effect, and whether it happened.

use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::reason::ReasonText;
use crate::saga::{Effect, Intervention, Step};
use crate::web::{Field, Problem, WholeNumber};

/// The steps with one effect for the whole cart.
const OF_THE_CART: [Step; 2] = [Step::ChargePayment, Step::RefundPayment];
/// The steps with an effect for each line of the cart.
const OF_A_LINE: [Step; 2] = [Step::ReserveStock, Step::ReleaseStock];

/// What became of an effect, and how the operator knows.
#[derive(Debug, Deserialize)]
pub(super) struct Resolution {
    step: Field<String>,
    line: Field<Option<LineNumber>>,
    happened: Field<bool>,
    pub(super) reason: Field<ReasonText>,
}

/// A line's place in the cart, from 0.
#[derive(Clone, Copy, Debug)]
struct LineNumber(u16);

impl LineNumber {
    const RULE: WholeNumber = WholeNumber {
        min: 0,
        max: u16::MAX as u64,
        digits: "^[0-9]{1,4}$",
        rule: "must be a line of the cart, from 0",
    };
}

impl<'de> Deserialize<'de> for LineNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::RULE.read(from).map(Self)
    }
}

impl Resolution {
    /// What the operator says became of which effect.
    pub(super) fn intervention(&self) -> Result<Intervention, Problem> {
        let effect = self.effect()?;
        Ok(Intervention::Resolve { effect, happened: *self.happened.value()? })
    }

    /// The effect that `step` and `line` name. Only a step with effects has something to resolve.
    fn effect(&self) -> Result<Effect, Problem> {
        let word = self.step.value()?;
        let find = |steps: [Step; 2]| steps.into_iter().find(|step| step.to_string() == *word);
        if let Some(step) = find(OF_THE_CART) {
            return match self.line.value() {
                Ok(None) => Ok(Effect { step, line: None }),
                Ok(Some(_)) | Err(_) => {
                    Err(Problem::bad_request(format!("line: {word} has no lines")))
                }
            };
        }
        let step = find(OF_A_LINE).ok_or_else(|| {
            let steps = "charge_payment, reserve_stock, refund_payment or release_stock";
            Problem::bad_request(format!("step must be {steps}"))
        })?;
        match self.line.value()? {
            Some(LineNumber(line)) => Ok(Effect { step, line: Some(*line) }),
            None => Err(Problem::bad_request(format!("line {}", LineNumber::RULE.rule))),
        }
    }
}

impl PartialSchema for Resolution {
    /// An object of two forms: with a line where the step has lines, and without.
    fn schema() -> RefOr<Schema> {
        let of = |steps: [Step; 2]| {
            let words = steps.map(|step| step.to_string());
            let step = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
            ObjectBuilder::new()
                .property("step", step)
                .required("step")
                .property("happened", bool::schema())
                .property("reason", ReasonText::schema())
        };
        let line = LineNumber::RULE.schema().description(Some("The cart's line, from 0."));
        let of_a_line = of(OF_A_LINE).property("line", line).required("line");
        let no_line = ObjectBuilder::new().schema_type(Type::Null);
        let of_the_cart = of(OF_THE_CART).property("line", no_line);
        let forms =
            [of_the_cart, of_a_line].map(|form| form.required("happened").required("reason"));
        let resolution = forms.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item);
        resolution.description(Some("What became of an effect, and how the operator knows.")).into()
    }
}

impl ToSchema for Resolution {
    fn name() -> std::borrow::Cow<'static, str> {
        "Verdict".into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::web::read;

    fn resolution(body: &Value) -> Result<Intervention, String> {
        let resolution: Resolution = read(body).expect("it is said later what is wrong");
        resolution.intervention().map_err(|problem| problem.error().to_owned())
    }

    #[test]
    fn a_resolution_names_an_effect_and_says_yes_or_no() {
        let line = Effect { step: Step::ReserveStock, line: Some(1) };
        let what = Intervention::Resolve { effect: line, happened: true };
        for line in [json!(1), json!("01"), json!(1.0)] {
            let body = json!({"step": "reserve_stock", "line": line, "happened": true});
            assert_eq!(resolution(&body), Ok(what), "{body}");
        }
        let charge = Effect { step: Step::ChargePayment, line: None };
        let what = Intervention::Resolve { effect: charge, happened: false };
        for body in [
            json!({"Step": "charge_payment", "Happened": false}),
            json!({"step": "charge_payment", "line": null, "happened": false}),
        ] {
            assert_eq!(resolution(&body), Ok(what), "{body}");
        }
    }

    #[test]
    fn the_first_thing_wrong_is_named() {
        let steps = "step must be charge_payment, reserve_stock, refund_payment or release_stock";
        let no_lines = "line: charge_payment has no lines";
        let which_line = "line must be a line of the cart, from 0";
        let yes_or_no = "happened must be true or false";
        for (body, error) in [
            (json!([]), "step is required"),
            (json!({"line": "x"}), "step is required"),
            (json!({"step": 1}), "step is required"),
            (json!({"step": "price_cart", "line": "x"}), steps),
            (json!({"step": "Reserve_Stock"}), steps),
            (json!({"step": "charge_payment", "line": 0}), no_lines),
            (json!({"step": "charge_payment", "line": "x"}), no_lines),
            (json!({"step": "reserve_stock"}), which_line),
            (json!({"step": "reserve_stock", "line": -1}), which_line),
            (json!({"step": "reserve_stock", "line": 65_536}), which_line),
            (json!({"step": "reserve_stock", "line": 0}), yes_or_no),
            (json!({"step": "charge_payment"}), yes_or_no),
            (json!({"step": "charge_payment", "happened": "yes"}), yes_or_no),
        ] {
            assert_eq!(resolution(&body), Err(error.to_owned()), "{body}");
        }
    }
}

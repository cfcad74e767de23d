//! The body of `resolve`: an effect, and whether it happened.

use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::reason::ReasonText;
use crate::saga::{Catalogue, Effect, Intervention, Per};
use crate::web::{Field, Problem, WholeNumber};

/// Whether an effect happened, and how the operator knows.
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
    /// The intervention that this body asks for.
    pub(super) fn intervention(&self, catalogue: Catalogue) -> Result<Intervention, Problem> {
        let effect = self.effect(catalogue)?;
        Ok(Intervention::Resolve { effect, happened: *self.happened.value()? })
    }

    /// The effect that `step` and `line` name. Steps without effects can't be resolved.
    fn effect(&self, catalogue: Catalogue) -> Result<Effect, Problem> {
        let word = self.step.value()?;
        let steps = catalogue.effect_steps();
        let Some((step, per)) = steps.iter().find(|(step, _)| step.word() == word) else {
            let words: Vec<_> = steps.iter().map(|(step, _)| step.word()).collect();
            let (last, others) = words.split_last().unwrap_or((&"nothing", &[]));
            let error = format!("step must be {} or {last}", others.join(", "));
            return Err(Problem::bad_request(error));
        };
        match (per, self.line.value()) {
            (Per::Saga, Ok(None)) => Ok(Effect::of(*step)),
            (Per::Saga, Ok(Some(_)) | Err(_)) => {
                Err(Problem::bad_request(format!("line: {word} has no lines")))
            }
            (Per::Line, Ok(Some(LineNumber(line)))) => Ok(Effect::of_line(*step, *line)),
            (Per::Line, Ok(None)) => {
                Err(Problem::bad_request(format!("line {}", LineNumber::RULE.rule)))
            }
            (Per::Line, Err(invalid)) => Err(invalid.into()),
        }
    }
}

impl PartialSchema for Resolution {
    /// An object in two forms: without a line, and with one for steps that have lines. The names of the
    /// steps depend on the kinds of saga, which only the composed application knows.
    fn schema() -> RefOr<Schema> {
        let form = || {
            ObjectBuilder::new()
                .property("step", ObjectBuilder::new().schema_type(Type::String))
                .required("step")
                .property("happened", bool::schema())
                .property("reason", ReasonText::schema())
        };
        let line = LineNumber::RULE.schema().description(Some("The cart's line, from 0."));
        let of_a_line = form().property("line", line).required("line");
        let of_the_saga = form().property("line", ObjectBuilder::new().schema_type(Type::Null));
        let forms =
            [of_the_saga, of_a_line].map(|form| form.required("happened").required("reason"));
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
    use crate::checkout::DEFINITIONS;
    use crate::checkout::step::{CHARGE_PAYMENT, RESERVE_STOCK};
    use crate::web::read;

    fn resolution(body: &Value) -> Result<Intervention, String> {
        let resolution: Resolution = read(body).expect("it is said later what is wrong");
        resolution
            .intervention(Catalogue::of(DEFINITIONS))
            .map_err(|problem| problem.error().to_owned())
    }

    #[test]
    fn a_resolution_names_an_effect_and_says_yes_or_no() {
        let line = Effect::of_line(RESERVE_STOCK, 1);
        let what = Intervention::Resolve { effect: line, happened: true };
        for line in [json!(1), json!("01"), json!(1.0)] {
            let body = json!({"step": "reserve_stock", "line": line, "happened": true});
            assert_eq!(resolution(&body), Ok(what), "{body}");
        }
        let charge = Effect::of(CHARGE_PAYMENT);
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

//! The body of a cancel: why an order is cancelled.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::field::Field;
use super::problem::Problem;

/// The allowed reasons.
pub(crate) const REASONS: [&str; 6] =
    ["customer", "declined", "fraud", "inventory", "staff", "other"];
/// The longest note, in characters.
const MAX_NOTE: usize = 500;

/// Why an order is cancelled.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CancelBody {
    /// `customer` (the default), `declined`, `fraud`, `inventory`, `staff` or `other`.
    #[schema(value_type = Option<String>, pattern = "^(customer|declined|fraud|inventory|staff|other)$")]
    reason: Field<Option<Reason>>,
    /// More about it, as free text.
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\u0000]*$")]
    note: Field<Option<Note>>,
}

/// Why an operator cancels an order.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct StaffCancelBody {
    /// `customer`, `declined`, `fraud`, `inventory`, `staff` or `other`.
    #[schema(value_type = String, pattern = "^(customer|declined|fraud|inventory|staff|other)$")]
    reason: Field<Option<Reason>>,
    /// More about it, as free text.
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\u0000]*$")]
    note: Field<Option<Note>>,
}

impl StaffCancelBody {
    /// The reason and the note, or what is wrong with the body.
    pub(crate) fn words(self) -> Result<Words, Problem> {
        let words = CancelBody { reason: self.reason, note: self.note }.words()?;
        let has_reason = words.reason.is_some();
        has_reason.then_some(words).ok_or_else(|| Problem::bad_request("reason is required"))
    }
}

/// The content of a valid body.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) reason: Option<&'static str>,
    pub(crate) note: Option<String>,
}

impl CancelBody {
    /// The reason and the note, or what is wrong with the body.
    pub(crate) fn words(&self) -> Result<Words, Problem> {
        let reason = self.reason.value()?.as_ref().map(|reason| reason.0);
        let note = self.note.value()?.as_ref().map(|note| note.0.clone());
        Ok(Words { reason, note })
    }
}

#[derive(Clone, Copy, Debug)]
struct Reason(&'static str);

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rule = || D::Error::custom(format!("must be one of {}", REASONS.join(", ")));
        let text = String::deserialize(from).map_err(|_| rule())?;
        REASONS.into_iter().find(|known| *known == text).map(Self).ok_or_else(rule)
    }
}

#[derive(Clone, Debug)]
struct Note(String);

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from).map_err(|_| D::Error::custom("must be text"))?;
        if text.contains('\0') {
            return Err(D::Error::custom("must be text"));
        }
        if text.chars().count() > MAX_NOTE {
            let rule = format!("must not be longer than {MAX_NOTE} characters");
            return Err(D::Error::custom(rule));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::read::read;
    use super::*;

    fn error(body: &Value) -> Option<String> {
        let body: CancelBody = read(body).expect("it is said later what is wrong");
        body.words().err().map(|problem| problem.error().to_owned())
    }

    #[test]
    fn a_reason_is_one_of_the_words_and_a_note_is_short() {
        for fine in [
            json!({}),
            json!({"reason": null, "note": null}),
            json!({"REASON": "fraud", "note": "₹".repeat(500)}),
        ] {
            assert_eq!(error(&fine), None, "{fine}");
        }
        let rule = "reason must be one of customer, declined, fraud, inventory, staff, other";
        for bad in [json!("Customer"), json!(""), json!(7)] {
            assert_eq!(error(&json!({"reason": bad})).as_deref(), Some(rule));
        }
        let long = "note must not be longer than 500 characters";
        assert_eq!(error(&json!({"note": "₹".repeat(501)})).as_deref(), Some(long));
        assert_eq!(error(&json!({"note": 7})).as_deref(), Some("note must be text"));
    }
}

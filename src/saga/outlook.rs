//! What a saga does next and when, and why it goes back, in sentences.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::cause::Cause;
use super::instance::Instance;
use super::intervention::then;
use super::policy::Policy;

/// What a saga does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// In a sentence.
    pub what: String,
    /// When; `None` while a call is under way, or where only a person can move it.
    pub at: Option<DateTime<Utc>>,
}

impl Instance {
    /// What it does next; `None` at rest.
    pub fn outlook(&self, policy: &Policy, now: DateTime<Utc>) -> Option<Outlook> {
        if self.progress.is_rest() {
            return None;
        }
        let at = self.next_attempt_at.filter(|_| self.owner.is_none() && self.held.is_none());
        // What it would do if it were due.
        let mut due = self.clone();
        due.next_attempt_at = None;
        let does = then(&due, policy, now).replace(" now", "");
        let under_way = self.under_way();
        let what = if self.owner.is_some() && !under_way.is_empty() {
            format!("is being driven: waits for the answer to {}", under_way.join(", "))
        } else if self.owner.is_some() {
            format!("is being driven: {does}")
        } else if at.is_none() && self.held.is_none() && !does.starts_with("waits") {
            format!("waits for a person, and then {does}")
        } else {
            does
        };
        Some(Outlook { what, at })
    }

    /// The effects whose calls were begun, by the log, and have not ended.
    fn under_way(&self) -> Vec<String> {
        let actions = self.position.actions.iter();
        let effects = actions.flat_map(|action| action.effects().chain(action.undos()));
        let under_way =
            effects.filter(|(_, track)| track.open_since.is_some() && !track.standing.is_settled());
        under_way.map(|(effect, _)| effect.to_string()).collect()
    }
}

/// Why a saga goes, or went, back, in a sentence.
pub fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Refused { step, line, status, body } => {
            let line = line.map_or_else(String::new, |line| format!(" for line {line}"));
            let status = status.map_or_else(String::new, |status| format!(" with {status}"));
            let body = body.as_ref().map_or_else(String::new, |body| format!(": {}", text(body)));
            format!("{step} was refused{line}{status}{body}")
        }
        Cause::Fault { step, detail } => format!("{step} could not be used: {detail}"),
        Cause::Deadline { step, detail: Some(detail) } => {
            format!("the deadline passed at {step}: {detail}")
        }
        Cause::Deadline { step, detail: None } => format!("the deadline passed at {step}"),
        Cause::Operator { operator, reason } => format!("{operator} stopped it: {reason}"),
        Cause::Cancelled { who: Some(who), reason } => format!("{who} cancelled it: {reason}"),
        Cause::Cancelled { who: None, reason } => format!("it was cancelled: {reason}"),
        Cause::Own(own) => of_its_kind(own),
    }
}

/// What a neighbour said, without the form in which it said so.
fn text(body: &Value) -> String {
    let said = ["error", "message", "detail", "title"].iter().find_map(|name| body.get(name));
    match said.unwrap_or(body) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `{"cause": "priceChanged", "actual": 7}` is `price changed, actual: 7`.
fn of_its_kind(own: &Value) -> String {
    let Some(members) = own.as_object() else { return text(own) };
    let word = members.get("cause").and_then(Value::as_str).unwrap_or("a reason of its kind");
    let mut said = String::new();
    for letter in word.chars() {
        if letter.is_uppercase() {
            said.push(' ');
        }
        said.extend(letter.to_lowercase());
    }
    let others = members.iter().filter(|(name, _)| *name != "cause");
    let others = others.map(|(name, value)| format!(", {name}: {}", text(value)));
    said + &others.collect::<String>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cause_is_a_sentence() {
        let refused = |body| Cause::Refused {
            step: "charge_payment".into(),
            line: None,
            status: Some(400),
            body,
        };
        let broke = Some(json!({"error": "Insufficient balance"}));
        for (why, said) in [
            (refused(broke), "charge_payment was refused with 400: Insufficient balance"),
            (refused(None), "charge_payment was refused with 400"),
            (
                Cause::Deadline { step: "price".into(), detail: None },
                "the deadline passed at price",
            ),
            (
                Cause::Cancelled { who: None, reason: "customer".to_owned() },
                "it was cancelled: customer",
            ),
            (Cause::Own(json!({"cause": "priceChanged", "actual": 7})), "price changed, actual: 7"),
        ] {
            assert_eq!(cause(&why), said);
        }
    }
}

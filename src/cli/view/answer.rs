//! The parts of the operators' API's answers that are shown.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// One page of sagas.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Page {
    /// The sagas, in the server's order.
    pub items: Vec<Saga>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// A saga in a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Saga {
    pub id: String,
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub version: i64,
    pub state: String,
    pub stuck: Option<Stuck>,
    pub held: Option<HeldBy>,
    pub user_id: Option<String>,
    /// The total in paise; `None` before the cart is priced.
    pub total_amount: Option<i64>,
    #[serde(default)]
    pub attempts: i64,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub last_error: Option<Value>,
    pub owner: Option<Value>,
    pub created_at: DateTime<Utc>,
    #[serde(default)]
    pub age_seconds: f64,
    pub at_risk: Option<AtRisk>,
    /// Why it goes back.
    pub cause: Option<String>,
    pub next: Option<Next>,
}

/// The most that may be out.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct AtRisk {
    #[serde(default)]
    pub money: i64,
    /// Whether it may be less.
    #[serde(default)]
    pub unknown: bool,
    #[serde(default)]
    pub stock: Vec<HeldStock>,
}

/// Pieces that may be out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct HeldStock {
    pub product_id: String,
    pub quantity: i64,
    #[serde(default)]
    pub unknown: bool,
}

/// What a saga does next.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Next {
    pub what: String,
    pub at: Option<DateTime<Utc>>,
}

/// What somebody was told.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct ToldTo {
    pub at: DateTime<Utc>,
    pub via: String,
    pub what: String,
    pub status: Option<u16>,
    pub to: Option<String>,
}

/// What an operator wrote down.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Note {
    pub at: DateTime<Utc>,
    pub who: String,
    pub text: String,
}

impl Saga {
    /// The server's time when it answered. Ages are computed from it, because a laptop's clock may be wrong.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let milliseconds = chrono::Duration::try_milliseconds(self.age_milliseconds());
        milliseconds
            .and_then(|age| self.created_at.checked_add_signed(age))
            .unwrap_or(self.created_at)
    }

    /// Whole seconds since the saga was accepted.
    pub(super) fn age(&self) -> i64 {
        self.age_milliseconds() / 1000
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from float saturates, and ages fit"
    )]
    fn age_milliseconds(&self) -> i64 {
        (self.age_seconds * 1000.0) as i64
    }
}

/// Why a saga needs a person.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Stuck {
    pub kind: String,
    pub since: Option<DateTime<Utc>>,
    pub step: Option<String>,
    pub detail: Option<String>,
}

/// Who holds a saga, and why.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct HeldBy {
    pub since: DateTime<Utc>,
    pub who: String,
    pub reason: String,
}

/// A saga with all that is known about it.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Detail {
    #[serde(flatten)]
    pub saga: Saga,
    pub effects: Option<Effects>,
    #[serde(default)]
    pub steps: Vec<Step>,
    #[serde(default)]
    pub actions: Vec<String>,
    #[serde(default)]
    pub previews: Vec<Preview>,
    #[serde(default)]
    pub told: Option<Vec<ToldTo>>,
    #[serde(default)]
    pub notes: Vec<Note>,
    pub group: Option<SameTrouble>,
}

/// The sagas in the same trouble, this one among them.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct SameTrouble {
    pub id: String,
    pub count: u64,
}

/// What an action will do.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Preview {
    pub action: String,
    pub step: Option<String>,
    pub line: Option<u16>,
    pub happened: Option<bool>,
    pub will: String,
}

/// What became of the money and the stock.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Effects {
    pub charged: Happened,
    pub refunded: Happened,
    #[serde(default)]
    pub lines: Vec<Line>,
}

/// What is known about whether an effect happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(in crate::cli) enum Happened {
    Yes,
    No,
    Unknown,
}

/// One line of the cart.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Line {
    pub product_id: String,
    pub quantity: i64,
    pub reserved: Happened,
    pub released: Happened,
}

/// One entry of the step log.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Step {
    pub seq: i64,
    #[serde(rename = "step")]
    pub name: String,
    pub phase: Option<String>,
    pub outcome: Option<String>,
    pub attempt: Option<i64>,
    pub idempotency_key: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub duration_ms: Option<f64>,
    pub error: Option<Value>,
    /// What was sent; an operator's reason.
    pub request: Option<Value>,
    /// The executor, or the operator.
    pub executor: Option<String>,
    /// The operator, why, and what was done: of an entry of phase `operator`, if the service is new enough.
    pub who: Option<String>,
    pub reason: Option<String>,
    pub did: Option<String>,
}

/// The answer to an action.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct ActionDone {
    /// What was done, in words.
    pub did: String,
}

/// A value on one line: text as it is, null as nothing, and anything else as JSON.
pub(super) fn words(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

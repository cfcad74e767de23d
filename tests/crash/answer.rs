//! Answers that clients get, the parts of them that must never change, and counts of them.

use std::collections::BTreeMap;
use std::fmt;

use order_service::store::Found;
use serde_json::Value;
use uuid::Uuid;

/// An answer: its status, and the parts of its body that must never change.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub status: u16,
    pub id: Option<Uuid>,
    error: Option<String>,
    total: Option<i64>,
    /// For a refusal: whether everything is undone. It may change from false to true only.
    undone: Option<bool>,
}

impl Told {
    /// A complete answer of a form that the API documents; `None` if it was cut off.
    pub async fn of(response: reqwest::Response) -> Option<Self> {
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").cloned();
        let body: Value = response.json().await.ok()?;
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let id = text("id").map(|id| id.parse().expect("a UUID"));
        let (error, total) = (text("error"), body["totalAmount"].as_i64());
        let told = Self { status, id, error, total, undone: body["undone"].as_bool() };
        match status {
            201 => assert!(told.id.is_some() && told.total.is_some(), "{body}"),
            202 => assert!(told.id.is_some() && retry_after.is_some(), "{body}"),
            // Not our fault: a neighbour failed for longer than the deadline.
            409 | 502 => {
                assert!(told.id.is_some() && told.error.is_some(), "{body}");
                assert!(told.undone.is_some(), "{body}");
            }
            429 => assert!(told.id.is_none() && retry_after.is_some(), "{body}"),
            503 => assert!(told.error.is_some() && retry_after.is_some(), "{body}"),
            other => panic!("nobody is to be told {other}: {body}"),
        }
        Some(told)
    }

    /// The checkout was not accepted, or that is not certain.
    pub fn is_shed(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    /// Whether it is still true, given a later answer for the same key.
    pub fn agrees_with(&self, last: &Self, key: &str) {
        // A 503 with an id means that it is not known whether that checkout was accepted.
        if !self.is_shed() {
            assert_eq!(self.id, last.id, "{key}: {self:?}, then {last:?}: another saga");
            let same = self.undone != Some(false) || last.undone.is_some();
            let this = Self { undone: last.undone, ..self.clone() };
            assert!(self.status == 202 || same && this == *last, "{key}: {self:?}, then {last:?}");
        }
    }

    /// Whether the books say the same.
    pub fn is_true_of(&self, saga: &Found) {
        let true_of = match self.status {
            201 => saga.state == "Completed" && saga.amount.map(|total| total.0) == self.total,
            // It may have been decided since, as a payment in doubt is looked up.
            202 => true,
            _refused if self.undone == Some(false) => {
                matches!(saga.state.as_str(), "Compensating" | "Rejected" | "Compensated")
            }
            _refused => matches!(saga.state.as_str(), "Rejected" | "Compensated"),
        };
        assert!(true_of, "{self:?} of {saga:?}");
    }
}

/// The number of answers by status.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    by_status: BTreeMap<u16, usize>,
    unanswered: usize,
}

impl Tally {
    pub fn count(&mut self, told: Option<&Told>) {
        match told {
            Some(told) => *self.by_status.entry(told.status).or_default() += 1,
            None => self.unanswered += 1,
        }
    }

    pub fn answers(&self) -> usize {
        self.by_status.values().sum()
    }

    pub fn of(&self, status: u16) -> usize {
        self.by_status.get(&status).copied().unwrap_or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (status, count) in &self.by_status {
            write!(f, "{status} x{count}, ")?;
        }
        write!(f, "none x{}", self.unanswered)
    }
}

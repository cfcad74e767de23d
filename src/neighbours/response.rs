//! A neighbour's response, and what it says whatever was asked.

use serde_json::Value;

use super::fields::Fields;
use crate::json;

/// The longest body that is kept in a saga's log, in bytes.
const MAX_KEPT: usize = 4 * 1024;

/// A complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body as received, byte for byte.
    pub body: Vec<u8>,
    /// How long the neighbour asks to be left alone (`Retry-After`), in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Response {
    /// Whether this is a refusal with one of these statuses. A refusal has a JSON body or an empty
    /// one; any other body is a gateway's error page and doesn't say what the neighbour did.
    pub fn is_refusal(&self, statuses: &[u16]) -> bool {
        statuses.contains(&self.status) && (self.is_empty() || self.json().is_some())
    }

    /// Whether the neighbour is up and not overloaded, whatever else it says.
    pub(super) fn is_healthy(&self) -> bool {
        self.status < 500 && !matches!(self.status, 408 | 425 | 429)
    }

    /// The fields of the JSON object in the body.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn fields(&self) -> Result<Fields, String> {
        Fields::parse(json::without_mark(&self.body))
    }

    /// What the neighbour says is wrong: the `error` field, cut to 200 visible characters.
    pub(super) fn error(&self) -> Option<String> {
        let body = self.json()?;
        let said = json::text(&body, "error")?;
        Some(said.chars().filter(|letter| !letter.is_control()).take(200).collect())
    }

    /// The JSON body, if the saga's log can keep it: it must be short enough and free of NUL, which
    /// PostgreSQL refuses.
    pub(super) fn kept_body(&self) -> Option<Value> {
        let nul = b"\\u0000";
        let has_nul = self.body.windows(nul.len()).any(|letters| letters == nul);
        if self.body.len() > MAX_KEPT || has_nul { None } else { self.json() }
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_slice(json::without_mark(&self.body)).ok()
    }

    fn is_empty(&self) -> bool {
        json::without_mark(&self.body).trim_ascii().is_empty()
    }
}

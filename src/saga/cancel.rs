//! A client's wish that nothing comes of a saga that is in flight.
//!
//! It is a word to the machine, as an operator's `compensate` is, with a cause of its own: a saga that can
//! still go back does so. One that has only its books left to write goes on to its goal, and its kind
//! begins what undoes it in the transaction that writes them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cause::Cause;

/// Since when, by whom and why. A stored format: what is added has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelRequest {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The operator who asked for it; `None` for the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// One of the words for why.
    pub reason: String,
    /// More, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The event that tells of it is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_told: bool,
}

impl CancelRequest {
    /// As the cause of going back.
    pub fn cause(&self) -> Cause {
        Cause::Cancelled { who: self.who.clone(), reason: self.reason.clone() }
    }
}

//! Why a saga did not reach its goal. A stored format: variants are added and never renamed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a saga did not reach its goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Cause {
    /// A neighbour definitely refused.
    Refused {
        /// Which step.
        step: Cow<'static, str>,
        /// Which line, where the step has lines.
        line: Option<u16>,
        /// The HTTP status; `None` when a person said so.
        status: Option<u16>,
        /// The neighbour's answer.
        body: Option<Value>,
    },
    /// A neighbour's answers could not be used.
    Fault {
        /// Which step.
        step: Cow<'static, str>,
        /// What was wrong.
        detail: String,
    },
    /// The deadline passed.
    Deadline {
        /// The step that was being tried.
        step: Cow<'static, str>,
        /// The last failure.
        detail: Option<String>,
    },
    /// An operator's `compensate`.
    Operator {
        /// The operator's name.
        operator: String,
        /// The operator's reason.
        reason: String,
    },
    /// The client, or an operator for them, cancelled it while it was in flight.
    Cancelled {
        /// The operator's name; `None` for the client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<String>,
        /// One of the words for why.
        reason: String,
    },
    /// A reason of the kind's own: an object with a `cause` that none of the above has. The kind
    /// reads it.
    #[serde(untagged)]
    Own(Value),
}

impl Cause {
    /// A reason of the kind's own.
    pub fn own(reason: &impl Serialize) -> Self {
        // A reason is plain data with string keys: it always is JSON.
        Self::Own(serde_json::to_value(reason).unwrap_or_default())
    }
}

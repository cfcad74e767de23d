//! Faults: how a neighbour can be made to misbehave, one call at a time.

use std::time::Duration;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IntoDeserializer},
};
use uuid::Uuid;

use super::{
    config::Error,
    service::{Call, Service},
};

/// How a call goes wrong. "Acts" for a read means nothing: both forms are the same there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The service says no, and means it: `status`, else 409 for `reserve`, `release` and
    /// `process`, else 404. A repeated key that has its answer still gets that.
    Refuse,
    /// Doesn't act, answers 5xx: `status`, else 503 with a `retryAfter`, else 500.
    ErrorBefore,
    /// Acts, then answers 5xx.
    ErrorAfter,
    /// Doesn't act, closes the connection without a byte of answer.
    DropBefore,
    /// Acts, then closes the connection without a byte of answer.
    DropAfter,
    /// Doesn't act and doesn't answer for `millis` (default: an hour), then drops. Until then, or
    /// until the caller hangs up, a repeat of the key waits.
    HangBefore,
    /// Acts, doesn't answer for `millis` (default: an hour), then drops. A repeat of the key gets
    /// the first answer at once.
    HangAfter,
    /// Waits for `millis` (default: one second), then acts and answers, also when the caller has
    /// hung up. A repeat of the key waits.
    Slow,
    /// Acts, answers 200 with a body that isn't JSON.
    Garbage,
    /// Doesn't act, answers 200 with a body that isn't JSON.
    GarbageBefore,
    /// `get_product` only: a price below zero.
    NegativePrice,
    /// Acts, then closes the connection in the middle of the body.
    Truncated,
    /// Acts, answers 200 about something else: an amount of 1.00, or another user or product, or for
    /// a status another order.
    Elsewhere,
    /// No fault, for a reader that knows it: acts, answers behind a UTF-8 byte order mark.
    Marked,
}

/// A fault to inject. In JSON, `service` and `call` may be absent or `"*"` for any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The service it is for; none: any.
    #[serde(default, deserialize_with = "star", skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The call it is for; none: any.
    #[serde(default, deserialize_with = "star", skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub kind: FaultKind,
    /// How often it strikes; none: for ever. In a list of faults: how often it still will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How likely it strikes a call that matches, 0 to 1; none: surely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// The product it is for; none: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Uuid>,
    /// How long a hang or a slow call takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    /// The status of a refusal (4xx) or an error (5xx).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Seconds, as `Retry-After` of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Fault {
    /// A fault of every call, for ever; change its members for less than that.
    #[must_use]
    pub fn anywhere(kind: FaultKind) -> Self {
        Self {
            service: None,
            call: None,
            kind,
            times: None,
            chance: None,
            product_id: None,
            millis: None,
            status: None,
            retry_after: None,
        }
    }

    /// A fault of one call, for ever.
    #[must_use]
    pub fn on(call: Call, kind: FaultKind) -> Self {
        Self { call: Some(call), ..Self::anywhere(kind) }
    }

    /// A fault of one call that strikes once.
    #[must_use]
    pub fn once(call: Call, kind: FaultKind) -> Self {
        Self { times: Some(1), ..Self::on(call, kind) }
    }

    /// How long the call is held.
    pub(super) fn pause(&self) -> Duration {
        let default = if self.kind == FaultKind::Slow { 1_000 } else { 3_600_000 };
        Duration::from_millis(self.millis.unwrap_or(default))
    }

    /// The status of the refusal that this fault makes of a call.
    pub(super) fn refusal(&self, call: Call) -> u16 {
        self.status.unwrap_or(match call {
            Call::Reserve | Call::Release | Call::Process => 409,
            Call::GetUser | Call::GetProduct | Call::Refund | Call::PaymentStatus => 404,
        })
    }

    /// The status of the error that this fault makes of a call.
    pub(super) fn error(&self) -> u16 {
        self.status.unwrap_or(if self.retry_after.is_some() { 503 } else { 500 })
    }

    pub(super) fn matches(&self, call: Call, product_id: Option<Uuid>) -> bool {
        self.service.is_none_or(|service| service == call.service())
            && self.call.is_none_or(|own| own == call)
            && (self.product_id.is_none() || self.product_id == product_id)
            && (self.kind != FaultKind::NegativePrice || call == Call::GetProduct)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = if self.times == Some(0) {
            "times is at least 1"
        } else if self.chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            "chance is from 0 to 1"
        } else if self.call.zip(self.service).is_some_and(|(call, own)| call.service() != own) {
            "the service doesn't take that call"
        } else if self.kind == FaultKind::NegativePrice
            && self.call.is_some_and(|call| call != Call::GetProduct)
        {
            "negative_price is for get_product"
        } else if self.status.is_some_and(|status| !self.status_fits(status)) {
            "status is 4xx for refuse, 5xx for an error, absent otherwise"
        } else {
            return Ok(());
        };
        Err(Error::Fault(wrong))
    }

    fn status_fits(&self, status: u16) -> bool {
        match self.kind {
            FaultKind::Refuse => (400..500).contains(&status),
            FaultKind::ErrorBefore | FaultKind::ErrorAfter => (500..600).contains(&status),
            FaultKind::DropBefore
            | FaultKind::DropAfter
            | FaultKind::HangBefore
            | FaultKind::HangAfter
            | FaultKind::Slow
            | FaultKind::Garbage
            | FaultKind::GarbageBefore
            | FaultKind::NegativePrice
            | FaultKind::Truncated
            | FaultKind::Elsewhere
            | FaultKind::Marked => false,
        }
    }
}

/// Reads `"*"` as none.
fn star<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    match Option::<String>::deserialize(from)?.as_deref() {
        None | Some("*") => Ok(None),
        Some(name) => {
            T::deserialize(IntoDeserializer::<D::Error>::into_deserializer(name)).map(Some)
        }
    }
}

//! Faults: how tests make a neighbour misbehave, one call at a time.

use std::time::Duration;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IntoDeserializer},
};
use uuid::Uuid;

use super::{
    config::Error,
    effect::Subject,
    service::{Call, Service},
};

/// How a call goes wrong. A read never acts, so for reads the forms before and after the act are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The service refuses, and doesn't act: with `status`, or 409 for `reserve`, `release` and `process`,
    /// or 404. A repeated key that was answered before still gets that answer.
    Refuse,
    /// Doesn't act, and answers 5xx: `status`, or 503 if there is a `retryAfter`, or 500.
    ErrorBefore,
    /// Acts, then answers 5xx.
    ErrorAfter,
    /// Doesn't act, and closes the connection without sending a byte.
    DropBefore,
    /// Acts, then closes the connection without sending a byte.
    DropAfter,
    /// Doesn't act, keeps silent for `millis` (default: an hour), then closes the connection. Until then,
    /// or until the caller hangs up, a repeat of the key waits.
    HangBefore,
    /// Acts, keeps silent for `millis` (default: an hour), then closes the connection. A repeat of the key
    /// is answered at once.
    HangAfter,
    /// Waits for `millis` (default: one second), then acts and answers, even if the caller has hung up. A
    /// repeat of the key waits.
    Slow,
    /// Acts, and answers 200 with a body that isn't JSON.
    Garbage,
    /// Doesn't act, and answers 200 with a body that isn't JSON.
    GarbageBefore,
    /// Only for `get_product`: answers with a price below zero.
    NegativePrice,
    /// Acts, and closes the connection in the middle of the answer's body.
    Truncated,
    /// Acts, and answers 200 about something else: with an amount of 1.00, or another user, product or
    /// order.
    Elsewhere,
    /// Acts, and answers with a UTF-8 byte order mark before the body, which a reader should accept.
    Marked,
}

/// A fault to inject. In JSON, `service` and `call` may be absent or `"*"` for any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The service it is for; `None`: any.
    #[serde(default, deserialize_with = "star", skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The call it is for; `None`: any.
    #[serde(default, deserialize_with = "star", skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub kind: FaultKind,
    /// How often it strikes; `None`: for ever. In a list of faults: how often it still will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The probability that it strikes a matching call, 0 to 1; `None`: always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// The product it is for; `None`: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Uuid>,
    /// The user whose payments and refunds it is for; `None`: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
    /// How long a hang or a slow call lasts.
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
    /// A fault of every call, for ever. Set its members to limit it.
    #[must_use]
    pub fn anywhere(kind: FaultKind) -> Self {
        Self {
            service: None,
            call: None,
            kind,
            times: None,
            chance: None,
            product_id: None,
            user_id: None,
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

    /// How long the call is delayed.
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

    pub(super) fn matches(&self, call: Call, about: Subject) -> bool {
        self.service.is_none_or(|service| service == call.service())
            && self.call.is_none_or(|own| own == call)
            && (self.product_id.is_none() || self.product_id == about.product_id)
            && (self.user_id.is_none() || self.user_id == about.user_id)
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

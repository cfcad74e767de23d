//! Reads bodies as a .NET service does: the case of property names doesn't matter, and unknown properties
//! are ignored. Unlike in .NET, a missing or mistyped property is an error and not zero, so that a caller's
//! mistake is noticed.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::sandbox::money::Money;

/// The properties of a body.
pub(super) struct Properties(Map<String, Value>);

/// What is wrong with a body, for the `error` of the answer.
pub(super) type Unreadable = String;

impl Properties {
    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(body).map(Self).map_err(|error| format!("Invalid body: {error}"))
    }

    pub(super) fn id(&self, name: &str) -> Result<Uuid, Unreadable> {
        self.value(name)
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| format!("{name} must be a UUID"))
    }

    pub(super) fn integer(&self, name: &str) -> Result<i64, Unreadable> {
        self.value(name)
            .and_then(Value::as_i64)
            .ok_or_else(|| format!("{name} must be an integer of 64 bits"))
    }

    /// An amount with hundredths.
    pub(super) fn money(&self, name: &str) -> Result<Money, Unreadable> {
        let number = self.value(name).and_then(Value::as_number);
        number.and_then(Money::read).ok_or_else(|| format!("{name} must be a number"))
    }

    /// Text; `None` if it is missing, null or blank.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = self.value(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let named = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case(name);
        self.0.iter().find(named).map(|(_, value)| value)
    }
}

//! The header `Prefer` (RFC 7240): how long a client wants to wait. Preferences that are unknown or
//! malformed are ignored, as the standard says.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode};

use crate::engine::Wait;

/// The longest wait that a client can ask for, in seconds.
const MAX_WAIT_SECS: u64 = 60;

/// A client's preferences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preference {
    wait_secs: Option<u64>,
    respond_async: bool,
    is_given: bool,
}

impl Preference {
    /// Reads all `Prefer` headers together; the first preference of a name counts.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let is_given = headers.contains_key("prefer");
        let mut preference = Self { is_given, ..Self::default() };
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preferred in values.flat_map(|value| value.split(',')) {
            let preferred = preferred.split(';').next().unwrap_or_default();
            let (name, value) = preferred.split_once('=').unwrap_or((preferred, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("respond-async") {
                preference.respond_async = true;
            } else if name.eq_ignore_ascii_case("wait") && preference.wait_secs.is_none() {
                preference.wait_secs = seconds(value);
            }
        }
        preference
    }

    /// How long the client waits. `wait` and `respond-async` together mean: answer 202 after that time.
    pub(crate) fn wait(self, default: Duration) -> Wait {
        match (self.wait_secs, self.respond_async) {
            (Some(seconds), _) => Wait::Decided(Duration::from_secs(seconds)),
            (None, true) => Wait::Accepted,
            (None, false) => Wait::Decided(default),
        }
    }

    /// Whether the client sends the header, and so knows what a 202 means.
    pub(crate) fn is_given(self) -> bool {
        self.is_given
    }

    /// Whether the client waits for the decision, so that its checkout gets the shorter deadline.
    pub(crate) fn is_attended(self, default: Duration) -> bool {
        !self.respond_async
            && !matches!(self.wait(default), Wait::Accepted | Wait::Decided(Duration::ZERO))
    }

    /// `Preference-Applied`: which preferences affected an answer with this status.
    pub(crate) fn applied(self, answered: StatusCode) -> Option<HeaderValue> {
        let wait = self.wait_secs.map(|seconds| format!("wait={seconds}"));
        let asynchronous = (self.respond_async && answered == StatusCode::ACCEPTED)
            .then(|| "respond-async".to_owned());
        let applied: Vec<String> = asynchronous.into_iter().chain(wait).collect();
        let header = HeaderValue::try_from(applied.join(", ")).ok();
        header.filter(|header| !header.is_empty())
    }
}

/// Whole seconds, cut to [`MAX_WAIT_SECS`], even if the number does not fit 64 bits.
fn seconds(value: &str) -> Option<u64> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| value.parse().unwrap_or(u64::MAX).min(MAX_WAIT_SECS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Duration = Duration::from_secs(10);

    fn preference(values: &[&'static str]) -> Preference {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_static(value));
        }
        Preference::of(&headers)
    }

    fn wait(values: &[&'static str]) -> Wait {
        preference(values).wait(DEFAULT)
    }

    #[test]
    fn a_client_says_how_long_it_waits() {
        let seconds = |seconds| Wait::Decided(Duration::from_secs(seconds));
        assert_eq!(wait(&[]), Wait::Decided(DEFAULT));
        assert_eq!(wait(&["respond-async"]), Wait::Accepted);
        assert_eq!(wait(&["wait=0"]), seconds(0));
        assert_eq!(wait(&["Wait=\"7\""]), seconds(7));
        assert_eq!(wait(&["wait=99999999999999999999999"]), seconds(60));
        assert_eq!(wait(&["respond-async, wait=5"]), seconds(5));
        assert_eq!(wait(&["respond-async;x=1", "return=minimal, wait=5, wait=6"]), seconds(5));
    }

    #[test]
    fn who_waits_for_nothing_or_says_that_it_need_not_is_not_attended() {
        let attended = |value| preference(&[value]).is_attended(DEFAULT);
        assert!(preference(&[]).is_attended(DEFAULT));
        assert!(attended("wait=1") && attended("handling=lenient"));
        for wish in ["respond-async", "wait=0", "respond-async, wait=5"] {
            assert!(!attended(wish), "{wish}");
        }
        assert!(!preference(&[]).is_attended(Duration::ZERO));
        assert!(preference(&["wait=1"]).is_attended(Duration::ZERO));
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        for value in ["wait", "wait=", "wait=-1", "wait=1.5", "wait=x", "=5", ",,;", "async"] {
            assert_eq!(wait(&[value]), Wait::Decided(DEFAULT), "{value}");
        }
    }

    #[test]
    fn only_what_was_applied_is_said_to_be() {
        let applied = |values, answered| preference(values).applied(answered);
        assert_eq!(applied(&[], StatusCode::ACCEPTED), None);
        assert_eq!(applied(&["respond-async"], StatusCode::CREATED), None);
        let sixty = HeaderValue::from_static("wait=60");
        assert_eq!(applied(&["wait=90"], StatusCode::CREATED), Some(sixty));
        let both = HeaderValue::from_static("respond-async, wait=5");
        assert_eq!(applied(&["wait=5, respond-async"], StatusCode::ACCEPTED), Some(both));
    }
}

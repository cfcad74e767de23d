//! The holder of an operator's token.

use axum::http::{HeaderMap, HeaderValue, StatusCode};

use super::Right;
use super::known::Known;
use crate::config::Role;
use crate::web::Problem;

/// The longest name in `X-Operator`, in characters.
const MAX_NAME: usize = 100;
/// The name of an operator who uses the shared token without `X-Operator`.
const UNNAMED: &str = "operator";

/// The holder of an operator's token. As an extractor it rejects every other request.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    who: Who,
    role: Role,
}

#[derive(Clone, Debug)]
enum Who {
    /// Somebody with a token of their own.
    Named(String),
    /// One of those who share a token; `X-Operator` says who.
    Sharing(Option<HeaderValue>),
}

impl Person {
    /// The holder of this token, who sent a request with these headers.
    pub(super) fn of(known: &Known, headers: &HeaderMap) -> Self {
        let who = match &known.name {
            Some(name) => Who::Named(name.clone()),
            None => Who::Sharing(headers.get("x-operator").cloned()),
        };
        Self { who, role: known.role }
    }

    /// 403 unless the role has this right.
    pub(crate) fn require(&self, right: Right) -> Result<(), Problem> {
        if self.has(right) { Ok(()) } else { Err(self.not_allowed()) }
    }

    /// The name that is recorded. 400 if the holder of a shared token sends a malformed one.
    pub(crate) fn name(&self) -> Result<String, Problem> {
        match &self.who {
            Who::Named(name) => Ok(name.clone()),
            Who::Sharing(said) => said.as_ref().map_or(Ok(UNNAMED.to_owned()), name),
        }
    }

    /// Whether the role has this right.
    pub(super) fn has(&self, right: Right) -> bool {
        right.is_of(self.role)
    }

    /// 403.
    pub(super) fn not_allowed(&self) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, format!("Not allowed for role {}", self.role))
    }
}

/// The name in `X-Operator`.
fn name(said: &HeaderValue) -> Result<String, Problem> {
    if said.is_empty() {
        return Ok(UNNAMED.to_owned());
    }
    let name = std::str::from_utf8(said.as_bytes()).map(str::trim).unwrap_or_default();
    let is_short = name.chars().count() <= MAX_NAME;
    if name.is_empty() || !is_short || name.chars().any(char::is_control) {
        let error = format!("X-Operator must be a name of at most {MAX_NAME} characters");
        return Err(Problem::bad_request(error));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sharing(said: Option<&'static str>) -> Person {
        let who = Who::Sharing(said.map(HeaderValue::from_static));
        Person { who, role: Role::Admin }
    }

    #[test]
    fn who_shares_a_token_says_who_it_is() {
        assert_eq!(sharing(None).name().ok().as_deref(), Some("operator"));
        for (said, name) in [("", "operator"), ("asha", "asha"), (" asha\t", "asha")] {
            assert_eq!(sharing(Some(said)).name().ok().as_deref(), Some(name));
        }
        for bad in [" ", "a\tb"] {
            assert!(sharing(Some(bad)).name().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_role_without_the_right_is_named() {
        let person = Person { who: Who::Named("asha".to_owned()), role: Role::Fulfilment };
        let refused = person.require(Right::Act).expect_err("not its right");
        assert_eq!(refused.error(), "Not allowed for role fulfilment");
        assert!(person.require(Right::Fulfil).is_ok());
        assert_eq!(person.name().ok().as_deref(), Some("asha"));
    }
}

//! The holder of an operator's token.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Right;
use super::known::Known;
use crate::config::Role;
use crate::store::Via;
use crate::web::Problem;

/// What the `User-Agent` of the shell begins with.
pub(crate) const SHELL: &str = "order-service-shell/";
/// The longest name in `X-Operator`, in characters.
const MAX_NAME: usize = 100;
/// The name of an operator who uses the shared token without `X-Operator`.
const UNNAMED: &str = "operator";

/// The holder of an operator's token. As an extractor it rejects every other request.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    who: Who,
    pub(super) role: Role,
    pub(super) via: Via,
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
        Self { who, role: known.role, via: via(headers) }
    }

    /// The holder of this token, who signed in under this name; the name of a token of their own counts more.
    pub(super) fn signed_in(known: &Known, who: &str) -> Self {
        let who = match &known.name {
            Some(name) => Who::Named(name.clone()),
            None => Who::Sharing(HeaderValue::from_bytes(who.as_bytes()).ok()),
        };
        Self { who, role: known.role, via: Via::Console }
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

    /// The name as the audit trail has it. It says whether nobody but the holder of the shared token
    /// vouches for it. Without a well-formed name it is that of whoever gives none.
    pub(super) fn audited_name(&self) -> String {
        match &self.who {
            Who::Named(name) => name.clone(),
            Who::Sharing(_) => {
                let name = self.name().unwrap_or_else(|_malformed| UNNAMED.to_owned());
                format!("{name} (shared token)")
            }
        }
    }

    /// What they may do.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// Whether the role has this right.
    pub(crate) fn has(&self, right: Right) -> bool {
        right.is_of(self.role)
    }

    /// 403.
    pub(super) fn not_allowed(&self) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, format!("Not allowed for role {}", self.role))
    }
}

/// Where requests with these headers come from. The shell names itself as every client does.
fn via(headers: &HeaderMap) -> Via {
    let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    if agent.starts_with(SHELL.as_bytes()) { Via::Shell } else { Via::Api }
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
        Person { who, role: Role::Admin, via: Via::Api }
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
    fn the_trail_says_whose_name_nobody_vouches_for() {
        assert_eq!(sharing(Some("asha")).audited_name(), "asha (shared token)");
        assert_eq!(sharing(None).audited_name(), "operator (shared token)");
        let who = Who::Named("asha".to_owned());
        let named = Person { who, role: Role::Viewer, via: Via::Api };
        assert_eq!(named.audited_name(), "asha");
    }

    #[test]
    fn a_role_without_the_right_is_named() {
        let who = Who::Named("asha".to_owned());
        let person = Person { who, role: Role::Fulfilment, via: Via::Api };
        let refused = person.require(Right::Act).expect_err("not its right");
        assert_eq!(refused.error(), "Not allowed for role fulfilment");
        assert!(person.require(Right::Fulfil).is_ok());
        assert_eq!(person.name().ok().as_deref(), Some("asha"));
    }
}

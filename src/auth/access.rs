//! Finds out who asks.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};

use super::bearer::{Bearer, token_needed, token_wrong};
use super::known::KnownTokens;
use super::{Caller, Person};
use crate::config::OperatorConfig;
use crate::web::Problem;

/// Knows every token that opens something. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    known: Arc<KnownTokens>,
}

impl Access {
    /// Lets in whom the configuration lets in.
    #[must_use]
    pub fn new(operators: &OperatorConfig) -> Self {
        Self { known: Arc::new(KnownTokens::new(operators)) }
    }

    /// Whoever sent these headers, on a route that needs a role: 403 where no operator's token is
    /// configured, else 401 without such a token.
    pub(super) fn person(&self, headers: &HeaderMap) -> Result<Person, Problem> {
        if self.known.is_empty() {
            return Err(Problem::new(StatusCode::FORBIDDEN, "No operator token is configured")
                .detail("the operators' API is closed until operator.token is configured"));
        }
        let known = match Bearer::of(headers) {
            Bearer::Absent => return Err(token_needed("An operator token is needed")),
            Bearer::Token(token) => self.known.find(token),
            Bearer::Several => None,
        };
        let known = known.ok_or_else(|| token_wrong("The operator token is wrong"))?;
        Ok(Person::of(known, headers))
    }

    /// Whoever sent these headers, on a route of the clients' API.
    #[expect(clippy::unused_async, reason = "users' keys may have to be fetched")]
    pub(super) async fn caller(&self, _headers: &HeaderMap) -> Result<Caller, Problem> {
        Ok(Caller::Anyone)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(***)")
    }
}

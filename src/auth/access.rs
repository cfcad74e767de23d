//! Authenticates callers.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use tracing::info;

use super::bearer::{Bearer, token_needed, token_wrong};
use super::jwt::Tokens;
use super::known::KnownTokens;
use super::{Caller, Person};
use crate::clock::Clock;
use crate::config::{Config, UserAuth};
use crate::engine::Metrics;
use crate::web::Problem;

/// Knows every token that gives access. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    known: Arc<KnownTokens>,
    /// `None`: users need no token.
    tokens: Option<Arc<Tokens>>,
    metrics: Arc<Metrics>,
}

impl Access {
    /// Grants access as the configuration says.
    ///
    /// # Errors
    /// If TLS to the issuer of users' tokens can't be set up.
    pub fn new(
        config: &Config,
        clock: &Clock,
        metrics: Arc<Metrics>,
    ) -> Result<Self, reqwest::Error> {
        let tokens = match config.users.auth {
            UserAuth::Off => None,
            UserAuth::Jwt => Some(Arc::new(Tokens::new(&config.users.jwt, clock.clone())?)),
        };
        Ok(Self { known: Arc::new(KnownTokens::new(&config.operator)), tokens, metrics })
    }

    /// Who sent these headers, on a route that needs a role. 403 if no operator's token is configured at
    /// all, otherwise 401 without a good one.
    pub(super) fn person(&self, headers: &HeaderMap) -> Result<Person, Problem> {
        self.opens_to_somebody()?;
        let known = match Bearer::of(headers) {
            Bearer::Absent => Err(token_needed("An operator token is needed")),
            Bearer::Token(token) => Ok(self.known.find(token)),
            Bearer::Several => Ok(None),
        };
        let known =
            known.and_then(|known| known.ok_or_else(|| token_wrong("The operator token is wrong")));
        known.map(|known| Person::of(known, headers)).inspect_err(|problem| {
            self.metrics.unauthorized();
            info!(error = problem.error(), "a request for operators was refused");
        })
    }

    /// 403 if no operator's token is configured at all.
    pub(crate) fn opens_to_somebody(&self) -> Result<(), Problem> {
        if self.known.is_empty() { Err(closed()) } else { Ok(()) }
    }

    /// Every token that is configured.
    pub(super) fn known(&self) -> &KnownTokens {
        &self.known
    }

    /// Who sent these headers, on a route of the clients' API. An operator's token is looked for first.
    /// If users need a token: 401 without a good one, and 503 if its key can't be fetched.
    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let Some(tokens) = &self.tokens else { return Ok(Caller::Anyone) };
        match Bearer::of(headers) {
            Bearer::Absent => Err(token_needed("A token is needed")),
            Bearer::Several => Err(token_wrong("There is more than one token")),
            Bearer::Token(token) => match self.known.find(token) {
                Some(known) => Ok(Caller::Operator(Person::of(known, headers))),
                None => tokens.user(token).await.map(Caller::User),
            },
        }
    }
}

fn closed() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "No operator token is configured")
        .detail("the operators' API is closed until operator.token is configured")
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(***)")
    }
}

//! Verifies a token: finds its key, checks the signature, then judges the claims.

use std::sync::Arc;

use jsonwebtoken::decode_header;
use tracing::debug;

use super::super::bearer::token_wrong;
use super::claims::Expected;
use super::key::Key;
use super::keys::Keys;
use super::refused::Refused;
use crate::clock::Clock;
use crate::config::JwtConfig;
use crate::order::UserId;
use crate::web::Problem;

/// What every answer to a bad token says.
const WRONG: &str = "The token is not valid";

/// Verifies tokens.
pub(in crate::auth) struct Tokens {
    keys: Keys,
    expected: Arc<Expected>,
    clock: Clock,
}

impl Tokens {
    pub(in crate::auth) fn new(config: &JwtConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        let expected = Arc::new(Expected::of(config));
        Ok(Self { keys: Keys::of(config, &expected, &clock)?, expected, clock })
    }

    /// The user to whom this token was issued. 401 for a bad token; 503 if the key that it names is unknown
    /// and can't be fetched.
    pub(in crate::auth) async fn user(&self, token: &[u8]) -> Result<UserId, Problem> {
        let refused = |why: Refused| {
            debug!(%why, "a user's token was refused");
            token_wrong(WRONG)
        };
        let header = decode_header(token).map_err(|error| refused(error.into()))?;
        // It lists extensions that must be understood (RFC 7515, 4.1.11), and we understand none.
        if header.crit.is_some() {
            return Err(refused(Refused::Critical));
        }
        let keys = self.keys.find(&header).await?;
        self.verify(token, &keys).map_err(refused)
    }

    fn verify(&self, token: &[u8], keys: &[Arc<Key>]) -> Result<UserId, Refused> {
        let mut verified = Err(Refused::NoKey);
        for key in keys {
            verified = key.verify(token);
            if verified.is_ok() {
                break;
            }
        }
        self.expected.user(&verified?, self.clock.now())
    }
}

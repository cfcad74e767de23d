//! Where the keys come from: the configuration or the issuer.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Header};

use super::claims::Expected;
use super::key::Key;
use super::published::Published;
use crate::clock::Clock;
use crate::config::JwtConfig;
use crate::web::Problem;

/// The keys that tokens are verified with.
pub(super) enum Keys {
    /// The configured key, whichever key id a token names.
    Configured(Vec<Arc<Key>>),
    /// The keys that the issuer publishes.
    Published(Box<Published>),
}

impl Keys {
    pub(super) fn of(
        config: &JwtConfig,
        expected: &Arc<Expected>,
        clock: &Clock,
    ) -> Result<Self, reqwest::Error> {
        if let Some(url) = &config.jwks_url {
            let published = Published::at(url.clone(), expected.clone(), clock.clone())?;
            return Ok(Self::Published(Box::new(published)));
        }
        let public =
            config.public_key.iter().map(|public| (public.key().clone(), public.algorithm()));
        let shared = config
            .key
            .iter()
            .map(|shared| (DecodingKey::from_secret(shared.reveal()), Algorithm::HS256));
        let key = |(key, algorithm)| Arc::new(Key::new(key, algorithm, expected));
        Ok(Self::Configured(public.chain(shared).map(key).collect()))
    }

    /// The keys that a token with this header may be signed with: none, one, or several with the same id.
    /// 503 if that is unknown at the moment.
    pub(super) async fn find(&self, header: &Header) -> Result<Vec<Arc<Key>>, Problem> {
        match self {
            Self::Configured(keys) => Ok(keys.clone()),
            Self::Published(published) => published.find(header).await,
        }
    }
}

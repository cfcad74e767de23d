//! Fetches a JSON Web Key Set (RFC 7517).

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::claims::Expected;
use super::key::Key;

/// How long a fetch may take, and how long its connection may take.
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest set that is read, in bytes.
const MAX_BODY: usize = 256 * 1024;
/// The most keys of a set that are kept.
const MAX_KEYS: usize = 100;

/// Fetches keys from the issuer.
pub(super) struct Fetch {
    client: Client,
    url: Url,
}

/// Why a fetch brought no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{}", innermost(.0))]
    Http(#[from] reqwest::Error),
    #[error("answered {0}")]
    Status(StatusCode),
    #[error("answered with more than {MAX_BODY} bytes")]
    TooLong,
    #[error("answered with something other than a set of keys")]
    NotKeys,
}

/// The body. Keys are parsed one by one, so that one that is not understood can be left out.
#[derive(Deserialize)]
struct Body {
    keys: Vec<Value>,
}

impl Fetch {
    pub(super) fn from(url: Url) -> Result<Self, reqwest::Error> {
        // Redirects are not followed, so a client for plain HTTP never needs the root certificates.
        let client = Client::builder();
        let client = if url.scheme() == "http" { client.tls_certs_only([]) } else { client };
        let client = client
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            // The next fetch is minutes away, so the connection is not kept.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { client, url })
    }

    /// The published keys that can be used, with their ids.
    pub(super) async fn keys(
        &self,
        expected: &Expected,
    ) -> Result<Vec<(Option<String>, Arc<Key>)>, Error> {
        let body: Body = serde_json::from_slice(&self.body().await?).map_err(|_| Error::NotKeys)?;
        let jwks = body.keys.into_iter().take(MAX_KEYS);
        let jwks = jwks.filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let named =
            |jwk: Jwk| Some((jwk.common.key_id.clone(), Arc::new(Key::published(&jwk, expected)?)));
        Ok(jwks.filter_map(named).collect())
    }

    async fn body(&self) -> Result<Vec<u8>, Error> {
        let mut response = self.client.get(self.url.clone()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(Error::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(Error::TooLong);
            }
        }
        Ok(body)
    }
}

/// The innermost cause, which is the most specific ("connection refused") and has no URL in it.
fn innermost(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.last().map_or_else(|| "no answer".to_owned(), ToString::to_string)
}

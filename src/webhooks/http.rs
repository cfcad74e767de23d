//! HTTP to endpoints: one request on a connection of its own, to an address that was judged for it.
//!
//! A literal address is judged before the call. A name is judged by the resolver of the client, over all
//! addresses that it has, and the connection goes to one of these. No connection is used twice, since its
//! address would not be judged again. There is no proxy, and no redirect is followed.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::address::{Networks, NotAllowed};
use super::target::{Target, TargetError};
use crate::events::MEDIA_TYPE;

/// How much of an answer is kept, in bytes.
const KEPT: usize = 2048;

/// Sends messages to endpoints. Production has one; a simulation puts itself in its place.
pub trait Transport: std::fmt::Debug + Send + Sync {
    /// Sends a message to a URL that is judged for this call; an error is what to tell whoever looks at the
    /// attempt.
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: HeaderMap,
        body: String,
    ) -> BoxFuture<'a, Result<HttpAnswer, String>>;
}

/// HTTP to endpoints.
#[derive(Debug)]
pub(super) struct Http {
    networks: Networks,
    timeout: Duration,
    /// Made for the first call: most services have no endpoint, and need no root certificates.
    client: OnceLock<Client>,
}

/// An endpoint's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// Its beginning.
    pub body: String,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
}

impl Http {
    pub(super) fn new(networks: Networks, timeout: Duration) -> Self {
        Self { networks, timeout, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .timeout(self.timeout)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(0)
            .dns_resolver(Judging(self.networks.clone()))
            .user_agent(concat!("order-service/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("TLS can't be set up: {error}"))?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl Transport for Http {
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: HeaderMap,
        body: String,
    ) -> BoxFuture<'a, Result<HttpAnswer, String>> {
        async move {
            let target = Target::parse(url, &self.networks).map_err(|error| match error {
                TargetError::Address => NotAllowed.to_string(),
                TargetError::NoUrl | TargetError::NotHttps | TargetError::Credentials => {
                    format!("the url {error}")
                }
            })?;
            let request = self.client()?.post(target.url().clone()).headers(headers).body(body);
            let response = request.send().await.map_err(|error| in_words(&error))?;
            Ok(read(response).await)
        }
        .boxed()
    }
}

/// Content type of every message.
pub(super) fn content_type(headers: &mut HeaderMap) {
    let event = reqwest::header::HeaderValue::from_static(MEDIA_TYPE);
    headers.insert(CONTENT_TYPE, event);
}

/// The system's resolver, and a judgement of what it says.
struct Judging(Networks);

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = self.0.clone();
        async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            for address in &found {
                networks.judge(address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// Reads the beginning of an answer. Its status has come; if the rest does not, that changes nothing.
async fn read(mut response: Response) -> HttpAnswer {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= KEPT {
            break;
        }
    }
    HttpAnswer { status, body: beginning(&bytes), retry_after }
}

/// At most [`KEPT`] bytes as text that every database stores.
fn beginning(bytes: &[u8]) -> String {
    let kept = &bytes[..bytes.len().min(KEPT)];
    // A letter that the limit cuts in two is left out.
    let cut = match std::str::from_utf8(kept) {
        Err(error) if error.error_len().is_none() => &kept[..error.valid_up_to()],
        Ok(_) | Err(_) => kept,
    };
    String::from_utf8_lossy(cut).replace('\0', "\u{fffd}")
}

fn in_words(error: &reqwest::Error) -> String {
    let mut causes = std::iter::successors(std::error::Error::source(error), |one| one.source());
    if causes.any(|cause| cause.is::<NotAllowed>()) {
        return NotAllowed.to_string();
    }
    let what = if error.is_timeout() {
        return "no answer in time".to_owned();
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection broke"
    };
    // The innermost cause says most, and has no URL in it.
    let causes = std::iter::successors(std::error::Error::source(error), |one| one.source());
    causes.last().map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_2_kib_are_kept_as_text() {
        assert_eq!(beginning(b"a\0b"), "a\u{fffd}b");
        assert_eq!(beginning(&vec![b'x'; 5000]).len(), 2048);
        let cut = [vec![b'x'; 2047], "₹".into()].concat();
        assert_eq!(beginning(&cut).len(), 2047);
        assert_eq!(beginning(&[0xff]), "\u{fffd}");
    }
}

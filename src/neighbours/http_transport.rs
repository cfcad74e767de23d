//! The production transport, over HTTP: connection pools, timeouts, headers, and whether a request may
//! have arrived although its connection failed.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use opentelemetry_http::HeaderInjector;
use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use url::Url;

use super::response::Response;
use super::settings::EndpointSettings;
use super::transport::{Request, Transport, TransportError};
use crate::saga::Outcome;
use crate::saga::retry::LONGEST_ASKED;
use crate::trace::TraceParent;

/// The longest response that is read, in bytes. The usual ones are a few hundred.
const MAX_BODY: usize = 256 * 1024;

/// The longest wait for a connection. It is always shorter than the call's own timeout, so that a
/// failure to connect can be told from a response that never arrives: only in the first case is it
/// certain that the request was not sent.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// HTTP to one neighbour. The HTTP client enforces the timeouts, since only it knows what it was
/// waiting for.
#[derive(Debug)]
pub(super) struct HttpTransport {
    pooled: Client,
    unpooled: Client,
    /// Without a slash at the end of its path.
    base: Url,
}

impl HttpTransport {
    pub(super) fn to(settings: &EndpointSettings) -> Result<Arc<dyn Transport>, reqwest::Error> {
        // Redirects are not followed, so a client for plain HTTP never needs the root certificates.
        let is_plain = settings.url.scheme() == "http";
        let client = |idle: usize| {
            let client = Client::builder();
            let client = if is_plain { client.tls_certs_only([]) } else { client };
            client
                .timeout(settings.timeout)
                .connect_timeout((settings.timeout / 2).min(LONGEST_CONNECT))
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .http1_only()
                .no_proxy()
                .tcp_nodelay(true)
                .pool_max_idle_per_host(idle)
                .pool_idle_timeout(Duration::from_secs(30))
                .build()
        };
        Ok(Arc::new(Self {
            pooled: client(settings.concurrency)?,
            unpooled: client(0)?,
            base: without_slash(&settings.url),
        }))
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let client = if request.needs_fresh_connection { &self.unpooled } else { &self.pooled };
        let url = below(&self.base, &request.path);
        let headers = headers(request.trace, request.key);
        let mut building = client.request(request.method.clone(), url).headers(headers);
        if let Some(body) = &request.body {
            building = building.json(body);
        }
        let response = building.send().await.map_err(|error| transport_error(&error))?;
        read(response).await
    }
}

impl Transport for HttpTransport {
    fn send<'a>(
        &'a self,
        request: &'a Request<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>> {
        self.exchange(request).boxed()
    }
}

fn without_slash(url: &Url) -> Url {
    let mut url = url.clone();
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}

/// A path below this base. The whole URL is not parsed anew, which was a twentieth of the service's CPU time.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    match base.path() {
        "/" => url.set_path(path),
        first => url.set_path(&format!("{first}{path}")),
    }
    url
}

fn headers(trace: &TraceParent, key: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    trace.child().write_to(&mut HeaderInjector(&mut headers));
    // Keys are visible ASCII, which is always a valid header value.
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert("idempotency-key", key);
    }
    headers
}

/// If no connection was made, the request was not sent. After any later failure, it may have arrived.
fn transport_error(error: &reqwest::Error) -> TransportError {
    let (outcome, what) = if error.is_connect() {
        (Outcome::NotSent, "could not connect")
    } else if error.is_timeout() {
        (Outcome::Unknown, "no answer in time")
    } else if error.is_builder() {
        (Outcome::NotSent, "could not be put into a request")
    } else {
        (Outcome::Unknown, "the connection broke")
    };
    // The innermost cause is the most specific ("connection refused"), and has no URL in it.
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let message = match causes.last() {
        Some(cause) => format!("{what}: {cause}"),
        None => what.to_owned(),
    };
    TransportError { outcome, message }
}

async fn read(mut response: reqwest::Response) -> Result<Response, TransportError> {
    let status = response.status().as_u16();
    let retry_after_ms = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport_error(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            let message = format!("answered {status} with more than {MAX_BODY} bytes");
            return Err(TransportError { outcome: Outcome::Unknown, message });
        }
    }
    Ok(Response { status, body, retry_after_ms })
}

/// `Retry-After` in milliseconds, if it is a number of seconds. A date is ignored, and the saga then
/// uses its own back-off.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if seconds.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number that is too large for one is longer than the longest wait.
    let wait = Duration::from_secs(seconds.parse().unwrap_or(u64::MAX)).min(LONGEST_ASKED);
    u64::try_from(wait.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_below_the_path_of_the_base() {
        for (base, expected) in [
            ("http://pay", "http://pay/api/payments/process"),
            ("http://pay:80/", "http://pay/api/payments/process"),
            ("https://pay:8443/v1", "https://pay:8443/v1/api/payments/process"),
            ("http://pay/shop/v1/", "http://pay/shop/v1/api/payments/process"),
            ("http://a:b@pay/", "http://a:b@pay/api/payments/process"),
        ] {
            let base = without_slash(&Url::parse(base).expect("a URL"));
            assert_eq!(below(&base, "/api/payments/process").as_str(), expected);
        }
    }
}

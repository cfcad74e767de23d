//! The wire of production: connection pools, time-outs, headers, and what a failed connection says of
//! its request.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::Address;
use super::wire::{Carried, Lost, Parcel, Wire};
use crate::saga::Outcome;
use crate::saga::retry::LONGEST_ASKED;
use crate::trace::TraceParent;

/// The longest answer that is read, in bytes. The contract's answers are a few hundred.
const MAX_ANSWER: usize = 256 * 1024;

/// A connection not made by then will not be; always within the call's own bound, so that it is
/// known to be a connection that failed and not an answer that is missing.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// HTTP to one address.
#[derive(Debug)]
pub(super) struct Network {
    pooled: Client,
    unpooled: Client,
    base: String,
}

impl Network {
    pub(super) fn to(address: &Address) -> Result<Arc<dyn Wire>, reqwest::Error> {
        // Nothing here follows a redirect: without TLS there are no roots to read for it.
        let is_plain = address.url.scheme() == "http";
        let client = |idle: usize| {
            let client = Client::builder();
            let client = if is_plain { client.tls_certs_only([]) } else { client };
            client
                .timeout(address.timeout)
                .connect_timeout((address.timeout / 2).min(LONGEST_CONNECT))
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
            pooled: client(address.concurrency)?,
            unpooled: client(0)?,
            base: address.url.as_str().trim_end_matches('/').to_owned(),
        }))
    }

    async fn send(&self, parcel: Parcel<'_>) -> Result<Carried, Lost> {
        let client = if parcel.fresh_connection { &self.unpooled } else { &self.pooled };
        let url = format!("{}{}", self.base, parcel.path);
        let headers = headers(parcel.trace, parcel.key);
        let mut building = client.request(parcel.method, url).headers(headers);
        if let Some(body) = parcel.body {
            building = building.json(body);
        }
        let response = building.send().await.map_err(|error| lost(&error))?;
        read(response).await
    }
}

impl Wire for Network {
    fn carry<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Result<Carried, Lost>> {
        self.send(parcel).boxed()
    }
}

fn headers(trace: &TraceParent, key: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    let trace = trace.child().to_string();
    let named = [("idempotency-key", key), ("traceparent", trace.as_str())];
    for (name, value) in named {
        // Keys and trace contexts are visible ASCII by construction.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// A connection that was never made carried no request. Anything later may have.
fn lost(error: &reqwest::Error) -> Lost {
    let (outcome, what) = if error.is_connect() {
        (Outcome::NotSent, "could not connect")
    } else if error.is_timeout() {
        (Outcome::Unknown, "no answer in time")
    } else if error.is_builder() {
        (Outcome::NotSent, "could not be put into a request")
    } else {
        (Outcome::Unknown, "the connection broke")
    };
    // The innermost cause says most ("connection refused"), and has no URL in it.
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let error = match causes.last() {
        Some(cause) => format!("{what}: {cause}"),
        None => what.to_owned(),
    };
    Lost { outcome, error }
}

async fn read(mut response: Response) -> Result<Carried, Lost> {
    let status = response.status().as_u16();
    let retry_after_ms = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            let error = format!("answered {status} with more than {MAX_ANSWER} bytes");
            return Err(Lost { outcome: Outcome::Unknown, error });
        }
    }
    Ok(Carried { status, body, retry_after_ms })
}

/// Seconds, as our neighbours would send it; a date is left to our own pauses.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    let wait = Duration::from_secs(seconds).min(LONGEST_ASKED);
    u64::try_from(wait.as_millis()).ok()
}

//! One call to a neighbour: pools, deadline, limits, headers, and what its answer means.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::Address;
use crate::clock::Clock;
use crate::saga::{Outcome, Report, Step};
use crate::trace::TraceParent;

/// The longest answer that is read, in bytes. The contract's answers are a few hundred.
const MAX_ANSWER: usize = 256 * 1024;
/// The longest answer that is kept in a saga's log, in bytes.
const MAX_KEPT: usize = 4 * 1024;
/// A neighbour's `Retry-After` is believed up to here.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(10);

/// A connection not made by then will not be; always within the call's own bound, so that it is
/// known to be a connection that failed and not an answer that is missing.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// On whose behalf a call is made.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    /// The saga's trace.
    pub trace: &'a TraceParent,
    /// Asked right before an effect is sent: does the caller still own the saga?
    pub may_send: &'a (dyn Fn() -> bool + Sync),
}

/// What is asked of a neighbour.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) key: &'a str,
    pub(super) body: Option<Value>,
    /// No idle connection: a stale one would make doubt where doubt can't be resolved.
    pub(super) fresh_connection: bool,
}

/// A complete answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Body,
    retry_after_ms: Option<u64>,
}

/// An answer's body.
pub(super) enum Body {
    Empty,
    Json(Value),
    /// Of a gateway in between, say: our neighbours speak JSON.
    Other,
}

impl Answer {
    /// A refusal is only believed in the form that the contract gives it: JSON or nothing. A page
    /// of some gateway's says nothing of what the neighbour did.
    pub(super) fn refuses(&self, with: &[u16]) -> bool {
        with.contains(&self.status) && !matches!(self.body, Body::Other)
    }

    /// The body, where it is JSON.
    pub(super) fn json(&self) -> Option<&Value> {
        match &self.body {
            Body::Json(value) => Some(value),
            Body::Empty | Body::Other => None,
        }
    }
}

/// No complete answer.
pub(super) struct NoAnswer {
    outcome: Outcome,
    error: String,
}

/// The way to one neighbour.
#[derive(Debug)]
pub struct Http {
    pooled: Client,
    unpooled: Client,
    base: String,
    places: Semaphore,
    pub(super) clock: Clock,
}

impl Http {
    pub(super) fn new(address: &Address, clock: Clock) -> Result<Self, reqwest::Error> {
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
        Ok(Self {
            pooled: client(address.concurrency)?,
            unpooled: client(0)?,
            base: address.url.as_str().trim_end_matches('/').to_owned(),
            places: Semaphore::new(address.concurrency),
            clock,
        })
    }

    /// Makes one attempt and reports it. `judge` says what a complete answer means; the step's
    /// refusals are its business, everything else is [`Outcome::Unknown`] here.
    pub(super) async fn call(
        &self,
        errand: Errand<'_>,
        step: Step,
        line: Option<u16>,
        request: Request<'_>,
        judge: impl Fn(&Answer) -> Result<Outcome, String>,
    ) -> (Report, Option<Value>) {
        let sent_body = request.body.clone();
        let _place = self.places.acquire().await;
        let (started_at, started) = (self.clock.now(), self.clock.monotonic());
        let answered = if (errand.may_send)() {
            self.send(errand.trace, request).await
        } else {
            Err(NoAnswer {
                outcome: Outcome::NotSent,
                error: "not sent: the saga is no longer ours".to_owned(),
            })
        };
        let took = self.clock.monotonic().saturating_sub(started);
        let mut report = Report {
            step,
            line,
            outcome: Outcome::Unknown,
            started_at,
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            status: None,
            request: sent_body,
            response: None,
            error: None,
            retry_after_ms: None,
        };
        match answered {
            Err(none) => {
                report.outcome = none.outcome;
                report.error = Some(none.error);
                (report, None)
            }
            Ok(answer) => {
                let judged = judge(&answer);
                report.status = Some(answer.status);
                report.retry_after_ms = answer.retry_after_ms;
                report.outcome = *judged.as_ref().unwrap_or(&Outcome::Unknown);
                report.error = explain(judged, &answer);
                report.response = answer.json().filter(|body| may_be_kept(body)).cloned();
                let body = match answer.body {
                    Body::Json(body) => Some(body),
                    Body::Empty | Body::Other => None,
                };
                (report, body)
            }
        }
    }

    async fn send(&self, trace: &TraceParent, request: Request<'_>) -> Result<Answer, NoAnswer> {
        let client = if request.fresh_connection { &self.unpooled } else { &self.pooled };
        let url = format!("{}{}", self.base, request.path);
        let mut building = client.request(request.method, url).headers(headers(trace, request.key));
        if let Some(body) = &request.body {
            building = building.json(body);
        }
        let response = building.send().await.map_err(|error| no_answer(&error))?;
        read(response).await
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
fn no_answer(error: &reqwest::Error) -> NoAnswer {
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
    NoAnswer { outcome, error }
}

async fn read(mut response: Response) -> Result<Answer, NoAnswer> {
    let status = response.status().as_u16();
    let retry_after_ms = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            let error = format!("answered {status} with more than {MAX_ANSWER} bytes");
            return Err(NoAnswer { outcome: Outcome::Unknown, error });
        }
    }
    let body = match serde_json::from_slice(&body) {
        Ok(json) => Body::Json(json),
        Err(_) if body.trim_ascii().is_empty() => Body::Empty,
        Err(_) => Body::Other,
    };
    Ok(Answer { status, body, retry_after_ms })
}

/// Seconds, as our neighbours would send it; a date is left to our own pauses.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    let wait = Duration::from_secs(seconds).min(MAX_RETRY_AFTER);
    u64::try_from(wait.as_millis()).ok()
}

fn explain(judged: Result<Outcome, String>, answer: &Answer) -> Option<String> {
    let said = answer.json().and_then(|body| crate::json::text(body, "error"));
    let visible = |letter: &char| !letter.is_control();
    let said = said.map(|said| said.chars().filter(visible).take(200).collect::<String>());
    match judged {
        Ok(Outcome::Done) => None,
        Ok(_) => Some(said.map_or_else(
            || format!("answered {}", answer.status),
            |said| format!("answered {}: {said}", answer.status),
        )),
        Err(unreadable) => Some(format!("answered {}: {unreadable}", answer.status)),
    }
}

/// PostgreSQL can't keep a NUL in text, and refuses what has one.
fn may_be_kept(body: &Value) -> bool {
    let text = body.to_string();
    text.len() <= MAX_KEPT && !text.contains("\\u0000")
}

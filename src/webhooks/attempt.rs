//! One attempt: the message is signed and sent.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::http::{HttpAnswer, content_type};
use super::schedule::{pause, retry_after};
use super::signature::signatures;
use super::{TEST, Webhooks};
use crate::store::{Attempt, AttemptVerdict, ClaimedDelivery, Settlement, Webhook};
use crate::trace::TraceParent;

/// An endpoint that answers this wants nothing any more.
const GONE: u16 = 410;

impl Webhooks {
    /// Makes an attempt; `None` where the process stops meanwhile.
    pub(super) async fn attempt(
        &self,
        webhook: &Webhook,
        claimed: &ClaimedDelivery,
    ) -> Option<Settlement> {
        let parts = &self.0;
        let (at, began) = (parts.clock.now(), parts.clock.monotonic());
        let trace = TraceParent::fresh();
        let headers = headers(webhook, claimed, at);
        let post = parts.transport.post(&webhook.url, headers, claimed.body.clone());
        let answer = parts.tasks.unless_stopping(post).await?;
        let took = parts.clock.monotonic().saturating_sub(began);
        let now = parts.clock.now();
        Some(Settlement {
            verdict: self.verdict(claimed, &answer, now),
            attempt: attempt(at, took, answer),
            now,
            fresh_id: parts.clock.fresh_id(),
            trace_parent: trace.to_string(),
        })
    }

    fn verdict(
        &self,
        claimed: &ClaimedDelivery,
        answer: &Result<HttpAnswer, String>,
        now: DateTime<Utc>,
    ) -> AttemptVerdict {
        let parts = &self.0;
        let asked = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => return AttemptVerdict::Delivered,
            Ok(answer) if answer.status == GONE => return AttemptVerdict::Gone,
            Ok(answer) => answer.retry_after.as_deref().and_then(|value| retry_after(value, now)),
            Err(_) => None,
        };
        let schedule: &[Duration] =
            if claimed.kind == TEST { &[] } else { &parts.settings.schedule };
        let pause = pause(schedule, claimed.tries, asked, parts.clock.chance());
        let next = pause.map(|pause| (now + pause).trunc_subsecs(6));
        AttemptVerdict::NotDelivered { next }
    }
}

fn attempt(at: DateTime<Utc>, took: Duration, answer: Result<HttpAnswer, String>) -> Attempt {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match answer {
        Ok(answer) => Attempt {
            at,
            status: Some(answer.status),
            error: None,
            duration_ms,
            response: Some(answer.body),
        },
        Err(error) => Attempt { at, status: None, error: Some(error), duration_ms, response: None },
    }
}

/// The id is the event's, the same in every attempt; the time is the attempt's.
fn headers(webhook: &Webhook, claimed: &ClaimedDelivery, at: DateTime<Utc>) -> HeaderMap {
    let (id, timestamp) = (claimed.event_id, at.timestamp());
    let signature = signatures(&webhook.secrets, at, id, timestamp, &claimed.body);
    let mut headers = HeaderMap::with_capacity(4);
    content_type(&mut headers);
    for (name, value) in [
        ("webhook-id", id.to_string()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature),
    ] {
        let value = HeaderValue::try_from(value).expect("ids, digits and base64 are visible ASCII");
        headers.insert(HeaderName::from_static(name), value);
    }
    headers
}

//! `GET /api/orders/{id}/stream`: an order's changes as they happen, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Api;
use super::moments::Moment;
use super::status::not_found;
use crate::auth::{Caller, Right};
use crate::order::OrderId;
use crate::store::Stamp;
use crate::trace::TraceParent;
use crate::web::{Problem, Segment, uuid_segment};

/// After how long a browser connects again that has lost its connection.
const RECONNECT: Duration = Duration::from_secs(2);
/// Until an order is read again that could not be read.
const READ_AGAIN: Duration = Duration::from_millis(500);
/// Of a 503 at the limit, in seconds.
const RETRY_AFTER_SECS: u32 = 5;

/// Follow an order
///
/// Server-sent events: `status` with what `GET /api/orders/{id}/status` says, at once and after each change
/// of status or state, and `end` once the order can't change any more. The `id` of an event rises with each
/// change; a client that comes again with `Last-Event-ID` gets every status that it has missed.
#[utoipa::path(
    get,
    path = "/api/orders/{id}/stream",
    tag = "orders",
    operation_id = "followOrder",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(
        ("id" = Uuid, Path, description = "The checkout, which is the order's id too"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The order can't change any more, and everything was seen: don't come again"),
        (status = 400, description = "`id is not a UUID`"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 404, description = "`Order not found`; where users need a token also of another user's"),
        (status = 503, description = "`Too many streams`, `The database is unavailable`, or the keys of users' tokens are", headers(("Retry-After" = u32, description = "Seconds"))),
    ),
)]
pub(super) async fn follow_order(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Extension(trace): Extension<TraceParent>,
    id: Segment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = OrderId(uuid_segment(id, "id")?);
    caller.require(Right::ReadOrders)?;
    // From here on every change is noticed: it comes before the first look, or after.
    let changes = api.events.follow(id);
    let now = Moment::of(&api, &caller, id, &trace).await?.ok_or_else(not_found)?;
    let seen = last_event_id(&headers);
    if now.is_final() && seen.is_some_and(|seen| seen >= now.number()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let Ok(place) = api.streams.clone().try_acquire_owned() else {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many streams");
        return Err(problem.retry_after(RETRY_AFTER_SECS));
    };
    let mut follower = Follower {
        api,
        caller,
        trace,
        id,
        changes,
        seen,
        unsent: VecDeque::from([Event::default().retry(RECONNECT)]),
        is_over: false,
        _place: place,
    };
    follower.tell(&now);
    let events = stream::unfold(follower, Follower::next);
    let headers = [("cache-control", "no-cache, no-transform"), ("x-accel-buffering", "no")];
    Ok((headers, Sse::new(events).keep_alive(KeepAlive::default())).into_response())
}

/// The number in `Last-Event-ID`. Anything else is no id of ours, and nothing was seen.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

/// One client's stream.
struct Follower {
    api: Arc<Api>,
    caller: Caller,
    trace: TraceParent,
    id: OrderId,
    changes: watch::Receiver<Stamp>,
    /// The number of the last change that the client has seen.
    seen: Option<u64>,
    unsent: VecDeque<Event>,
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.unsent.pop_front() {
                return Some((Ok(event), self));
            }
            if self.is_over {
                return None;
            }
            let events = self.api.events.clone();
            events.unless_stopped(self.changes.changed()).await?.ok()?;
            match Moment::of(&self.api, &self.caller, self.id, &self.trace).await {
                Ok(Some(now)) => self.tell(&now),
                Ok(None) => return None,
                // The database is out of reach. The client is kept, and told as soon as it is back.
                Err(_problem) => {
                    self.changes.mark_changed();
                    events.unless_stopped(self.api.executor.clock().sleep(READ_AGAIN)).await?;
                }
            }
        }
    }

    /// Queues what the client has not seen.
    fn tell(&mut self, now: &Moment) {
        if let Some(seen) = self.seen {
            let missed = now.missed_since(seen);
            self.unsent.extend(missed.iter().map(|(number, data)| status(*number, data)));
        }
        if self.seen.is_none_or(|seen| seen < now.number()) {
            self.unsent.push_back(status(now.number(), &now.data()));
            self.seen = Some(now.number());
        }
        if now.is_final() {
            self.unsent.push_back(Event::default().event("end").data("{}"));
            self.is_over = true;
        }
    }
}

fn status(number: u64, data: &serde_json::Value) -> Event {
    Event::default().event("status").id(number.to_string()).data(data.to_string())
}

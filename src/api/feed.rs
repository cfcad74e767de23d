//! `GET /api/events`: what happened, to whoever asks from where.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use crate::auth::{Person, Right};
use crate::events::{CloudEvent, FeedPage, FeedQuery, MAX_WAIT, PageError, TypeFilter};
use crate::json::parse_digits;
use crate::web::{Problem, Query};

const MAX_LIMIT: u64 = 1000;
const DEFAULT_LIMIT: u64 = 100;

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedPage)]
pub(super) struct FeedView {
    /// In the order of their positions.
    #[schema(value_type = Vec<EventBody>)]
    events: Vec<CloudEvent>,
    /// The last position that was looked at: `after` of the next request.
    next: i64,
}

/// An event, in the format of `CloudEvents` 1.0 (`application/cloudevents+json`).
#[derive(ToSchema)]
#[schema(as = CloudEvent)]
#[expect(
    dead_code,
    reason = "only describes what CloudEvent writes, whose module knows no documents"
)]
struct EventBody {
    /// `1.0`.
    specversion: String,
    /// The same in every repeat: drop repeats by it.
    id: Uuid,
    /// `events.source` of the configuration.
    source: String,
    /// What happened, such as `order.confirmed`.
    #[schema(rename = "type")]
    kind: String,
    /// The order.
    subject: String,
    /// When it became true. Later events may have earlier times.
    time: DateTime<Utc>,
    /// `application/json`.
    datacontenttype: String,
    /// The order, too: events of one order belong in one partition.
    partitionkey: String,
    /// The position in 20 digits, so that it sorts as text.
    sequence: String,
    /// W3C trace context of what made it true.
    traceparent: Option<String>,
    /// What happened in detail; always `orderId`, `userId`, `status` and `version`.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Read events
///
/// Reading from 0, each time with `after` set to the `next` of the page before, gives every event once,
/// in one order that is the same for everybody.
#[utoipa::path(
    get,
    path = "/api/events",
    tag = "events",
    operation_id = "readEvents",
    security(("operatorToken" = [])),
    params(
        ("after" = Option<i64>, Query, minimum = 0, maximum = 9_223_372_036_854_775_807_i64, description = "The position behind which to begin; 0 unless said"),
        ("type" = Option<String>, Query, pattern = r"^[a-z]+(\.[a-z]+)*(\.\*)?$", description = "Only these: a type, `PREFIX.*` or `*`, or several separated by commas"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "At most so many; 100 unless said"),
        ("wait" = Option<u32>, Query, minimum = 0, description = "Seconds to wait for an event that matches; 0 unless said, and 30 at most"),
    ),
    responses(
        (status = 200, description = "The events", body = FeedView),
        (status = 400, description = "What is wrong, naming the parameter"),
        (status = 401, description = "`An operator token is needed`, or the token is wrong", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 410, description = "`Events before POSITION are gone`, with `first`, the position of the oldest that is left"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn read_events(
    State(api): State<Arc<Api>>,
    who: Person,
    query: Query,
) -> Result<Json<FeedView>, Problem> {
    who.require(Right::ReadSagas)?;
    let whole = |text: &str| parse_digits(text).and_then(|number| i64::try_from(number).ok());
    let after = query.read("after", "a position: a whole number, 0 or more", whole)?;
    let wait = query.read("wait", "a whole number of seconds", parse_digits)?;
    let types = "types such as order.confirmed, order.* or *, separated by commas";
    let asked = FeedQuery {
        after: after.unwrap_or(0),
        types: query.parsed::<TypeFilter>("type", types)?,
        limit: query.limit(MAX_LIMIT, DEFAULT_LIMIT)?,
        wait: Duration::from_secs(wait.unwrap_or(0)).min(MAX_WAIT),
    };
    let FeedPage { events, next } = api.events.page(&asked).await?;
    Ok(Json(FeedView { events, next }))
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Gone { first } => Self::events_gone(first),
            PageError::Store(error) => error.into(),
        }
    }
}

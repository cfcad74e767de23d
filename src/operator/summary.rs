//! `GET /api/operator/summary`: the state of the service at a glance.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use strum::IntoEnumIterator;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Operators;
use crate::amqp::Standing;
use crate::auth::{Person, Right};
use crate::events::SinkStanding;
use crate::neighbours::{BreakerState, BreakerView, PAYMENT, PRODUCT, USER};
use crate::saga::StuckKind;
use crate::store::{Error, ExecutorRecord, Forgotten, Out};
use crate::web::Problem;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    /// How many sagas are in each state.
    pub(crate) by_state: BTreeMap<String, u64>,
    /// How many sagas need a person, by kind of trouble.
    pub(crate) stuck: BTreeMap<String, u64>,
    /// How many sagas operators hold.
    pub(crate) held: u64,
    /// What may be out by sagas that failed or go back.
    pub(crate) out: OutView,
    /// Seconds since the oldest saga that is not at rest was accepted; null if all are at rest.
    pub(crate) oldest_age_seconds: Option<i64>,
    pub(crate) rates: Rates,
    pub(crate) executors: Vec<ExecutorView>,
    /// The circuit breaker of each neighbour, over all living executors.
    pub(crate) circuits: BTreeMap<String, CircuitSummary>,
    /// The position of the last event.
    pub(crate) last_position: i64,
    /// Who is told of events, and how far they have come.
    pub(crate) sinks: Vec<SinkView>,
    /// What was forgotten, as it was kept for long enough.
    pub(crate) retention: RetentionView,
    /// How this replica takes orders from a queue. Absent if no queue is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) intake: Option<IntakeView>,
}

/// What may be out by sagas that failed or go back, at most. The list of sagas has those by which money is
/// out under `holds=money`, and those by which stock is under `holds=stock`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Out)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutView {
    /// Sagas by which the customer's money may be out.
    pub(crate) money_sagas: u64,
    /// How much, in paise.
    pub(crate) money: i64,
    /// Sagas by which the shop's stock may be out.
    pub(crate) stock_sagas: u64,
    /// How many pieces.
    pub(crate) pieces: u64,
}

impl From<Out> for OutView {
    fn from(Out { money_sagas, money, stock_sagas, pieces }: Out) -> Self {
        Self { money_sagas, money: money.0, stock_sagas, pieces }
    }
}

/// What was forgotten so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retention)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RetentionView {
    /// Sagas.
    pub(crate) sagas: u64,
    /// Bytes that the archive got for them.
    pub(crate) archive_bytes: u64,
    /// The position of the last event that was.
    pub(crate) events_until: i64,
    /// When something was forgotten last; null where nothing was.
    #[schema(required)]
    pub(crate) last_batch_at: Option<DateTime<Utc>>,
    /// Attempts that failed.
    pub(crate) failures: u64,
    /// `running`, or `failing` where nothing can be forgotten.
    pub(crate) state: &'static str,
    /// Why the last attempt failed that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
    /// The sink that old events are kept for, as it has not been told of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) events_kept_for: Option<String>,
}

impl From<Forgotten> for RetentionView {
    fn from(forgotten: Forgotten) -> Self {
        Self {
            sagas: forgotten.sagas,
            archive_bytes: forgotten.bytes,
            events_until: forgotten.events_until,
            last_batch_at: forgotten.last_batch_at,
            failures: forgotten.failures,
            state: if forgotten.failing_since.is_some() { "failing" } else { "running" },
            last_error: forgotten.last_error,
            events_kept_for: forgotten.events_kept_for,
        }
    }
}

/// The queue that orders come from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Intake)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntakeView {
    /// `running`, `paused` while there is no place for orders, or `down`.
    pub(crate) state: &'static str,
    /// Why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
}

impl From<Standing> for IntakeView {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Consuming => Self { state: "running", last_error: None },
            Standing::Paused => Self { state: "paused", last_error: None },
            Standing::Down(error) => Self { state: "down", last_error: Some(error) },
        }
    }
}

/// A sink: the broker, the webhooks, or mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sink)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SinkView {
    pub(crate) name: String,
    /// The position up to which it was told.
    pub(crate) position: i64,
    /// Events that it was not told yet.
    pub(crate) backlog: i64,
    /// The age of the oldest of those; 0 if there is none.
    pub(crate) age_seconds: f64,
    /// `running` or `failing`.
    pub(crate) state: &'static str,
    /// Why it was last told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
}

impl From<SinkStanding> for SinkView {
    fn from(sink: SinkStanding) -> Self {
        Self {
            name: sink.name,
            position: sink.position,
            backlog: sink.backlog,
            age_seconds: sink.age_seconds,
            state: if sink.failing_since.is_some() { "failing" } else { "running" },
            last_error: sink.last_error,
        }
    }
}

/// Whether a neighbour is being called.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Circuit)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CircuitSummary {
    /// `closed`, `halfOpen` or `open`: the worst state at any executor.
    #[schema(value_type = String)]
    pub(crate) state: BreakerState,
    /// Since when it has not been closed; null if it is closed.
    pub(crate) since: Option<DateTime<Utc>>,
    /// The most failures in a row at any executor.
    pub(crate) failures: u32,
    /// The names of the executors at which it is not closed.
    pub(crate) executors: Vec<String>,
}

/// How much is going on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rates {
    /// Checkouts accepted within the last minute; above 10,000, estimated from the rate of the latest ones.
    pub(crate) accepted_per_minute: u64,
}

/// A process that drives sagas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Executor)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutorView {
    pub(crate) id: Uuid,
    /// Host and process id.
    pub(crate) name: String,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) heartbeat_at: DateTime<Utc>,
    /// Whether its last heartbeat is within its lease.
    pub(crate) alive: bool,
}

impl From<ExecutorRecord> for ExecutorView {
    fn from(heard: ExecutorRecord) -> Self {
        Self {
            id: heard.id,
            name: heard.name,
            started_at: heard.started_at,
            heartbeat_at: heard.heartbeat_at,
            alive: !heard.lapsed && !heard.dead,
        }
    }
}

/// Summarise
#[utoipa::path(
    get,
    path = "/api/operator/summary",
    tag = "operators",
    operation_id = "getSummary",
    security(("operatorToken" = [])),
    responses(
        (status = 200, description = "How things stand", body = Summary),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn get_summary(
    State(operators): State<Operators>,
    who: Person,
) -> Result<Json<Summary>, Problem> {
    who.require(Right::ReadSagas)?;
    Ok(Json(summary(&operators).await?))
}

/// How things stand now.
pub(crate) async fn summary(operators: &Operators) -> Result<Summary, Error> {
    let now = operators.clock.now();
    let summary = operators.store.summary(now - TimeDelta::minutes(1), now).await?;
    let executors = operators.store.executors(&operators.clock).await?;
    let states = operators.store.catalogue().states();
    let age = |since: DateTime<Utc>| (now - since).num_seconds().max(0);
    Ok(Summary {
        by_state: counts(states.into_iter(), summary.by_state),
        stuck: counts(StuckKind::iter(), summary.by_stuck),
        held: summary.held,
        out: operators.store.out().await?.into(),
        oldest_age_seconds: summary.oldest_open.map(age),
        rates: Rates { accepted_per_minute: summary.accepted },
        circuits: circuits(&executors),
        executors: executors.into_iter().map(ExecutorView::from).collect(),
        last_position: operators.store.last_position().await?,
        sinks: operators.events.sinks().await?.into_iter().map(SinkView::from).collect(),
        retention: operators.store.forgotten().await?.into(),
        intake: operators.intake.as_ref().map(|stands| stands.get().into()),
    })
}

fn circuits(executors: &[ExecutorRecord]) -> BTreeMap<String, CircuitSummary> {
    let every = [USER, PRODUCT, PAYMENT]
        .map(|neighbour| (neighbour.to_string(), CircuitSummary::default()))
        .into_iter();
    let mut circuits: BTreeMap<String, CircuitSummary> = every.collect();
    for heard in executors.iter().filter(|heard| !heard.lapsed && !heard.dead) {
        // What a newer binary wrote and this one can't read is left out.
        let views = serde_json::from_value(heard.circuits.clone());
        let views: Vec<BreakerView<String>> = views.unwrap_or_default();
        for view in views {
            let circuit = circuits.entry(view.neighbour).or_default();
            circuit.state = circuit.state.max(view.state);
            circuit.since = circuit.since.into_iter().chain(view.since).min();
            circuit.failures = circuit.failures.max(view.failures);
            if view.state != BreakerState::Closed {
                circuit.executors.push(heard.name.clone());
            }
        }
    }
    circuits
}

/// The count of every known word, 0 included, and of words of newer binaries that occur.
fn counts(
    words: impl Iterator<Item = impl ToString>,
    found: Vec<(String, u64)>,
) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = words.map(|word| (word.to_string(), 0)).collect();
    counts.extend(found);
    counts
}

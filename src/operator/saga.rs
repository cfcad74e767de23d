//! A saga as operators see it.

use std::collections::HashMap;

use axum::http::{HeaderName, header};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Operators;
use super::risk::{AtRiskView, at_risk};
use crate::retention::file_of;
use crate::saga::{Direction, Held, Instance, Outlook, SagaId, Stuck, cause};
use crate::store::{Error, Found};
use crate::web::Problem;

/// A saga.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Saga)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SagaView {
    /// For a checkout it is also the order's id.
    pub(crate) id: Uuid,
    /// The order that it is about.
    pub(crate) order_id: Uuid,
    pub(crate) kind: String,
    /// Rises with its state, with what is stuck, what is known of an effect and what is allowed, and with what
    /// an operator does; `If-Match` is compared with it. Another attempt that fails alike does not raise it.
    #[schema(required)]
    pub(crate) version: Option<i64>,
    pub(crate) state: String,
    /// Why it needs a person, if it does.
    pub(crate) stuck: Option<StuckView>,
    /// Who holds it, if anybody does: nothing is sent for it until it is released.
    pub(crate) held: Option<HeldView>,
    pub(crate) user_id: Uuid,
    /// The total in paise; null until priced.
    pub(crate) total_amount: Option<i64>,
    /// What the customer and the shop are out of now, at most.
    pub(crate) at_risk: AtRiskView,
    /// Why it goes, or went, back, as a sentence; null while it goes forward.
    #[schema(required)]
    pub(crate) cause: Option<String>,
    /// What it does next; null at rest.
    #[schema(required)]
    pub(crate) next: Option<NextView>,
    /// Failures in a row of the current step.
    #[schema(required)]
    pub(crate) attempts: Option<i32>,
    pub(crate) next_attempt_at: Option<DateTime<Utc>>,
    pub(crate) last_error: Option<String>,
    /// The name of the executor that drives it, or its id if the name is unknown.
    pub(crate) owner: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// Seconds since it was accepted.
    pub(crate) age_seconds: i64,
}

/// Why a saga needs a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stuck)]
pub(crate) struct StuckView {
    /// `InDoubt`, `Exhausted`, `Refused` or `Unreadable`.
    pub(crate) kind: String,
    pub(crate) since: DateTime<Utc>,
    pub(crate) step: String,
    pub(crate) detail: String,
}

impl From<Stuck> for StuckView {
    fn from(stuck: Stuck) -> Self {
        let Stuck { kind, since, step, detail } = stuck;
        Self { kind: kind.to_string(), since, step, detail }
    }
}

/// Who holds a saga, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Held)]
pub(crate) struct HeldView {
    pub(crate) since: DateTime<Utc>,
    /// The operator's name.
    pub(crate) who: String,
    pub(crate) reason: String,
}

impl From<Held> for HeldView {
    fn from(Held { since, who, reason }: Held) -> Self {
        Self { since, who, reason }
    }
}

/// What a saga does next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Next)]
pub(crate) struct NextView {
    /// As a sentence.
    pub(crate) what: String,
    /// When; null while a call is under way, or where only a person can move it.
    #[schema(required)]
    pub(crate) at: Option<DateTime<Utc>>,
}

impl From<Outlook> for NextView {
    fn from(Outlook { what, at }: Outlook) -> Self {
        Self { what, at }
    }
}

/// What a view needs besides the saga's row.
pub(super) struct Onlooker {
    now: DateTime<Utc>,
    executors: HashMap<Uuid, String>,
    /// Of the sagas that are not at rest, those that can be read.
    instances: HashMap<SagaId, Instance>,
}

impl Onlooker {
    /// Reads the executors' names, if any of these sagas has an owner, and the logs of those that are not at
    /// rest.
    pub(super) async fn of(operators: &Operators, sagas: &[&Found]) -> Result<Self, Error> {
        let executors = if sagas.iter().any(|saga| saga.owner.is_some()) {
            operators.store.executors(&operators.clock).await?
        } else {
            Vec::new()
        };
        let executors = executors.into_iter().map(|heard| (heard.id, heard.name)).collect();
        let open: Vec<_> = sagas.iter().copied().filter(|saga| !saga.is_at_rest()).collect();
        let instances = operators.store.instances(&open).await?;
        Ok(Self { now: operators.clock.now(), executors, instances })
    }

    /// The saga as it looks now.
    pub(super) fn view(&self, operators: &Operators, found: Found) -> SagaView {
        let saga = self.instances.get(&found.id);
        let why = found.known.as_ref().and_then(|known| known.cause.as_ref());
        let next = match saga {
            Some(saga) => operators.executor.outlook(saga).map(NextView::from),
            None if found.is_at_rest() => None,
            None => Some(NextView { what: UNREADABLE.to_owned(), at: None }),
        };
        let name =
            |owner: Uuid| self.executors.get(&owner).cloned().unwrap_or_else(|| owner.to_string());
        let (at_risk, goes_forward) = (at_risk(saga, &found), goes_forward(&found));
        let cause = why.filter(|_| !goes_forward).map(cause);
        SagaView {
            id: found.id.0,
            order_id: found.order_id.0,
            kind: found.kind,
            version: Some(found.version),
            state: found.state,
            stuck: found.stuck.map(StuckView::from),
            held: found.held.map(HeldView::from),
            user_id: found.user_id.0,
            total_amount: found.amount.map(|amount| amount.0),
            at_risk,
            cause,
            next,
            attempts: Some(found.attempts),
            next_attempt_at: found.next_attempt_at,
            last_error: found.last_error,
            owner: found.owner.map(name),
            created_at: found.created_at,
            updated_at: found.updated_at,
            age_seconds: (self.now - found.created_at).num_seconds().max(0),
        }
    }
}

/// Whether no cause of going back is to be shown.
fn goes_forward(found: &Found) -> bool {
    found.progress.is_some_and(|progress| progress.direction() == Direction::Forward)
}

/// What a saga does that this binary can't read.
const UNREADABLE: &str = "waits for a binary that can read it";

/// The saga's version as `If-Match` takes it back.
pub(super) fn etag(version: i64) -> (HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

/// 410 where the saga is forgotten, else 404.
pub(super) async fn missing(operators: &Operators, id: SagaId) -> Problem {
    match operators.store.forgotten_sagas(&[id]).await {
        Ok(forgotten) => match forgotten.get(&id) {
            Some(at) => Problem::saga_forgotten(*at, file_of(*at)),
            None => Problem::not_found("Saga not found"),
        },
        Err(error) => error.into(),
    }
}

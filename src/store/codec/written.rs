//! The rows of the log writer's statements, as JSON has them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::order::OrderStatus;
use crate::saga::{Context, Event, Instance, Stuck};
use crate::store::rowset::{some_time, some_uuid, time, uuid};
use crate::store::write::{Base, NewOrder, Write};

/// The columns of a saga that every write gives anew.
#[derive(Serialize)]
struct Changing<'a> {
    #[serde(serialize_with = "uuid")]
    id: Uuid,
    state: &'static str,
    at_risk: bool,
    stuck_kind: Option<&'static str>,
    stuck: Option<&'a Stuck>,
    total_amount: Option<i64>,
    context: Option<&'a Context>,
    attempts: u32,
    #[serde(serialize_with = "some_time")]
    next_attempt_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "some_time")]
    failing_since: Option<DateTime<Utc>>,
    last_error: Option<&'a str>,
    #[serde(serialize_with = "time")]
    deadline_at: DateTime<Utc>,
    #[serde(serialize_with = "some_uuid")]
    owner: Option<Uuid>,
    revision: i64,
    #[serde(serialize_with = "time")]
    updated_at: DateTime<Utc>,
}

impl<'a> Changing<'a> {
    fn of(saga: &'a Instance) -> Self {
        Self {
            id: saga.id.0,
            state: saga.state.into(),
            at_risk: saga.state.has_money_at_risk(),
            stuck_kind: saga.stuck.as_ref().map(|stuck| stuck.kind.into()),
            stuck: saga.stuck.as_ref(),
            total_amount: saga.total().map(|total| total.0),
            context: Some(&saga.context),
            attempts: saga.attempts,
            next_attempt_at: saga.next_attempt_at,
            failing_since: saga.failing_since,
            last_error: saga.last_error.as_deref(),
            deadline_at: saga.deadline_at,
            owner: saga.owner,
            revision: saga.revision,
            updated_at: saga.updated_at,
        }
    }
}

#[derive(Serialize)]
pub(in crate::store) struct InsertRow<'a> {
    #[serde(flatten)]
    changing: Changing<'a>,
    kind: &'static str,
    definition_version: i32,
    #[serde(serialize_with = "uuid")]
    user_id: Uuid,
    idempotency_key: Option<&'a str>,
    fingerprint: &'a str,
    fence: i64,
    trace_parent: &'a str,
    #[serde(serialize_with = "time")]
    created_at: DateTime<Utc>,
}

impl<'a> InsertRow<'a> {
    pub(in crate::store) fn of(write: &'a Write) -> Option<Self> {
        let Base::New(accepted) = &write.base else { return None };
        let saga = &write.saga;
        Some(Self {
            changing: Changing::of(saga),
            kind: saga.definition.kind,
            definition_version: saga.definition.version,
            user_id: saga.user_id.0,
            idempotency_key: accepted.idempotency_key.as_deref(),
            fingerprint: &accepted.fingerprint,
            fence: saga.fence,
            trace_parent: &saga.trace_parent,
            created_at: saga.created_at,
        })
    }
}

#[derive(Serialize)]
pub(in crate::store) struct UpdateRow<'a> {
    #[serde(flatten)]
    changing: Changing<'a>,
    #[serde(serialize_with = "uuid")]
    base_owner: Uuid,
    base_fence: i64,
    base_revision: i64,
}

impl<'a> UpdateRow<'a> {
    pub(in crate::store) fn of(write: &'a Write) -> Option<Self> {
        let Base::Owned { owner, fence, revision } = write.base else { return None };
        let changing = Changing::of(&write.saga);
        Some(Self { changing, base_owner: owner, base_fence: fence, base_revision: revision })
    }
}

#[derive(Serialize)]
pub(in crate::store) struct EntryRow<'a> {
    #[serde(serialize_with = "uuid")]
    saga_id: Uuid,
    seq: i32,
    step: &'static str,
    line: Option<u16>,
    phase: &'static str,
    event: &'static str,
    outcome: Option<&'static str>,
    from_state: Option<&'static str>,
    generation: u32,
    attempt: u32,
    idempotency_key: Option<&'a str>,
    #[serde(serialize_with = "time")]
    started_at: DateTime<Utc>,
    duration_ms: Option<i64>,
    request: Option<&'a Value>,
    response: Option<&'a Value>,
    error: Option<&'a str>,
    executor: &'a str,
}

impl<'a> EntryRow<'a> {
    pub(in crate::store) fn of(write: &'a Write) -> impl Iterator<Item = Self> {
        write.entries.iter().map(|entry| Self {
            saga_id: write.saga.id.0,
            seq: entry.seq,
            step: entry.effect.step.into(),
            line: entry.effect.line,
            phase: entry.phase.into(),
            event: entry.event.into(),
            outcome: match entry.event {
                Event::Came(outcome) => Some(outcome.into()),
                _other => None,
            },
            from_state: match entry.event {
                Event::TakenOver(state) => Some(state.into()),
                _other => None,
            },
            generation: entry.generation,
            attempt: entry.attempt,
            idempotency_key: entry.key.as_deref(),
            started_at: entry.started_at,
            duration_ms: entry.duration_ms,
            request: entry.request.as_ref(),
            response: entry.response.as_ref(),
            error: entry.error.as_deref(),
            executor: &entry.executor,
        })
    }
}

#[derive(Serialize)]
pub(in crate::store) struct OrderRow {
    #[serde(serialize_with = "uuid")]
    id: Uuid,
    #[serde(serialize_with = "uuid")]
    user_id: Uuid,
    total_amount: i64,
    status: &'static str,
    #[serde(serialize_with = "time")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "time")]
    updated_at: DateTime<Utc>,
}

impl OrderRow {
    pub(in crate::store) fn of(order: &NewOrder) -> Self {
        Self {
            id: order.id.0,
            user_id: order.user_id.0,
            total_amount: order.total.0,
            status: OrderStatus::Confirmed.into(),
            created_at: order.created_at,
            updated_at: order.confirmed_at,
        }
    }
}

#[derive(Serialize)]
pub(in crate::store) struct ItemRow {
    #[serde(serialize_with = "uuid")]
    id: Uuid,
    #[serde(serialize_with = "uuid")]
    order_id: Uuid,
    line: usize,
    #[serde(serialize_with = "uuid")]
    product_id: Uuid,
    quantity: u32,
    unit_price: i64,
}

impl ItemRow {
    pub(in crate::store) fn of(order: &NewOrder) -> impl Iterator<Item = Self> {
        order.items.iter().enumerate().map(|(at, (id, line, price))| Self {
            id: *id,
            order_id: order.id.0,
            line: at,
            product_id: line.product_id.0,
            quantity: line.quantity,
            unit_price: price.0,
        })
    }
}

#[derive(Serialize)]
pub(in crate::store) struct EventRow {
    #[serde(serialize_with = "uuid")]
    id: Uuid,
    #[serde(serialize_with = "uuid")]
    order_id: Uuid,
    kind: &'static str,
    payload: Value,
    #[serde(serialize_with = "time")]
    created_at: DateTime<Utc>,
}

impl EventRow {
    pub(in crate::store) fn of(order: &NewOrder) -> Self {
        let items = order.items.iter().map(|(_, line, price)| {
            json!({
                "productId": line.product_id,
                "quantity": line.quantity,
                "unitPrice": price,
            })
        });
        Self {
            id: order.event_id,
            order_id: order.id.0,
            kind: "OrderConfirmed",
            payload: json!({
                "id": order.id,
                "userId": order.user_id,
                "totalAmount": order.total,
                "createdAt": order.created_at,
                "items": items.collect::<Vec<_>>(),
            }),
            created_at: order.confirmed_at,
        }
    }
}

//! The books' part about events, as an auditor reads it.

use chrono::{DateTime, Utc};
use order_service::config::Role;
use order_service::store::{AuditAction, AuditResult, NewAuditEntry, NewWebhook, Via};
use uuid::Uuid;

use super::books::Books;
use super::receivers::Receiver;
use super::telling::{DeliveryRow, EventRow};
use super::weather::Endpoint;

impl Books {
    /// Registers an endpoint.
    pub fn add_endpoint(&self, endpoint: &Endpoint, now: DateTime<Utc>) {
        let new = NewWebhook {
            id: endpoint.id,
            url: Receiver::url(endpoint.id),
            types: vec![endpoint.types.0.to_owned()],
            description: None,
            ordered: endpoint.ordered,
            secret: "whsec_c2VjcmV0".to_owned(),
            created_at: now,
        };
        let entry = NewAuditEntry {
            id: Uuid::from_u128(endpoint.id.as_u128() + 1),
            at: NewAuditEntry::moment(now),
            who: "asha".to_owned(),
            role: Role::Admin,
            via: Via::Api,
            action: AuditAction::CreateWebhook,
            target: None,
            reason: None,
            result: AuditResult::Done,
        };
        let added = self.runtime.block_on(self.store.add_webhook(new, &entry));
        added.expect("the books can be written");
    }

    /// How much is not told yet, and the last position.
    pub fn untold(&self) -> (i64, i64) {
        let sql = "SELECT (SELECT count(*) FROM outbox WHERE position IS NULL) \
                   + (SELECT count(*) FROM event_cursor WHERE position <> s.position) \
                   + (SELECT count(*) FROM webhook_delivery WHERE state = 'pending'), \
                   s.position FROM event_cursor s WHERE s.name = 'sequencer'";
        let rows = self.query(sql, vec![]);
        let number = |at| rows[0].try_get_by_index(at).expect("a number");
        (number(0), number(1))
    }

    /// All events, in the order of their positions.
    pub fn event_rows(&self) -> Vec<EventRow> {
        let sql = "SELECT id, order_id, kind, version, position, \
                   json_extract(payload, '$.sagaId'), \
                   json_extract(payload, '$.stuck') || json_extract(payload, '$.step') \
                   FROM outbox ORDER BY position";
        let rows = self.query(sql, vec![]);
        let event = |row: &sea_orm::QueryResult| {
            let kind: String = row.try_get_by_index(2).expect("a type");
            let is_about_saga = kind.starts_with("saga.");
            let saga: Option<String> = row.try_get_by_index(5).expect("an id or none");
            let trouble: Option<String> = row.try_get_by_index(6).expect("a kind or none");
            EventRow {
                id: row.try_get_by_index(0).expect("an id"),
                order_id: row.try_get_by_index(1).expect("an id"),
                kind,
                version: row.try_get_by_index(3).expect("a version"),
                position: row.try_get_by_index(4).expect("a position or none"),
                trouble: saga.zip(trouble).filter(|_| is_about_saga),
            }
        };
        rows.iter().map(event).collect()
    }

    /// Every cursor: its name, its position and its fence.
    pub fn cursors(&self) -> Vec<(String, i64, i64)> {
        let rows = self.query("SELECT name, position, fence FROM event_cursor", vec![]);
        let cursor = |row: &sea_orm::QueryResult| {
            let number = |at| row.try_get_by_index(at).expect("a number");
            (row.try_get_by_index(0).expect("a name"), number(1), number(2))
        };
        rows.iter().map(cursor).collect()
    }

    /// What was taken in for an endpoint.
    pub fn deliveries(&self, endpoint: Uuid) -> Vec<DeliveryRow> {
        let sql = "SELECT event_id, state, cause, json_array_length(attempts) \
                   FROM webhook_delivery WHERE webhook_id = $1";
        let rows = self.query(sql, vec![endpoint.into()]);
        let delivery = |row: &sea_orm::QueryResult| {
            let attempts: i64 = row.try_get_by_index(3).expect("a count");
            DeliveryRow {
                event_id: row.try_get_by_index(0).expect("an id"),
                state: row.try_get_by_index(1).expect("a state"),
                cause: row.try_get_by_index(2).expect("a cause or none"),
                attempts: usize::try_from(attempts).expect("a count"),
            }
        };
        rows.iter().map(delivery).collect()
    }
}

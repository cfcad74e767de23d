//! Webhooks: the endpoints that are told of events, and what each was told.
//!
//! A delivery is an event for an endpoint. It has the body that is sent, so that every repeat is the same,
//! whatever becomes of the event. `due_at` is when it is next to be looked at: the time of its next attempt,
//! the end of the lease while an attempt is under way, null if there is nothing to do. Deliveries to do are
//! found by the index on it alone.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, json } = super::Types::of(manager);
        let endpoints = format!(
            "CREATE TABLE webhook (id {uuid} NOT NULL PRIMARY KEY, url text NOT NULL, \
             types {json} NOT NULL, description text, ordered boolean NOT NULL, \
             state text NOT NULL, disabled_reason text, secrets {json} NOT NULL, \
             begins bigint NOT NULL, unsure_until bigint NOT NULL, failing_since {time}, \
             created_at {time} NOT NULL)"
        );
        let deliveries = format!(
            "CREATE TABLE webhook_delivery (webhook_id {uuid} NOT NULL, event_id {uuid} NOT NULL, \
             kind text NOT NULL, subject {uuid} NOT NULL, position bigint, \
             event_at {time} NOT NULL, body text NOT NULL, state text NOT NULL, cause text, \
             attempts {json} NOT NULL, tries integer NOT NULL, resends integer NOT NULL, \
             next_attempt_at {time}, due_at {time}, owner {uuid}, fence bigint NOT NULL, \
             created_at {time} NOT NULL, PRIMARY KEY (webhook_id, event_id))"
        );
        super::run(
            manager,
            &[
                &endpoints,
                &deliveries,
                "CREATE INDEX ix_webhook_created ON webhook (created_at, id)",
                "CREATE INDEX ix_delivery_due ON webhook_delivery (webhook_id, due_at, event_id) \
                 WHERE due_at IS NOT NULL",
                "CREATE INDEX ix_delivery_owner ON webhook_delivery (owner) \
                 WHERE owner IS NOT NULL",
                // For endpoints that want the events of an order one after the other.
                "CREATE INDEX ix_delivery_pending ON webhook_delivery \
                 (webhook_id, subject, position) WHERE state = 'pending'",
                "CREATE INDEX ix_delivery_failed ON webhook_delivery (webhook_id, event_at) \
                 WHERE state = 'failed'",
                "CREATE INDEX ix_delivery_listed ON webhook_delivery \
                 (webhook_id, created_at, event_id)",
                "CREATE INDEX ix_delivery_state ON webhook_delivery \
                 (webhook_id, state, created_at, event_id)",
            ],
        )
        .await
    }
}

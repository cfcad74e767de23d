//! What happens to an order after its checkout: it is cancelled, shipped, delivered, returned.
//!
//! Orders get what is known of them later. An event gets what every event has: whose order it is about,
//! its status, a version within the order, the trace; and a position, which stays empty until one is
//! given. Rows that an older binary writes meanwhile have none of it; the first event of an order that
//! has no version is version 1. A cancellation is one per order by an index.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, json } = super::Types::of(manager);
        let add = |table, column, kind| format!("ALTER TABLE {table} ADD COLUMN {column} {kind}");
        let columns = [
            add("orders", "profile_id", uuid),
            add("orders", "shipping_address", json),
            add("orders", "cancelled_at", time),
            add("orders", "shipped_at", time),
            add("orders", "delivered_at", time),
            add("outbox", "user_id", uuid),
            add("outbox", "version", "integer"),
            add("outbox", "status", "text"),
            add("outbox", "trace_parent", "text"),
            add("outbox", "position", "bigint"),
            add("saga_instance", "cancel_request", json),
        ];
        let tables = [
            format!(
                "CREATE TABLE shipments (id {uuid} NOT NULL PRIMARY KEY, order_id {uuid} NOT NULL, \
                 carrier text NOT NULL, tracking_number text NOT NULL, tracking_url text, \
                 state text NOT NULL, shipped_at {time} NOT NULL, estimated_delivery {time}, \
                 delivered_at {time}, created_at {time} NOT NULL)"
            ),
            format!(
                "CREATE TABLE shipment_lines (shipment_id {uuid} NOT NULL, line integer NOT NULL, \
                 quantity integer NOT NULL, PRIMARY KEY (shipment_id, line))"
            ),
            format!(
                "CREATE TABLE shipment_events (id {uuid} NOT NULL PRIMARY KEY, \
                 shipment_id {uuid} NOT NULL, identity text NOT NULL, status text NOT NULL, \
                 at {time} NOT NULL, received_at {time} NOT NULL, location text, description text)"
            ),
            format!(
                "CREATE TABLE returns (id {uuid} NOT NULL PRIMARY KEY, order_id {uuid} NOT NULL, \
                 refunded bigint NOT NULL, reason text, restock boolean NOT NULL, \
                 created_at {time} NOT NULL, returned_at {time})"
            ),
            format!(
                "CREATE TABLE return_lines (return_id {uuid} NOT NULL, line integer NOT NULL, \
                 product_id {uuid} NOT NULL, quantity integer NOT NULL, amount bigint NOT NULL, \
                 PRIMARY KEY (return_id, line))"
            ),
        ];
        let indexes = [
            "CREATE UNIQUE INDEX ux_saga_cancellation ON saga_instance (order_id) \
             WHERE kind = 'cancellation'",
            "CREATE INDEX ix_saga_to_be_cancelled ON saga_instance (owner) \
             WHERE cancel_request IS NOT NULL AND owner IS NOT NULL",
            // An order's events are looked for by it, too.
            "CREATE UNIQUE INDEX ux_outbox_version ON outbox (order_id, version)",
            "DROP INDEX ix_outbox_order_id",
            "CREATE INDEX ix_outbox_without_position ON outbox (created_at, id) \
             WHERE position IS NULL",
            "DROP INDEX ix_outbox_unpublished",
            "CREATE UNIQUE INDEX ux_shipment_number \
             ON shipments (order_id, carrier, tracking_number)",
            "CREATE UNIQUE INDEX ux_shipment_event ON shipment_events (shipment_id, identity)",
            "CREATE INDEX ix_returns_order ON returns (order_id)",
        ];
        let statements = columns.iter().chain(&tables).map(String::as_str).chain(indexes);
        super::run(manager, &statements.collect::<Vec<_>>()).await
    }
}

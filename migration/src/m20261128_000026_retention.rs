//! Keeping and forgetting: how far it has come, and what is left of what was forgotten.
//!
//! `retention` is one row, with the id 1: who forgets, up to where the archive is done with, and what was
//! forgotten so far. `database_id` tells this database from every other, as an archive belongs to one.
//! What is due is found by the indexes here, each behind its cursor; none has more than one entry for a row.
//!
//! Forgetting deletes as many rows as come in, day and night. PostgreSQL's autovacuum begins by default when
//! a fifth of a table is dead, which is far too late for large tables: it is told to begin earlier, in
//! smaller portions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The tables that rows are deleted from.
const DELETED_FROM: [&str; 6] =
    ["saga_instance", "step_log", "outbox", "webhook_delivery", "mails", "saga_note"];
/// Few rows that are written all the time.
const REWRITTEN: [&str; 5] =
    ["retention", "retention_cursor", "event_cursor", "saga_tally", "executor"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, .. } = super::Types::of(manager);
        let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let state = format!(
            "CREATE TABLE retention (id integer NOT NULL PRIMARY KEY, database_id {uuid} NOT NULL, \
             owner {uuid}, fence bigint NOT NULL DEFAULT 0, leased_until {time}, \
             archive_file text, archive_bytes bigint NOT NULL DEFAULT 0, \
             events_until bigint NOT NULL DEFAULT 0, events_at {time}, events_kept_for text, \
             sagas bigint NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0, \
             failures bigint NOT NULL DEFAULT 0, last_batch_at {time}, failing_since {time}, \
             last_error text)"
        );
        let cursors = format!(
            "CREATE TABLE retention_cursor (name text NOT NULL PRIMARY KEY, at {time} NOT NULL, \
             id {uuid} NOT NULL)"
        );
        let forgotten = format!(
            "CREATE TABLE forgotten_saga (saga_id {uuid} NOT NULL PRIMARY KEY, \
             archived_at {time} NOT NULL)"
        );
        let versions = format!(
            "CREATE TABLE event_version (order_id {uuid} NOT NULL PRIMARY KEY, \
             version integer NOT NULL)"
        );
        let fresh = if is_sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        let row = format!("INSERT INTO retention (id, database_id) VALUES (1, {fresh})");
        super::run(
            manager,
            &[
                &state,
                &row,
                &cursors,
                &forgotten,
                &versions,
                "CREATE INDEX ix_orders_final ON orders (updated_at, id) \
                 WHERE status IN ('Cancelled', 'Delivered')",
                "CREATE INDEX ix_saga_undone ON saga_instance (updated_at, id) \
                 WHERE order_id IS NULL AND state IN ('Compensated', 'Rejected')",
                "CREATE INDEX ix_saga_of_order_at_rest ON saga_instance (updated_at, id) \
                 WHERE order_id IS NOT NULL AND owner IS NULL AND next_attempt_at IS NULL",
                "CREATE INDEX ix_owed_answer_order ON owed_answer (order_id)",
                "CREATE INDEX ix_mails_noted ON mails (noted_at) WHERE noted_at IS NOT NULL",
            ],
        )
        .await?;
        if is_sqlite {
            return Ok(());
        }
        let tune = |table: &str, settings: &str| format!("ALTER TABLE {table} SET ({settings})");
        let often = "autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, \
                     autovacuum_analyze_scale_factor = 0.02, \
                     autovacuum_vacuum_cost_delay = 1, autovacuum_vacuum_cost_limit = 1000";
        let at_once = "fillfactor = 50, autovacuum_vacuum_scale_factor = 0, \
                       autovacuum_vacuum_threshold = 200";
        let statements: Vec<_> = DELETED_FROM
            .iter()
            .map(|table| tune(table, often))
            .chain(REWRITTEN.iter().map(|table| tune(table, at_once)))
            .collect();
        super::run(manager, &statements.iter().map(String::as_str).collect::<Vec<_>>()).await
    }
}

//! Bulk runs: an operator's action for many sagas, and what became of each of them.
//!
//! The items of a run are written before the run is, so that a run that can be seen is complete.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, .. } = super::Types::of(manager);
        let runs = format!(
            "CREATE TABLE bulk_run (id {uuid} NOT NULL PRIMARY KEY, action text NOT NULL, \
             who text NOT NULL, reason text NOT NULL, acting_reason text NOT NULL, \
             plan text NOT NULL, items bigint NOT NULL, money bigint NOT NULL, \
             preview text NOT NULL, state text NOT NULL, halted_by text, owner {uuid}, \
             leased_until {time}, fence bigint NOT NULL DEFAULT 0, created_at {time} NOT NULL)"
        );
        let items = format!(
            "CREATE TABLE bulk_item (bulk_id {uuid} NOT NULL, place bigint NOT NULL, \
             saga_id {uuid} NOT NULL, version bigint NOT NULL, expected bigint NOT NULL, \
             will text, cause text, result text NOT NULL, did text, error text, at {time}, \
             then_state text, then_attempts bigint, halts boolean NOT NULL DEFAULT FALSE, \
             PRIMARY KEY (bulk_id, place))"
        );
        super::run(
            manager,
            &[
                &runs,
                "CREATE INDEX ix_bulk_run_created_at ON bulk_run (created_at, id)",
                "CREATE INDEX ix_bulk_run_running ON bulk_run (id) WHERE state = 'running'",
                &items,
                "CREATE INDEX ix_bulk_item_result ON bulk_item (bulk_id, result, place)",
                "CREATE INDEX ix_bulk_item_running ON bulk_item (bulk_id) WHERE result = 'running'",
            ],
        )
        .await
    }
}

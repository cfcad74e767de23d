//! A user's checkouts in flight: no two that were begun without a key are for the same, and a page
//! of them is found without a walk over all that came to rest. And those that never became an order.
//!
//! What equal requests join by is written once, with the acceptance. A saga leaves the first index
//! and enters the second by its state, so neither costs a driven saga a write of its own.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(
            manager,
            &[
                "ALTER TABLE saga_instance ADD COLUMN joined_by text",
                // Of nulls there may be any number: those have a key, or join nobody.
                "CREATE UNIQUE INDEX ux_saga_in_flight ON saga_instance (user_id, kind, joined_by) \
                 WHERE state NOT IN ('Completed', 'Compensated', 'Rejected')",
                "CREATE INDEX ix_saga_refused ON saga_instance (user_id, created_at, id) \
                 WHERE state IN ('Compensated', 'Rejected')",
            ],
        )
        .await
    }
}

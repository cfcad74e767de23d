//! Sagas by state only while nobody drives them. A saga that is driven to its end has one entry, of
//! its rest: with one for each state that it passes, an index is full of what is dead until the next
//! vacuum, and every count of the open ones walks over that.
//!
//! A state is never null; that the index says so keeps it from questions that name no state, as what
//! is due: a planner without statistics takes any index that it may.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(
            manager,
            &[
                "DROP INDEX ix_saga_state",
                "CREATE INDEX ix_saga_state ON saga_instance (state, created_at, id) \
                 WHERE owner IS NULL AND state IS NOT NULL",
            ],
        )
        .await
    }
}

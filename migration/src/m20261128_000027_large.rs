//! Checkouts of 1,000 rupees and more are found by their totals.
//!
//! Not those of less, of which there are so many that a page of them is soon found among the newest; and not while
//! somebody drives them: each of their many versions would be an entry.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(
            manager,
            &["CREATE INDEX ix_saga_large ON saga_instance (total_amount) \
               WHERE owner IS NULL AND total_amount >= 100000"],
        )
        .await
    }
}

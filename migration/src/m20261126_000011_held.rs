//! Sagas that an operator holds. One that is held is due at no time, so that no claim finds it; this
//! says since when, by whom and why.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(
            manager,
            &[
                "ALTER TABLE saga_instance ADD COLUMN held json",
                "CREATE INDEX ix_saga_held ON saga_instance (created_at, id) WHERE held IS NOT NULL",
            ],
        )
        .await
    }
}

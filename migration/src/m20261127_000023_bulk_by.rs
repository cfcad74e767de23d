//! Who prepared a bulk run, as the audit trail names them, and in which role: its items are entered so.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(
            manager,
            &[
                "ALTER TABLE bulk_run ADD COLUMN audited_who text",
                "ALTER TABLE bulk_run ADD COLUMN role text",
            ],
        )
        .await
    }
}

//! A row that is written only to see whether something can be.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum WriteProbe {
    Table,
    Id,
    Filler,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let probe = Table::create()
            .table(WriteProbe::Table)
            .col(ColumnDef::new(WriteProbe::Id).integer().not_null().primary_key())
            .col(ColumnDef::new(WriteProbe::Filler).text())
            .to_owned();
        manager.create_table(probe).await
    }
}

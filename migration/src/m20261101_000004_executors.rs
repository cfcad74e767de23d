//! The processes that own sagas.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Executor {
    Table,
    Id,
    Name,
    Process,
    StartedAt,
    HeartbeatAt,
    LeaseMs,
    Dead,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let executor = Table::create()
            .table(Executor::Table)
            .col(ColumnDef::new(Executor::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Executor::Name).text().not_null())
            .col(ColumnDef::new(Executor::Process).text().not_null())
            .col(ColumnDef::new(Executor::StartedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Executor::HeartbeatAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Executor::LeaseMs).big_integer().not_null())
            .col(ColumnDef::new(Executor::Dead).boolean().not_null())
            .to_owned();
        manager.create_table(executor).await
    }
}

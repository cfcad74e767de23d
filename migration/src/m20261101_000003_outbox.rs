//! Events, written in the transaction that makes them true.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Outbox {
    Table,
    Id,
    OrderId,
    Kind,
    Payload,
    CreatedAt,
    PublishedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let outbox = Table::create()
            .table(Outbox::Table)
            .col(ColumnDef::new(Outbox::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Outbox::OrderId).uuid().not_null())
            .col(ColumnDef::new(Outbox::Kind).text().not_null())
            .col(ColumnDef::new(Outbox::Payload).json().not_null())
            .col(ColumnDef::new(Outbox::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Outbox::PublishedAt).timestamp_with_time_zone())
            .to_owned();
        manager.create_table(outbox).await?;
        super::run(
            manager,
            &["CREATE INDEX ix_outbox_unpublished ON outbox (created_at, id) \
               WHERE published_at IS NULL"],
        )
        .await
    }
}

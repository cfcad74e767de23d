//! The events of an order, for the audit: found by it, not by reading them all.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, &["CREATE INDEX ix_outbox_order_id ON outbox (order_id)"]).await
    }
}

//! Deliveries of any state are listed by the index on states, one state beside the other.
//!
//! The index on all of them was an entry for each new delivery and for each of its many versions, and was read only
//! when somebody looked at an endpoint.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, &["DROP INDEX ix_delivery_listed"]).await
    }
}

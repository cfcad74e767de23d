//! Orders of the database that was there before: they have no saga, and were never told of.
//!
//! `imported_at` is empty in an order that a checkout made.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { time, .. } = super::Types::of(manager);
        super::run(manager, &[&format!("ALTER TABLE orders ADD COLUMN imported_at {time}")]).await
    }
}

//! What the last audit of the books found, for alerts: one row, with the id 1.
//!
//! `begun_at` is also how replicas agree who runs the next one.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { time, .. } = super::Types::of(manager);
        let audit = format!(
            "CREATE TABLE books_audit (id integer NOT NULL PRIMARY KEY, begun_at {time} NOT NULL, \
             ended_at {time}, differences bigint NOT NULL)"
        );
        super::run(manager, &[&audit]).await
    }
}

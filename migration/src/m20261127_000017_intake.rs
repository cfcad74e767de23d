//! Answers that are owed to whoever sent an order by a queue and asked for one.
//!
//! A row is written before the message is acknowledged, and deleted once the answer is confirmed.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, .. } = super::Types::of(manager);
        let owed = format!(
            "CREATE TABLE owed_answer (id {uuid} NOT NULL PRIMARY KEY, order_id {uuid} NOT NULL, \
             reply_to text NOT NULL, correlation_id text, trace_parent text NOT NULL, \
             created_at {time} NOT NULL, taken_until {time})"
        );
        super::run(manager, &[&owed]).await
    }
}

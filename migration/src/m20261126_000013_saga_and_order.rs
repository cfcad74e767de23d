//! A saga and the order that it is about are two things, and a kind of saga has words of its own.
//!
//! `order_id` is null where the saga's id is the order's id, too, as it is for checkouts: those pay
//! nothing for the column. What is in flight is told by what a saga needs (an owner, a time to be
//! tried, a person) and not by the words of one kind; both read alike to an older binary beside.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let uuid = match manager.get_database_backend() {
            DbBackend::Sqlite => "uuid_text",
            _ => "uuid",
        };
        let column = format!("ALTER TABLE saga_instance ADD COLUMN order_id {uuid}");
        super::run(
            manager,
            &[
                &column,
                "CREATE INDEX ix_saga_order ON saga_instance (order_id) \
                 WHERE order_id IS NOT NULL",
                // At rest, and still owned: such a saga is in flight by the new words, and was not by
                // the old ones, so that there may be an equal one beside it.
                "UPDATE saga_instance SET joined_by = NULL WHERE owner IS NOT NULL \
                 AND joined_by IS NOT NULL \
                 AND state IN ('Completed', 'Compensated', 'Rejected')",
                "DROP INDEX ux_saga_in_flight",
                "CREATE UNIQUE INDEX ux_saga_in_flight ON saga_instance (user_id, kind, joined_by) \
                 WHERE (owner IS NOT NULL OR next_attempt_at IS NOT NULL \
                 OR stuck_kind IS NOT NULL OR held IS NOT NULL)",
            ],
        )
        .await
    }
}

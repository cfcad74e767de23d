//! Sagas in trouble, found among millions that are not, and the version that operators see.
//!
//! A saga's `version` rises with what an operator has to know before acting; it is null until a binary that
//! knows of it has written the saga. A client's key is looked for without its user, too.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, .. } = super::Types::of(manager);
        let troubles = format!(
            "CREATE TABLE saga_trouble (saga_id {uuid} NOT NULL PRIMARY KEY, kind text NOT NULL, \
             stuck text, step text NOT NULL, error text, group_id text, money bigint NOT NULL, \
             pieces bigint NOT NULL, steps text NOT NULL, neighbours text NOT NULL, \
             created_at {time} NOT NULL)"
        );
        let notes = format!(
            "CREATE TABLE saga_note (id {uuid} NOT NULL PRIMARY KEY, saga_id {uuid} NOT NULL, \
             at {time} NOT NULL, who text NOT NULL, body text NOT NULL)"
        );
        super::run(
            manager,
            &[
                "ALTER TABLE saga_instance ADD COLUMN version bigint",
                &troubles,
                "CREATE INDEX ix_trouble_created_at ON saga_trouble (created_at, saga_id)",
                "CREATE INDEX ix_trouble_group ON saga_trouble (group_id, created_at, saga_id)",
                "CREATE INDEX ix_trouble_money ON saga_trouble (money, created_at, saga_id)",
                &notes,
                "CREATE INDEX ix_note_saga ON saga_note (saga_id, at, id)",
                "DROP INDEX ux_saga_idempotency_key",
                "CREATE UNIQUE INDEX ux_saga_idempotency_key ON saga_instance \
                 (idempotency_key, user_id, kind) WHERE idempotency_key IS NOT NULL",
            ],
        )
        .await
    }
}

//! Which sagas may have money out: they are claimed before the others.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(
            manager,
            &[
                "ALTER TABLE saga_instance ADD COLUMN at_risk boolean NOT NULL DEFAULT false",
                "UPDATE saga_instance SET at_risk = true \
                 WHERE state IN ('Priced', 'Paid', 'Reserved', 'Compensating')",
                "DROP INDEX ix_saga_due",
                "CREATE INDEX ix_saga_due ON saga_instance (at_risk, next_attempt_at) \
                 WHERE owner IS NULL AND next_attempt_at IS NOT NULL",
                "DROP INDEX ix_saga_owner",
                "CREATE INDEX ix_saga_owner ON saga_instance (owner, at_risk, created_at) \
                 WHERE owner IS NOT NULL",
            ],
        )
        .await
    }
}

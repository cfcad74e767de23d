//! How many sagas came to rest, counted as they do: a summary must not count millions anew.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SagaTally {
    Table,
    Writer,
    State,
    Sagas,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tally = Table::create()
            .table(SagaTally::Table)
            .col(ColumnDef::new(SagaTally::Writer).uuid().not_null())
            .col(ColumnDef::new(SagaTally::State).text().not_null())
            .col(ColumnDef::new(SagaTally::Sagas).big_integer().not_null())
            .primary_key(Index::create().col(SagaTally::Writer).col(SagaTally::State))
            .to_owned();
        manager.create_table(tally).await?;
        // What is at rest already was written by nobody that counts.
        let nobody = match manager.get_database_backend() {
            DbBackend::Sqlite => "zeroblob(16)",
            _ => "'00000000-0000-0000-0000-000000000000'::uuid",
        };
        let counted = format!(
            "INSERT INTO saga_tally (writer, state, sagas) \
             SELECT {nobody}, state, count(*) FROM saga_instance \
             WHERE state IN ('Completed', 'Compensated', 'Rejected') GROUP BY state"
        );
        super::run(manager, &[&counted]).await
    }
}

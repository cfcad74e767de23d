//! The schema's history: additive (only an index may go), one change a file, the same on SQLite and PostgreSQL.

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

mod m20261101_000001_orders;
mod m20261101_000002_sagas;
mod m20261101_000003_outbox;
mod m20261101_000004_executors;
mod m20261122_000005_money_at_risk;
mod m20261122_000006_circuits;
mod m20261122_000007_outbox_order;
mod m20261122_000008_tally;
mod m20261122_000009_undriven;
mod m20261126_000010_in_flight;
mod m20261126_000011_held;
mod m20261126_000012_write_probe;
mod m20261126_000013_saga_and_order;
mod m20261126_000014_order_life;
mod m20261127_000015_positions;
mod m20261127_000016_webhooks;
mod m20261127_000017_intake;
mod m20261127_000018_mail;
mod m20261127_000019_troubles;
mod m20261127_000020_audit;
mod m20261127_000021_sessions;
mod m20261127_000022_bulk;
mod m20261127_000023_bulk_by;
mod m20261127_000024_books_audit;
mod m20261128_000025_imported;
mod m20261128_000026_retention;
mod m20261128_000027_large;
mod m20261128_000028_delivery_listed;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261101_000001_orders::Migration),
            Box::new(m20261101_000002_sagas::Migration),
            Box::new(m20261101_000003_outbox::Migration),
            Box::new(m20261101_000004_executors::Migration),
            Box::new(m20261122_000005_money_at_risk::Migration),
            Box::new(m20261122_000006_circuits::Migration),
            Box::new(m20261122_000007_outbox_order::Migration),
            Box::new(m20261122_000008_tally::Migration),
            Box::new(m20261122_000009_undriven::Migration),
            Box::new(m20261126_000010_in_flight::Migration),
            Box::new(m20261126_000011_held::Migration),
            Box::new(m20261126_000012_write_probe::Migration),
            Box::new(m20261126_000013_saga_and_order::Migration),
            Box::new(m20261126_000014_order_life::Migration),
            Box::new(m20261127_000015_positions::Migration),
            Box::new(m20261127_000016_webhooks::Migration),
            Box::new(m20261127_000017_intake::Migration),
            Box::new(m20261127_000018_mail::Migration),
            Box::new(m20261127_000019_troubles::Migration),
            Box::new(m20261127_000020_audit::Migration),
            Box::new(m20261127_000021_sessions::Migration),
            Box::new(m20261127_000022_bulk::Migration),
            Box::new(m20261127_000023_bulk_by::Migration),
            Box::new(m20261127_000024_books_audit::Migration),
            Box::new(m20261128_000025_imported::Migration),
            Box::new(m20261128_000026_retention::Migration),
            Box::new(m20261128_000027_large::Migration),
            Box::new(m20261128_000028_delivery_listed::Migration),
        ]
    }
}

/// What the two databases call their types, as sea-orm reads them.
struct Types {
    uuid: &'static str,
    time: &'static str,
    json: &'static str,
}

impl Types {
    fn of(manager: &SchemaManager<'_>) -> Self {
        if manager.get_database_backend() == DbBackend::Sqlite {
            let (time, json) = ("timestamp_with_timezone_text", "json_text");
            Self { uuid: "uuid_text", time, json }
        } else {
            Self { uuid: "uuid", time: "timestamptz", json: "json" }
        }
    }
}

/// Runs statements that read the same on both databases; sea-query has no words for partial
/// indexes there.
async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

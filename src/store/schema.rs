//! Compares the schema with the migrations that this binary knows.
//!
//! Migrations only add. So a binary works with a schema that is ahead of it, as old replicas do while
//! new ones are rolled out. Only missing migrations stop it.

use std::collections::HashSet;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, TransactionTrait};

use super::{Error, Store, failure};

/// The key of the advisory lock under which a replica migrates: any number, the same in all replicas.
const MIGRATION_LOCK: i64 = 0x6f72_6465_7273;

/// How the schema and this binary differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Migrations that this binary knows and that were not applied, oldest first.
    pub missing: Vec<String>,
    /// Migrations that were applied and that this binary doesn't know.
    pub newer: Vec<String>,
    /// No migration was applied yet.
    pub is_empty: bool,
}

impl Schema {
    /// What is missing, with what to do about it.
    pub(super) fn lacks(&self) -> Option<String> {
        let missing = self.missing.len();
        (missing > 0)
            .then(|| format!("{missing} migrations are missing: run `order-service migrate`"))
    }
}

impl Store {
    /// Brings the schema up to date. Safe when several replicas start at once: on PostgreSQL, one
    /// migrates in one transaction, and the others wait for it and then find nothing left to do.
    pub async fn migrate(&self) -> Result<(), Error> {
        // Nearly always nothing is missing, and there is no need to wait for the lock.
        if self.schema().await?.missing.is_empty() {
            return Ok(());
        }
        // On a connection of its own, without a time limit: a migration may take long.
        let migrating = self.write.connection_to_migrate().await?;
        let transaction = migrating.begin().await?;
        if self.backend == DbBackend::Postgres {
            let take = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
            transaction.execute_unprepared(&take).await?;
        }
        let schema = read(&transaction).await?;
        if !schema.missing.is_empty() {
            if let Some(newer) = schema.newer.first() {
                let missing = schema.missing.join(", ");
                return Err(Error::Unusable(format!(
                    "the schema lacks {missing} and has {newer}, which this binary doesn't know"
                )));
            }
            Migrator::up(&transaction, None).await?;
        }
        transaction.commit().await?;
        Ok(migrating.close().await?)
    }

    /// Reads which migrations were applied. Changes nothing.
    pub async fn schema(&self) -> Result<Schema, Error> {
        Ok(read(&self.read).await?)
    }

    /// Why the service can't start on this database now; `None` when it can.
    pub async fn not_ready(&self) -> Option<String> {
        match read(&self.read).await {
            Ok(schema) => schema.lacks(),
            Err(error) => Some(failure::in_words(&error).to_owned()),
        }
    }
}

pub(super) async fn read(connection: &impl ConnectionTrait) -> Result<Schema, DbErr> {
    let applied = applied(connection).await?;
    let files = Migrator::get_migration_files();
    let known: Vec<&str> = files.iter().map(|file| file.name()).collect();
    let missing = known.iter().filter(|name| !applied.contains(**name));
    let mut newer: Vec<String> =
        applied.iter().filter(|name| !known.contains(&name.as_str())).cloned().collect();
    newer.sort();
    Ok(Schema {
        missing: missing.map(|name| (*name).to_owned()).collect(),
        newer,
        is_empty: applied.is_empty(),
    })
}

async fn applied(connection: &impl ConnectionTrait) -> Result<HashSet<String>, DbErr> {
    let is_there = match connection.get_database_backend() {
        DbBackend::Postgres => "SELECT 1 WHERE to_regclass('seaql_migrations') IS NOT NULL",
        _ => "SELECT 1 FROM sqlite_master WHERE name = 'seaql_migrations'",
    };
    let query = async |sql: &str| {
        let backend = connection.get_database_backend();
        connection.query_all_raw(sea_orm::Statement::from_string(backend, sql)).await
    };
    if query(is_there).await?.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = query("SELECT version FROM seaql_migrations").await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

//! The databases under the systems: fresh ones, what they have done so far, and what is in them.

use std::path::Path;

use sqlx::sqlite::SqlitePool;
use sqlx::{PgPool, Row};

use crate::Fault;
use crate::postgres::Postgres;
use crate::process::{Service, System};
use crate::usage;

/// What orders are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// A database, empty at first.
pub struct Database {
    pub url: String,
    books: Books,
}

enum Books {
    /// With the process whose children serve.
    Postgres {
        pool: PgPool,
        server: u32,
    },
    Sqlite(SqlitePool),
}

/// What was done so far.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// By the database's own processes.
    pub cpu_ms: f64,
    /// Transactions that wrote something.
    pub commits: f64,
    /// Of the write-ahead log; on SQLite all that its process had written to disk.
    pub log_bytes: f64,
}

/// What is in the books.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub orders: i64,
    pub amount: i64,
    pub lines: i64,
    pub quantity: i64,
    pub unfinished: i64,
}

const TOTALS: &str = "SELECT (SELECT count(*) FROM orders), \
    (SELECT CAST(COALESCE(sum(total_amount), 0) AS bigint) FROM orders), \
    (SELECT count(*) FROM order_items), \
    (SELECT CAST(COALESCE(sum(quantity), 0) AS bigint) FROM order_items), \
    (SELECT count(*) FROM saga_instance WHERE state <> 'Completed')";

impl Database {
    pub async fn fresh(engine: Engine, directory: &Path, name: &str) -> Result<Self, Fault> {
        match engine {
            Engine::Postgres => {
                let url = Postgres::shared().database().await;
                let pool = PgPool::connect(&url).await?;
                let asked = sqlx::query("SELECT pg_backend_pid()").fetch_one(&pool).await?;
                let server = usage::parent(u32::try_from(asked.get::<i32, _>(0))?)?;
                Ok(Self { url, books: Books::Postgres { pool, server } })
            }
            Engine::Sqlite => {
                let url = format!("sqlite://{}", directory.join(format!("{name}.db")).display());
                let pool = SqlitePool::connect_lazy(&url)?;
                // The one who writes makes the file.
                let file = url.trim_start_matches("sqlite://");
                std::fs::File::create(file)?;
                Ok(Self { url, books: Books::Sqlite(pool) })
            }
        }
    }

    /// What was done so far by and for this service.
    pub async fn done(&self, service: &Service) -> Result<Done, Fault> {
        match &self.books {
            Books::Postgres { pool, server } => {
                // Reading has no transaction id, so each one that was given is a transaction that wrote.
                let asked = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8, \
                             pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8";
                let row = sqlx::query(asked).fetch_one(pool).await?;
                let count = |at| as_float(row.get::<i64, _>(at));
                let cpu_ms = usage::family_cpu_ms(*server)?;
                Ok(Done { cpu_ms, commits: count(0), log_bytes: count(1) })
            }
            Books::Sqlite(pool) => {
                let commits = match service.system {
                    System::Saga => service.counter("order_service_log_commits_total ").await?,
                    System::Plain => {
                        let asked = "SELECT count(*) FROM orders";
                        as_float(sqlx::query(asked).fetch_one(pool).await?.get(0))
                    }
                };
                let log_bytes = usage::written_bytes(service.child.pid())?;
                Ok(Done { cpu_ms: 0.0, commits, log_bytes })
            }
        }
    }

    pub async fn totals(&self) -> Result<Totals, Fault> {
        let columns: [i64; 5] = match &self.books {
            Books::Postgres { pool, .. } => {
                let row = sqlx::query(TOTALS).fetch_one(pool).await?;
                std::array::from_fn(|at| row.get(at))
            }
            Books::Sqlite(pool) => {
                let row = sqlx::query(TOTALS).fetch_one(pool).await?;
                std::array::from_fn(|at| row.get(at))
            }
        };
        let [orders, amount, lines, quantity, unfinished] = columns;
        Ok(Totals { orders, amount, lines, quantity, unfinished })
    }
}

/// Exact up to 2^53: more than is counted here.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
pub fn as_float(count: i64) -> f64 {
    count as f64
}

//! The systems' databases: making new ones, what they have done so far, and what is in them.

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqlitePool;
use sqlx::{PgPool, Row};

use crate::Fault;
use crate::postgres::Postgres;
use crate::process::{Service, System};
use crate::usage;

/// Which database.
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

/// A new, empty database.
pub struct Database {
    pub url: String,
    books: Books,
}

enum Books {
    /// With the process whose children serve connections.
    Postgres {
        pool: PgPool,
        server: u32,
    },
    Sqlite(SqlitePool),
}

/// Resources used so far.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// CPU of the database's own processes.
    pub cpu_ms: f64,
    /// Transactions that wrote something.
    pub commits: f64,
    /// Bytes of the write-ahead log; on SQLite, everything that the service has written to disk.
    pub log_bytes: f64,
}

/// Totals of what is in the database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub orders: i64,
    pub amount: i64,
    pub lines: i64,
    pub quantity: i64,
    pub unfinished: i64,
}

/// Totals of what was accepted since `$1`, read by indexes, as there may be millions of other rows.
const TOTALS: &str = "SELECT count(*), CAST(COALESCE(sum(o.total_amount), 0) AS bigint), \
    CAST(COALESCE(sum(i.lines), 0) AS bigint), CAST(COALESCE(sum(i.quantity), 0) AS bigint), \
    (SELECT count(*) FROM saga_instance WHERE created_at >= $1 AND state <> 'Completed') \
    FROM (SELECT id, total_amount FROM orders WHERE created_at >= $1) AS o \
    LEFT JOIN (SELECT order_id, count(*) AS lines, sum(quantity) AS quantity FROM order_items \
    WHERE order_id IN (SELECT id FROM orders WHERE created_at >= $1) GROUP BY order_id) AS i \
    ON i.order_id = o.id";

impl Database {
    pub async fn fresh(engine: Engine, directory: &Path, name: &str) -> Result<Self, Fault> {
        match engine {
            Engine::Postgres => {
                let url = Postgres::shared().database().await;
                let pool = PgPool::connect(&url).await?;
                age(&pool).await?;
                let asked = sqlx::query("SELECT pg_backend_pid()").fetch_one(&pool).await?;
                let server = usage::parent(u32::try_from(asked.get::<i32, _>(0))?)?;
                Ok(Self { url, books: Books::Postgres { pool, server } })
            }
            Engine::Sqlite => {
                let url = format!("sqlite://{}", directory.join(format!("{name}.db")).display());
                let pool = SqlitePool::connect_lazy(&url)?;
                // The service makes the file.
                let file = url.trim_start_matches("sqlite://");
                std::fs::File::create(file)?;
                Ok(Self { url, books: Books::Sqlite(pool) })
            }
        }
    }

    /// A connection pool, if it is PostgreSQL.
    pub fn postgres(&self) -> Result<&PgPool, Fault> {
        match &self.books {
            Books::Postgres { pool, .. } => Ok(pool),
            Books::Sqlite(_) => Err("only PostgreSQL is filled".into()),
        }
    }

    /// What this service and its database have used so far.
    pub async fn done(&self, service: &Service) -> Result<Done, Fault> {
        match &self.books {
            Books::Postgres { pool, server } => {
                // Only transactions that write get an id, so the ids count the commits.
                let asked = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8, \
                             pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8";
                let row = sqlx::query(asked).fetch_one(pool).await?;
                let count = |at| as_float(row.get::<i64, _>(at));
                let cpu_ms = usage::family_cpu_ms(*server)?;
                Ok(Done { cpu_ms, commits: count(0), log_bytes: count(1) })
            }
            Books::Sqlite(pool) => {
                let commits = match service.system {
                    System::Saga | System::Careful => {
                        service.metric("order_service_log_commits_total").await?
                    }
                    System::Plain | System::PlainFresh => {
                        let asked = "SELECT count(*) FROM orders";
                        as_float(sqlx::query(asked).fetch_one(pool).await?.get(0))
                    }
                };
                let log_bytes = usage::written_bytes(service.child.pid())?;
                Ok(Done { cpu_ms: 0.0, commits, log_bytes })
            }
        }
    }

    /// The totals of the checkouts that were accepted since then.
    pub async fn totals(&self, since: DateTime<Utc>) -> Result<Totals, Fault> {
        let columns: [i64; 5] = match &self.books {
            Books::Postgres { pool, .. } => {
                let row = sqlx::query(TOTALS).bind(since).fetch_one(pool).await?;
                std::array::from_fn(|at| row.get(at))
            }
            Books::Sqlite(pool) => {
                let row = sqlx::query(TOTALS).bind(since).fetch_one(pool).await?;
                std::array::from_fn(|at| row.get(at))
            }
        };
        let [orders, amount, lines, quantity, unfinished] = columns;
        Ok(Totals { orders, amount, lines, quantity, unfinished })
    }
}

/// A server that has run for a while reuses old log files. A new one has to create each file of 16 MiB,
/// and commits wait for that.
async fn age(pool: &PgPool) -> Result<(), Fault> {
    let write = "SELECT pg_logical_emit_message(false, 'age', repeat('x', 1000000)) \
                 FROM generate_series(1, 700)";
    sqlx::query(write).execute(pool).await?;
    sqlx::query("CHECKPOINT").execute(pool).await?;
    Ok(())
}

/// Exact up to 2^53, which is more than is counted here.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
pub fn as_float(count: i64) -> f64 {
    count as f64
}

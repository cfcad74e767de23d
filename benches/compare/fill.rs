//! Fills a database with copies of what the service itself wrote: existing sagas are copied with all their
//! rows, each copy with ids and times of its own. So the copies are right for any schema.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use std::time::Duration;

use crate::Fault;
use crate::progress::Progress;

/// Each table that belongs to a saga, with its column for the saga's id.
const TABLES: [(&str, &str); 5] = [
    ("saga_instance", "id"),
    ("step_log", "saga_id"),
    ("orders", "id"),
    ("order_items", "order_id"),
    ("outbox", "order_id"),
];

/// Copies per transaction.
const CHUNK: i64 = 20_000;

/// Which sagas are copied, how many times, and when the copies were accepted.
pub struct Filling<'a> {
    /// A condition on `saga_instance`.
    pub of: &'a str,
    pub copies: i64,
    pub oldest: DateTime<Utc>,
    pub apart: Duration,
    /// Whether the copies' events have positions, and every cursor stands behind them.
    pub told: bool,
}

/// Fills, and updates the planner's statistics.
pub async fn fill(pool: &PgPool, filling: &Filling<'_>) -> Result<(), Fault> {
    let mut connection = pool.acquire().await?;
    let connection = &mut *connection;
    run(connection, "SET synchronous_commit = off").await?;
    run(
        connection,
        "CREATE TEMP TABLE copy_of (template uuid, id uuid PRIMARY KEY, shift interval)",
    )
    .await?;
    let mut inserts = Vec::new();
    for (table, key) in TABLES {
        let templates = format!(
            "CREATE TEMP TABLE template_{table} AS SELECT * FROM {table} WHERE {key} IN \
             (SELECT id FROM saga_instance WHERE {})",
            filling.of
        );
        run(connection, &templates).await?;
        inserts.push(insert(connection, table, key, filling.told).await?);
    }
    run(
        connection,
        "CREATE TEMP TABLE template AS SELECT id, created_at, row_number() OVER () - 1 AS number \
         FROM template_saga_instance",
    )
    .await?;
    let chunks = usize::try_from(filling.copies / CHUNK + 1)?;
    let mut progress = Progress::of(chunks);
    let mut from = 0;
    while from < filling.copies {
        let to = (from + CHUNK).min(filling.copies);
        progress.begin(&format!("fills the database: {from} of {} sagas", filling.copies));
        number(connection, filling, from, to).await?;
        for insert in &inserts {
            run(connection, insert).await?;
        }
        from = to;
    }
    let last = "UPDATE event_cursor SET position = (SELECT max(position) FROM outbox) WHERE $1";
    sqlx::query(last).bind(filling.told).execute(&mut *connection).await?;
    progress.begin("tells the planner");
    run(connection, "VACUUM ANALYZE").await?;
    // Writes out everything, so that it does not happen during the next measurement.
    run(connection, "CHECKPOINT").await?;
    Ok(())
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), Fault> {
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(())
}

/// Copies' ids are ordered by time, as UUIDs of version 7 are, so that indexes grow as in production.
async fn number(
    connection: &mut PgConnection,
    filling: &Filling<'_>,
    from: i64,
    to: i64,
) -> Result<(), Fault> {
    run(connection, "TRUNCATE copy_of").await?;
    let numbered = "INSERT INTO copy_of SELECT t.id, (overlay(\
            lpad(to_hex((extract(epoch FROM c.at) * 1000)::int8), 12, '0') || '7' || \
            substr(c.hash, 1, 19) placing '8' from 17 for 1))::uuid, c.at - t.created_at \
        FROM (SELECT n, $1 + n * $2 * interval '1 microsecond' AS at, md5(n::text) AS hash \
            FROM generate_series($3::int8, $4::int8 - 1) AS n) AS c \
        JOIN template AS t ON t.number = c.n % (SELECT count(*) FROM template)";
    sqlx::query(numbered)
        .bind(filling.oldest)
        .bind(i64::try_from(filling.apart.as_micros())?)
        .bind(from)
        .bind(to)
        .execute(connection)
        .await?;
    Ok(())
}

/// Copies every column except the saga's id, the row's own id, times, and an event's position.
async fn insert(
    connection: &mut PgConnection,
    table: &str,
    key: &str,
    told: bool,
) -> Result<String, Fault> {
    let asked = "SELECT column_name::text, data_type::text FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
    let columns = sqlx::query(asked).bind(table).fetch_all(connection).await?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in columns {
        let (name, kind): (String, String) = (column.get(0), column.get(1));
        values.push(match (name.as_str(), kind.as_str()) {
            (name, _) if name == key => "c.id".to_owned(),
            ("id", _) => "overlay(c.id::text placing \
                 substr(md5(s.id::text || c.id::text), 1, 12) from 25)::uuid"
                .to_owned(),
            ("position", _) if told => {
                "(SELECT max(position) FROM outbox) + row_number() OVER ()".to_owned()
            }
            ("position", _) => "NULL".to_owned(),
            (name, "timestamp with time zone") => format!("s.{name} + c.shift"),
            (name, _) => format!("s.{name}"),
        });
        names.push(name);
    }
    Ok(format!(
        "INSERT INTO {table} ({}) SELECT {} FROM copy_of AS c JOIN template_{table} AS s \
         ON s.{key} = c.template",
        names.join(", "),
        values.join(", ")
    ))
}

//! Stores an order with its lines, in one commit and one round trip to the database, in the tables that
//! the service's own migrations made.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor as _, PgPool, SqlitePool};
use uuid::Uuid;

use crate::Fault;

/// The most connections: the service's `database.max_connections`.
const CONNECTIONS: u32 = 10;

/// One statement is a transaction by itself, so this is one round trip.
const POSTGRES: &str = "\
WITH stored AS (INSERT INTO orders (id, user_id, total_amount, status, created_at, updated_at) \
    VALUES ($1, $2, $3, 'Confirmed', $4, $5)) \
INSERT INTO order_items (id, order_id, line, product_id, quantity, unit_price) \
SELECT item.id, $1, item.line, item.product_id, item.quantity, item.unit_price \
FROM unnest($6::uuid[], $7::int4[], $8::uuid[], $9::int4[], $10::int8[]) \
    AS item(id, line, product_id, quantity, unit_price)";

/// Sent as one to the connection's thread.
const SQLITE: &str = "\
BEGIN IMMEDIATE; \
INSERT INTO orders (id, user_id, total_amount, status, created_at, updated_at) \
    VALUES ($1, $2, $3, 'Confirmed', $4, $5); \
INSERT INTO order_items (id, order_id, line, product_id, quantity, unit_price) \
    SELECT unhex(value->>'id'), $1, value->>'line', unhex(value->>'product_id'), \
    value->>'quantity', value->>'unit_price' FROM json_each($6); \
COMMIT";

/// What a flow that can be resumed has to know before it charges, and nothing more.
const INTENTS: &str = "CREATE TABLE IF NOT EXISTS plain_intents \
    (order_id uuid PRIMARY KEY, user_id uuid NOT NULL, total_amount bigint NOT NULL)";
const INTENT: &str =
    "INSERT INTO plain_intents (order_id, user_id, total_amount) VALUES ($1, $2, $3)";

pub struct Order {
    pub id: Uuid,
    pub user_id: Uuid,
    /// Paise.
    pub total_amount: i64,
    pub created_at: DateTime<Utc>,
    pub confirmed_at: DateTime<Utc>,
    pub items: Vec<Item>,
}

#[derive(Serialize)]
pub struct Item {
    #[serde(serialize_with = "hexadecimal")]
    pub id: Uuid,
    pub line: i32,
    #[serde(serialize_with = "hexadecimal")]
    pub product_id: Uuid,
    pub quantity: i32,
    /// Paise.
    pub unit_price: i64,
}

fn hexadecimal<S: Serializer>(id: &Uuid, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id.as_simple())
}

/// Where orders are stored. Clones share the connections.
#[derive(Clone)]
pub enum Books {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Books {
    pub async fn open(url: &str) -> Result<Self, Fault> {
        if !url.starts_with("sqlite:") {
            let pool = PgPoolOptions::new()
                .max_connections(CONNECTIONS)
                .min_connections(CONNECTIONS)
                .test_before_acquire(false)
                .connect(url);
            return Ok(Self::Postgres(pool.await?));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true);
        // SQLite has one writer anyway, and queueing here is better than its busy loop.
        let pool = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        Ok(Self::Sqlite(pool.connect_with(options).await?))
    }

    pub async fn make_room_for_intents(&self) -> Result<(), Fault> {
        match self {
            Self::Postgres(pool) => pool.execute(INTENTS).await.map(drop)?,
            Self::Sqlite(pool) => pool.execute(INTENTS).await.map(drop)?,
        }
        Ok(())
    }

    /// Stores what is about to be charged, in a commit of its own.
    pub async fn intend(&self, order: Uuid, user: Uuid, total: i64) -> Result<(), Fault> {
        match self {
            Self::Postgres(pool) => {
                let query = sqlx::query(INTENT).bind(order).bind(user).bind(total);
                query.execute(pool).await?;
            }
            Self::Sqlite(pool) => {
                let query = sqlx::query(INTENT).bind(order).bind(user).bind(total);
                query.execute(pool).await?;
            }
        }
        Ok(())
    }

    pub async fn store(&self, order: Order) -> Result<(), Fault> {
        match self {
            Self::Postgres(pool) => store_in_postgres(pool, order).await,
            Self::Sqlite(pool) => store_in_sqlite(pool, order).await,
        }
    }
}

async fn store_in_postgres(pool: &PgPool, order: Order) -> Result<(), Fault> {
    let items = &order.items;
    let query = sqlx::query(POSTGRES)
        .bind(order.id)
        .bind(order.user_id)
        .bind(order.total_amount)
        .bind(order.created_at)
        .bind(order.confirmed_at)
        .bind(items.iter().map(|item| item.id).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.line).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.product_id).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.quantity).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.unit_price).collect::<Vec<_>>());
    query.execute(pool).await?;
    Ok(())
}

async fn store_in_sqlite(pool: &SqlitePool, order: Order) -> Result<(), Fault> {
    let query = sqlx::query(SQLITE)
        .bind(order.id)
        .bind(order.user_id)
        .bind(order.total_amount)
        .bind(order.created_at)
        .bind(order.confirmed_at)
        .bind(serde_json::to_string(&order.items)?);
    let mut connection = pool.acquire().await?;
    if let Err(error) = query.execute(&mut *connection).await {
        // The next order must not find a transaction open; if closing it fails, nothing more can be done.
        drop(connection.detach());
        return Err(error.into());
    }
    Ok(())
}

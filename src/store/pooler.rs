//! Whether what may stand between us and PostgreSQL leaves us our sessions.
//!
//! A pooler in transaction mode lends each transaction any of its sessions. What we prepare and set
//! on a session would be missing there, and met by others. That shows only now and then, and only
//! under load, so it is provoked once, before anything is set, and refused.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{ConnectOptions as _, Connection, Error as DriverError, raw_sql};
use sea_orm::{DbErr, RuntimeErr};

use super::Error;
use crate::clock::Clock;

/// All of it takes no longer, or the database counts as out of reach.
const PATIENCE: Duration = Duration::from_secs(8);
/// A session of ours answers within this; one that is lent to somebody else doesn't.
const ANSWER: Duration = Duration::from_secs(2);

const LENT: &str = "`database.url`: the address looks like a transaction-mode pooler, which lends \
     each transaction another session; session mode is needed (PgBouncer: `pool_mode = session`)";

/// Returns where each connection has a session to itself.
///
/// # Errors
/// [`Error::Unusable`] where it has not, or where a pooler refuses what a session begins with;
/// [`Error::Unavailable`] where that can't be known now.
pub(super) async fn leaves_sessions(url: &str, clock: &Clock) -> Result<(), Error> {
    let Ok(options) = url.parse::<PgConnectOptions>() else {
        // It may hold a password: it is not repeated.
        return Err(Error::Unusable("`database.url` is not PostgreSQL's address".to_owned()));
    };
    // What the driver would set by itself is a parameter that poolers don't know.
    let options = options.application_name("order-service").extra_float_digits(None);
    let options = options.disable_statement_logging();
    match clock.within(PATIENCE, Box::pin(are_lent(&options, clock))).await {
        Some(Ok(false)) => Ok(()),
        Some(Ok(true)) => Err(Error::Unusable(LENT.to_owned())),
        Some(Err(error)) if is_said(&error, "startup parameter") => Err(Error::Unusable(format!(
            "`database.url`: the pooler there refuses how a session begins ({error}); PgBouncer lets \
             it through by `ignore_startup_parameters`"
        ))),
        Some(Err(error)) => {
            Err(Error::Unavailable(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))))
        }
        None => {
            let reason = "it does not answer, or a pooler has no two sessions for us".to_owned();
            Err(Error::Unavailable(DbErr::Conn(RuntimeErr::Internal(reason))))
        }
    }
}

async fn are_lent(options: &PgConnectOptions, clock: &Clock) -> Result<bool, DriverError> {
    const WHOSE: &str = "SELECT pg_backend_pid()";
    const WHOSE_FOR_LONG: &str = "BEGIN; SELECT pg_backend_pid()";

    let mut ours = PgConnection::connect_with(options).await?;
    let mut another = PgConnection::connect_with(options).await?;
    let first = session(&mut ours, WHOSE).await?;
    // A pooler that lends its sessions in turn gives us the next one here.
    let second = session(&mut ours, WHOSE).await?;
    // One that lends again what was last given back gives ours away here, until the transaction ends.
    let held = match session(&mut another, WHOSE_FOR_LONG).await {
        // One that lends for a single statement refuses transactions.
        Err(error) if is_said(&error, "statement pooling") => return Ok(true),
        held => held?,
    };
    let third = clock.within(ANSWER, session(&mut ours, WHOSE)).await;
    // Its answer shows that it was not the network that made us wait.
    raw_sql("ROLLBACK").execute(&mut another).await?;
    let Some(third) = third else { return Ok(true) };
    let third = third?;
    ours.close().await?;
    another.close().await?;
    Ok(held == first || second != first || third != first)
}

/// Which session of the server's answers.
async fn session(connection: &mut PgConnection, sql: &'static str) -> Result<i32, DriverError> {
    use sea_orm::sqlx::Row;

    raw_sql(sql).fetch_one(connection).await?.try_get(0)
}

/// Whether the pooler said so. It has one code for all of its errors, and some pass by themselves.
fn is_said(error: &DriverError, words: &str) -> bool {
    error.as_database_error().is_some_and(|said| said.message().contains(words))
}

//! Refuses a pooler in transaction mode between us and PostgreSQL.
//!
//! Such a pooler runs each transaction on any of its server sessions. What we prepare and set on a
//! session would be missing in the next transaction, and other clients would meet it. Under little load
//! that goes well most of the time, so it would be noticed late. It is provoked here once, before
//! anything is set: two connections ask which server session they are on, in an order that makes each
//! kind of pooler give a session away.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{ConnectOptions as _, Connection, Error as DriverError, raw_sql};
use sea_orm::{DbErr, RuntimeErr};

use super::Error;
use crate::clock::Clock;

/// How long the whole check may take before the database counts as out of reach.
const CHECK_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a session may take to answer. A client whose session was given away waits for longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

const TRANSACTION_MODE: &str = "`database.url`: the address looks like a transaction-mode pooler, which lends \
     each transaction another session; session mode is needed (PgBouncer: `pool_mode = session`)";

/// Checks that each connection has a server session to itself.
///
/// # Errors
/// [`Error::Unusable`] if it has not, or if a pooler refuses how our sessions begin;
/// [`Error::Unavailable`] if that can't be found out now.
pub(super) async fn check_sessions(url: &str, clock: &Clock) -> Result<(), Error> {
    let Ok(options) = url.parse::<PgConnectOptions>() else {
        // It may hold a password, so it is not repeated.
        return Err(Error::Unusable("`database.url` is not PostgreSQL's address".to_owned()));
    };
    // The driver would send this one as a start-up parameter, which poolers don't know.
    let options = options.application_name("order-service").extra_float_digits(None);
    let options = options.disable_statement_logging();
    match clock.within(CHECK_TIMEOUT, Box::pin(are_shared(&options, clock))).await {
        Some(Ok(false)) => Ok(()),
        Some(Ok(true)) => Err(Error::Unusable(TRANSACTION_MODE.to_owned())),
        Some(Err(error)) if says(&error, "startup parameter") => Err(Error::Unusable(format!(
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

/// Whether two connections of ours can get the same server session, or one of them another than before.
async fn are_shared(options: &PgConnectOptions, clock: &Clock) -> Result<bool, DriverError> {
    const SESSION: &str = "SELECT pg_backend_pid()";
    const SESSION_IN_TRANSACTION: &str = "BEGIN; SELECT pg_backend_pid()";

    let mut ours = PgConnection::connect_with(options).await?;
    let mut another = PgConnection::connect_with(options).await?;
    let first = session(&mut ours, SESSION).await?;
    // A pooler that uses its server sessions in turn gives us the next one here.
    let second = session(&mut ours, SESSION).await?;
    // One that uses the last free session again gives ours away here, until this transaction ends.
    let held = match session(&mut another, SESSION_IN_TRANSACTION).await {
        // One in statement mode refuses transactions.
        Err(error) if says(&error, "statement pooling") => return Ok(true),
        held => held?,
    };
    let third = clock.within(ANSWER_TIMEOUT, session(&mut ours, SESSION)).await;
    // This one is answered, so it was not the network that kept us waiting.
    raw_sql("ROLLBACK").execute(&mut another).await?;
    let Some(third) = third else { return Ok(true) };
    let third = third?;
    ours.close().await?;
    another.close().await?;
    Ok(held == first || second != first || third != first)
}

/// The process id of the server session that answers.
async fn session(connection: &mut PgConnection, sql: &'static str) -> Result<i32, DriverError> {
    use sea_orm::sqlx::Row;

    raw_sql(sql).fetch_one(connection).await?.try_get(0)
}

/// Whether the pooler's error says this. It has one code for all of its errors, and some are temporary.
fn says(error: &DriverError, words: &str) -> bool {
    error.as_database_error().is_some_and(|said| said.message().contains(words))
}

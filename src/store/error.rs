//! The store's errors.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use super::failure::{self, Remedy};

/// What can fail, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was written. A retry may succeed.
    #[error("the database is out of reach: {0}")]
    Unavailable(#[source] DbErr),
    /// A commit was sent and its answer was lost. It has to be read back before anything is decided.
    #[error("the database did not say whether it committed: {0}")]
    OutcomeUnknown(#[source] DbErr),
    /// The database will never take these values. Nothing was written.
    #[error("the database refuses the values: {0}")]
    Refused(#[source] DbErr),
    /// The store can't be used as it is configured; the text says why.
    #[error("{0}")]
    Unusable(String),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                // SQLSTATE classes 22 (data exception) and 23 (integrity violation): the values can't be
                // written. One such error is made on purpose: where not all writes of a commit stand, its
                // one statement fails by a cast of a text to a number (22P02), so that PostgreSQL rolls
                // everything back. `Refused` then has the log writer write one table after the other
                // (`commit_sql.rs` tells it in full).
                let code = cause.as_database_error().and_then(DatabaseError::code);
                let of_values = |code: &str| {
                    let is_sqlstate = code.len() == 5;
                    is_sqlstate && (code.starts_with("22") || code.starts_with("23"))
                        || failure::is_broken_constraint(code)
                };
                let is_conflict = failure::remedy(&error) == Remedy::RetryAfterPause;
                if code.as_deref().is_some_and(of_values) && !is_conflict {
                    Self::Refused(error)
                } else {
                    Self::Unavailable(error)
                }
            }
            _out_of_reach => Self::Unavailable(error),
        }
    }
}

impl Error {
    /// A commit of which nothing more will be heard.
    pub fn unheard(why: &str) -> Self {
        Self::OutcomeUnknown(DbErr::Custom(why.to_owned()))
    }

    /// Whether the connection broke, so that a retry on another one may help.
    pub fn is_of_connection(&self) -> bool {
        match self {
            Self::Unavailable(error) | Self::OutcomeUnknown(error) => {
                failure::remedy(error) == Remedy::Reconnect
            }
            Self::Refused(_) | Self::Unusable(_) => false,
        }
    }

    /// The error in general words, for the answer of the readiness probe. The error's own text may quote
    /// addresses and user names.
    pub fn in_words(&self) -> String {
        match self {
            Self::Unavailable(error) => failure::in_words(error).to_owned(),
            Self::OutcomeUnknown(_) => "the database does not say that it commits".to_owned(),
            Self::Refused(_) => "the database refuses what is written".to_owned(),
            Self::Unusable(reason) => reason.clone(),
        }
    }
}

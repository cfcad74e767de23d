//! The errors of commands. Each displays as one line.

use std::io;

use url::Url;

use crate::{app, config, retention, sandbox};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] config::Error),
    /// A flag or an argument has a value that can't be used, as is seen here or as the service says.
    #[error("{0}")]
    Usage(String),
    /// The service failed, or could not start.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The sandbox could not start.
    #[error("the sandbox can't start: {0}")]
    Sandbox(#[from] sandbox::Error),
    /// The operators' API did not answer.
    #[error(
        "cannot reach the order service at {url} ({reason}): is it running there? --url says where it is"
    )]
    Unreachable {
        /// The address that was tried.
        url: Url,
        /// The innermost cause.
        reason: String,
    },
    /// The operators' API refuses the token, or is closed.
    #[error(
        "{answer}; the token comes from --token, ORDER_SERVICE__OPERATOR__TOKEN or `operator.token`, \
         and must be the one that the service was started with"
    )]
    Unauthorized {
        /// Its answer.
        answer: String,
    },
    /// The operators' API refused.
    #[error("{0}")]
    Refused(String),
    /// The answer is not one of the operators' API.
    #[error("the answer of {url} can't be read ({reason}): is it the order service?")]
    Unreadable {
        /// The address that answered.
        url: Url,
        /// What is wrong with it.
        reason: String,
    },
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] retention::ArchiveError),
    /// Signals can't be waited for, or the output can't be written.
    #[error("{0}")]
    System(#[source] io::Error),
    /// A check or an audit found something. The findings are on stdout already, so this prints nothing.
    #[error("the answer is no")]
    NotAsItShouldBe,
    /// SIGTERM or ctrl-c came before the command was done.
    #[error("stopped before it was done; it can be run again")]
    Stopped,
    /// The reader of the output has closed it, as `head` does. This is not a failure, and prints nothing.
    #[error("the output was closed")]
    PipeClosed,
}

impl Error {
    /// 0 for success, 1 for a failure, 2 for wrong usage or configuration.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::Configuration(_) | Self::Usage(_) => 2,
            Self::App(error) => error.exit_code(),
            Self::Sandbox(_)
            | Self::Unreachable { .. }
            | Self::Unauthorized { .. }
            | Self::Refused(_)
            | Self::Unreadable { .. }
            | Self::NotAsItShouldBe
            | Self::Stopped
            | Self::Archive(_)
            | Self::System(_) => 1,
        }
    }
}

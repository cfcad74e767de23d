//! What a command can fail with. Each displays as one line.

use std::io;

use url::Url;

use crate::{app, config, sandbox};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] config::Error),
    /// A flag holds what can't be sent.
    #[error("{0}")]
    Usage(String),
    /// The service failed, or could not start.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The sandbox could not start.
    #[error("the sandbox can't start: {0}")]
    Sandbox(#[from] sandbox::Error),
    /// Nobody answered at the operators' API.
    #[error(
        "cannot reach the order service at {url} ({reason}): is it running there? --url says where it is"
    )]
    Unreachable {
        /// Where it was looked for.
        url: Url,
        /// The innermost cause.
        reason: String,
    },
    /// The operators' API wants another token, or has none.
    #[error(
        "{answer}; the token comes from --token, ORDER_SERVICE__OPERATOR__TOKEN or `operator.token`, \
         and must be the one that the service was started with"
    )]
    Unauthorized {
        /// What it said.
        answer: String,
    },
    /// The operators' API said no.
    #[error("{0}")]
    Refused(String),
    /// The answer is not what the operators' API sends.
    #[error("the answer of {url} can't be read ({reason}): is it the order service?")]
    Unreadable {
        /// Who answered.
        url: Url,
        /// What is wrong with it.
        reason: String,
    },
    /// Signals can't be waited for, or the output can't be written.
    #[error("{0}")]
    System(#[source] io::Error),
    /// The answer is no, and stdout has it with its reasons: nothing more is said.
    #[error("the answer is no")]
    Told,
    /// Whoever read the output has seen enough, as `head` does. Not a failure, and nothing is said.
    #[error("the output was closed")]
    PipeClosed,
}

impl Error {
    /// 0 fine, 1 failed, 2 wrong usage or configuration.
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
            | Self::Told
            | Self::System(_) => 1,
        }
    }
}

//! The composition root: the only room that knows every other.

mod audit;
mod compose;
mod demo;
mod document;
mod front;
mod listener;
mod serve;
mod strict;

use std::io;
use std::net::SocketAddr;

pub use audit::{audit, check};
pub use compose::{Composed, compose};
pub use demo::demo;
pub use document::openapi_json;
pub use serve::{Running, migrate, serve};

use crate::{sandbox, store};

/// Why the service can't start, or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or isn't ours.
    #[error("`http.listen`: cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The database can't be used.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The way to the neighbours can't be prepared.
    #[error("cannot prepare HTTP to the neighbours: {0}")]
    Neighbours(#[from] reqwest::Error),
    /// The demo's neighbours can't start.
    #[error("the sandbox can't start: {0}")]
    Sandbox(#[from] sandbox::Error),
    /// The HTTP server broke, or signals can't be waited for.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A flag holds what can't be used.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// 1, or 2 where the configuration is to blame.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Listen { .. }
            | Self::Store(_)
            | Self::Neighbours(_)
            | Self::Sandbox(_)
            | Self::System(_) => 1,
        }
    }
}

//! The composition root: the only room that imports all others.

mod audit;
mod audits;
mod books;
mod catalogue;
mod compose;
mod database;
mod demo;
mod document;
mod export_metrics;
mod import;
mod listener;
mod root_service;
mod scenes;
mod serve;
mod strict;

use std::io;
use std::net::SocketAddr;

pub use audit::{audit, check};
pub use compose::{Composed, compose};
pub use demo::{Begin, demo};
pub use document::openapi_json;
pub use import::import;
pub use serve::{Running, migrate, serve};

use crate::{import as importing, sandbox, store};

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
    /// The import can't go on.
    #[error(transparent)]
    Import(#[from] importing::Error),
    /// The HTTP clients for the neighbours can't be made.
    #[error("cannot prepare HTTP to the neighbours: {0}")]
    Neighbours(#[from] reqwest::Error),
    /// The demo's neighbours can't start.
    #[error("the sandbox can't start: {0}")]
    Sandbox(#[from] sandbox::Error),
    /// The HTTP server failed, or signals can't be waited for.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A flag has a value that can't be used.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// The process's exit code: 2 for wrong usage, 1 for any other failure.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Import(error) => error.exit_code(),
            Self::Listen { .. }
            | Self::Store(_)
            | Self::Neighbours(_)
            | Self::Sandbox(_)
            | Self::System(_) => 1,
        }
    }
}

//! How a sandbox is started, and why it may not start.

use std::{io, net::SocketAddr, path::PathBuf};

use super::{
    sample,
    sample::Sample,
    service::{Kinds, Service},
};

/// How a sandbox is started. The default is loopback on the ports that the real services use,
/// samples, all idempotent, all in memory.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the user service listens. Port 0 is any free port.
    pub user: SocketAddr,
    /// Where the product service listens.
    pub product: SocketAddr,
    /// Where the payment service listens.
    pub payment: SocketAddr,
    /// The `SQLite` file that keeps every act. A file that already holds something decides: it brings
    /// back its own users, products, ledger and kinds, and `idempotent` and `seeding` then only
    /// count for a reset. One sandbox at a time: a second on the same file doesn't start. `None`:
    /// all in memory.
    pub file: Option<PathBuf>,
    /// Which services are idempotent.
    pub idempotent: Kinds,
    /// Seed of the random numbers for faults that strike by chance.
    pub seed: u64,
    /// What the services own at the start.
    pub seeding: Seeding,
}

/// What the services own at the start, and after a reset that doesn't say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeding {
    /// The users and products of [`sample`].
    Samples,
    /// Nothing.
    Empty,
}

impl Seeding {
    pub(super) fn sample(self) -> Sample {
        match self {
            Self::Samples => sample::all(),
            Self::Empty => Sample::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            user: loopback(5005),
            product: loopback(5002),
            payment: loopback(5003),
            file: None,
            idempotent: Kinds::default(),
            seed: 0,
            seeding: Seeding::Samples,
        }
    }
}

impl Config {
    /// The default on three free ports of the loopback: what tests want.
    #[must_use]
    pub fn on_free_ports() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { user: any, product: any, payment: any, ..Self::default() }
    }
}

/// Why a sandbox doesn't start, or doesn't take a fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or isn't ours.
    #[error("the sandbox's {service} service cannot listen on {address}: {source}")]
    Listen {
        /// Which of the three.
        service: Service,
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The file can't be opened or read, or another sandbox has it.
    #[error("the sandbox cannot use the file {}: {source}", file.display())]
    File {
        /// The file that was asked for.
        file: PathBuf,
        /// What `SQLite` said.
        source: sqlx::Error,
    },
    /// The file was written by another version.
    #[error("the sandbox cannot read entry {entry} of the file {}: {source}", file.display())]
    Entry {
        /// The file that was asked for.
        file: PathBuf,
        /// The number of the entry.
        entry: i64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A fault that could never strike as meant.
    #[error("not a fault that can be injected: {0}")]
    Fault(&'static str),
}

//! The sandbox's configuration, and its errors.

use std::{io, net::SocketAddr, path::PathBuf};

use super::{
    sample,
    sample::Sample,
    service::{Idempotency, Service},
};

/// A sandbox's configuration. By default it listens on the loopback address, on the real services' ports,
/// has the samples, keeps everything in memory, and all its services are idempotent.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the user service listens. Port 0 is any free port.
    pub user: SocketAddr,
    /// Where the product service listens.
    pub product: SocketAddr,
    /// Where the payment service listens.
    pub payment: SocketAddr,
    /// The SQLite file that keeps everything; `None` keeps everything in memory. If the file already holds
    /// something, the sandbox comes back as it was, and `idempotent` and `seeding` are used only by a
    /// reset. Only one sandbox can use a file at a time.
    pub file: Option<PathBuf>,
    /// Which services are idempotent.
    pub idempotent: Idempotency,
    /// Seed of the random numbers that decide whether a fault with a probability strikes.
    pub seed: u64,
    /// What the services own at first.
    pub seeding: Seeding,
}

/// What the services own at first, and after a reset that doesn't say otherwise.
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
            idempotent: Idempotency::default(),
            seed: 0,
            seeding: Seeding::Samples,
        }
    }
}

impl Config {
    /// The default configuration on three free ports of the loopback address, for tests.
    #[must_use]
    pub fn on_free_ports() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { user: any, product: any, payment: any, ..Self::default() }
    }
}

/// Why a sandbox doesn't start, or refuses a fault.
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
        /// What SQLite said.
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
    /// A fault that could never strike as intended.
    #[error("not a fault that can be injected: {0}")]
    Fault(&'static str),
}

//! Why an import can't go on.

use std::io;
use std::path::PathBuf;

use crate::store;

/// Why an import can't go on. Nothing that it has written is wrong: it can be begun anew.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is not one that can be imported.
    #[error("{}: {what}", file.display())]
    Shape {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The rejects, or what is sorted on disk, can't be written or read back.
    #[error("cannot use {}: {source}", file.display())]
    Disk {
        /// The file, or the directory of files without a name.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database can't be used.
    #[error("{0}; what is imported by now stays, and the same command goes on from there")]
    Store(#[from] store::Error),
    /// Somebody else writes the same rows all the time.
    #[error("the same orders are being written by somebody else; run it again when that has ended")]
    Contended,
    /// Whoever takes the rows has failed, and says why.
    #[error("it was given up")]
    Abandoned,
    /// Rows were read that nothing became of.
    #[error("{read} rows were read, but something became of {judged}: a fault of this program")]
    Lost {
        /// How many were read.
        read: u64,
        /// How many were imported, found or rejected.
        judged: u64,
    },
}

impl Error {
    /// The process's exit code: 2 for a file that is not one to import, 1 for any other failure.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Shape { .. } => 2,
            Self::Disk { .. }
            | Self::Store(_)
            | Self::Contended
            | Self::Abandoned
            | Self::Lost { .. } => 1,
        }
    }
}

//! What can be wrong with an archive.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Why the archive can't be written to, or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The system refuses.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process writes to it, or was paused while it did.
    #[error("{directory}: another process writes to this archive", directory = directory.display())]
    InUse {
        /// The archive.
        directory: PathBuf,
    },
    /// It belongs to another database.
    #[error(
        "{manifest} is of the database {theirs}, and this one is {ours}: nothing is forgotten; \
         give this database an archive of its own (`retention.archive`)",
        manifest = manifest.display()
    )]
    OfAnotherDatabase {
        /// The manifest that says so.
        manifest: PathBuf,
        /// Its database.
        theirs: String,
        /// Ours.
        ours: Uuid,
    },
    /// It is not what its manifest says.
    #[error("{path}: {what}", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl ArchiveError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}

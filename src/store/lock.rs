//! The locks of an embedded database: SQLite is for one process.
//!
//! The invariant: while one process drives sagas on a file, no other does, by whatever name it comes
//! to it. So the file itself is locked, which symbolic and hard links, `.` and `..`, `%73` for `s` and
//! SQLite's own `file:` names all lead to. A second lock, on a file beside it, holds also when the
//! database was deleted or replaced under its owner.
//!
//! Both go with the process, however it ends, so that holding them proves that a former owner of
//! sagas is dead. SQLite locks ranges (`fcntl`); these locks are of another sort (`flock`), which on
//! Linux don't touch those, so that readers may come and go beside the owner.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{Connection, Error as DriverError, Row, raw_sql};

use super::Error;

/// What one process holds of an SQLite file.
#[derive(Debug)]
pub(super) struct Lock {
    beside: File,
    /// Elsewhere `flock` and `fcntl` are one sort of lock, and SQLite would be locked out by ours.
    #[cfg(target_os = "linux")]
    itself: File,
}

impl Lock {
    /// Locks the file that this URL leads to, which is made if there is none.
    ///
    /// # Errors
    /// [`Error::Unusable`] where another process has it, or it can't be opened.
    pub(super) async fn on(url: &str) -> Result<Self, Error> {
        let path = resolved(url).await.map_err(|error| unusable(&named(url), &error))?;
        let mut beside = path.clone().into_os_string();
        beside.push(".lock");
        let beside = PathBuf::from(beside);
        let lock = File::options().create(true).truncate(false).write(true).open(&beside);
        let lock = lock.map_err(|error| unusable(&beside, &error))?;
        lock.try_lock().map_err(|error| refused(&path, error))?;
        Ok(Self {
            beside: lock,
            #[cfg(target_os = "linux")]
            itself: locked(&path)?,
        })
    }

    /// Lets another process have the file, though clones of the store may linger. A lock that can't
    /// be given back goes with the process.
    pub(super) fn give_back(&self) {
        #[cfg(target_os = "linux")]
        drop(self.itself.unlock());
        drop(self.beside.unlock());
    }
}

/// The database file, open and locked.
///
/// A process that closes a descriptor of a file loses all its range locks on it, SQLite's too. So
/// this one is kept for as long as there are connections, and where it is refused, for good: the
/// process may have the file open already, by another name.
#[cfg(target_os = "linux")]
fn locked(path: &Path) -> Result<File, Error> {
    use std::os::unix::fs::MetadataExt;

    let file = File::options().write(true).open(path).map_err(|error| unusable(path, &error))?;
    if let Err(error) = file.try_lock() {
        std::mem::forget(file);
        return Err(refused(path, error));
    }
    if file.metadata().is_ok_and(|file| file.nlink() > 1) {
        tracing::warn!(
            "{} has other names (hard links); SQLite keeps its log beside the name, so a start by \
             another one would miss the last orders",
            path.display()
        );
    }
    Ok(file)
}

fn refused(path: &Path, error: TryLockError) -> Error {
    match error {
        TryLockError::WouldBlock => Error::Unusable(format!(
            "`database.url`: {} is in use by another process; SQLite is for one process, \
             PostgreSQL for more",
            path.display()
        )),
        TryLockError::Error(error) => unusable(path, &error),
    }
}

fn unusable(path: &Path, error: &dyn std::error::Error) -> Error {
    Error::Unusable(format!("`database.url`: cannot open {}: {error}", path.display()))
}

/// The file as the URL names it, percent-decoded as the driver does.
pub(super) fn named(url: &str) -> PathBuf {
    let options: Result<SqliteConnectOptions, _> = url.parse();
    options.map_or_else(|_| PathBuf::from(url), |options| options.get_filename().to_owned())
}

/// The file that SQLite opens for this URL: an absolute path without links. It is made if there is
/// none. SQLite is asked, since only SQLite knows what all of its names mean.
async fn resolved(url: &str) -> Result<PathBuf, DriverError> {
    let options: SqliteConnectOptions = url.parse()?;
    let mut connection = SqliteConnection::connect_with(&options.create_if_missing(true)).await?;
    // Reads nothing of the file, which may be another's.
    let row = raw_sql("PRAGMA database_list").fetch_one(&mut connection).await?;
    let path: String = row.try_get("file")?;
    connection.close().await?;
    if path.is_empty() {
        let in_memory = io::Error::other("it is in memory only; SQLite's orders need a file");
        return Err(DriverError::Io(in_memory));
    }
    Ok(PathBuf::from(path))
}

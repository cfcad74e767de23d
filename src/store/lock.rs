//! The locks of an SQLite file: only one process may drive sagas on it.
//!
//! The invariant: while one process drives sagas on a file, no other does, whatever name it uses for
//! it. So the lock is on the database file itself, to which symbolic and hard links, `.` and `..`,
//! `%73` for `s` and SQLite's own `file:` names all lead. A second lock is on a file beside it; that one
//! still holds when the database was deleted or replaced under its owner.
//!
//! The system releases both when the process ends, however it ends. So holding them proves that the
//! former owner of the sagas is dead. SQLite itself locks ranges of the file (`fcntl`). These are whole
//! file locks (`flock`), which on Linux are independent of those, so that readers may come and go.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{Connection, Error as DriverError, Row, raw_sql};

use super::Error;

/// Both locks, held.
#[derive(Debug)]
pub(super) struct FileLock {
    beside: File,
    /// Only on Linux: elsewhere `flock` and `fcntl` locks exclude each other, and ours would lock SQLite
    /// out.
    #[cfg(target_os = "linux")]
    itself: File,
}

impl FileLock {
    /// Locks the file that this URL leads to. Creates it if there is none.
    ///
    /// # Errors
    /// [`Error::Unusable`] if another process holds the lock, or the file can't be opened.
    pub(super) async fn acquire(url: &str) -> Result<Self, Error> {
        let path = resolved(url).await.map_err(|error| unusable(&sqlite_file(url), &error))?;
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

    /// Releases both locks, though clones of the store may still exist. A lock that can't be released
    /// here is released when the process ends.
    pub(super) fn release(&self) {
        #[cfg(target_os = "linux")]
        drop(self.itself.unlock());
        drop(self.beside.unlock());
    }
}

/// Opens and locks the database file.
///
/// When a process closes any descriptor of a file, it loses all its range locks on it, SQLite's too. So
/// this descriptor stays open as long as there are connections. If the lock is refused, it stays open
/// for good, since this process may have the file open already under another name.
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

/// The file that the URL names, percent-decoded as the driver does.
pub fn sqlite_file(url: &str) -> PathBuf {
    let options: Result<SqliteConnectOptions, _> = url.parse();
    options.map_or_else(|_| PathBuf::from(url), |options| options.get_filename().to_owned())
}

/// The file that SQLite opens for this URL, as an absolute path without links. Creates it if there is
/// none. SQLite itself is asked, since only SQLite knows what all of its names mean.
async fn resolved(url: &str) -> Result<PathBuf, DriverError> {
    let options: SqliteConnectOptions = url.parse()?;
    let mut connection = SqliteConnection::connect_with(&options.create_if_missing(true)).await?;
    // Reads nothing of the file, which another process may own.
    let row = raw_sql("PRAGMA database_list").fetch_one(&mut connection).await?;
    let path: String = row.try_get("file")?;
    connection.close().await?;
    if path.is_empty() {
        let in_memory = io::Error::other("it is in memory only; SQLite's orders need a file");
        return Err(DriverError::Io(in_memory));
    }
    Ok(PathBuf::from(path))
}

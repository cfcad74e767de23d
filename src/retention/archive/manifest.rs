//! Manifests: what of an archive's file is promised. Replaced as a whole, so that a reader sees the one
//! before or the one after.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::ArchiveError;

/// The beginning of every name.
const PREFIX: &str = "sagas-";
/// The end of the name of a file of sagas.
const FILE: &str = ".jsonl.zst";
/// The end of a manifest's name.
const MANIFEST: &str = ".json";

/// What of a file is promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The file's name.
    pub file: String,
    /// Sagas in it: lines.
    pub sagas: u64,
    /// Entries of their logs.
    pub entries: u64,
    /// So many bytes from its beginning on.
    pub bytes: u64,
    /// Of these bytes, in lowercase hexadecimal.
    pub sha256: String,
    /// The id of the database that they came from.
    pub database: String,
}

impl Manifest {
    /// Of a file that nothing is promised of yet.
    pub(super) fn empty(file: &str, database: Uuid) -> Self {
        let (file, database) = (file.to_owned(), database.to_string());
        let sha256 = base16ct::lower::encode_string(&Sha256::digest([]));
        Self { file, sagas: 0, entries: 0, bytes: 0, sha256, database }
    }

    /// The manifest of a file; `None` where it has none.
    pub(super) fn of(directory: &Path, file: &str) -> Result<Option<Self>, ArchiveError> {
        Self::read(&directory.join(manifest_of(file)))
    }

    /// Every manifest of an archive, oldest day first.
    pub(super) fn all(directory: &Path) -> Result<Vec<(PathBuf, Self)>, ArchiveError> {
        Self::since(directory, "")
    }

    /// Those of this file and of later days, oldest day first.
    pub(super) fn since(
        directory: &Path,
        file: &str,
    ) -> Result<Vec<(PathBuf, Self)>, ArchiveError> {
        let (mut all, first) = (Vec::new(), manifest_of(file));
        for name in names(directory)? {
            let is_since = file.is_empty() || name >= first;
            if is_since && name.starts_with(PREFIX) && name.ends_with(MANIFEST) {
                let path = directory.join(name);
                all.extend(Self::read(&path)?.map(|manifest| (path, manifest)));
            }
        }
        Ok(all)
    }

    fn read(path: &Path) -> Result<Option<Self>, ArchiveError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ArchiveError::io(path)(error)),
        };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| ArchiveError::damaged(path, format!("no manifest: {error}")))?;
        let is_own = path.file_name().is_some_and(|name| *name == *manifest_of(&manifest.file));
        if !is_own || !is_file(&manifest.file) {
            let what = format!("it is the manifest of {}, by what it says", manifest.file);
            return Err(ArchiveError::damaged(path, what));
        }
        Ok(Some(manifest))
    }

    /// Replaces the manifest of its file. Durable once this returns.
    pub(super) fn replace(&self, directory: &Path) -> Result<(), ArchiveError> {
        let path = directory.join(manifest_of(&self.file));
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        // Plain data with string keys.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        let written = || {
            let mut file = File::create(&beside)?;
            file.write_all(&text)?;
            file.sync_all()
        };
        written().map_err(ArchiveError::io(&beside))?;
        fs::rename(&beside, &path).map_err(ArchiveError::io(&path))?;
        sync_directory(directory)
    }
}

/// The file that holds what is archived at this time.
pub fn file_of(at: DateTime<Utc>) -> String {
    format!("{PREFIX}{}{FILE}", at.date_naive())
}

/// The manifest's name of a file.
fn manifest_of(file: &str) -> String {
    format!("{}{MANIFEST}", file.strip_suffix(FILE).unwrap_or(file))
}

/// Whether this is the name of a file of sagas. Names are read from manifests, and opened.
fn is_file(name: &str) -> bool {
    let day = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(FILE));
    day.is_some_and(|day| day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// Every file of sagas in an archive, oldest day first.
pub(super) fn files(directory: &Path) -> Result<Vec<String>, ArchiveError> {
    Ok(names(directory)?.into_iter().filter(|name| is_file(name)).collect())
}

fn names(directory: &Path) -> Result<Vec<String>, ArchiveError> {
    let listed = fs::read_dir(directory).map_err(ArchiveError::io(directory))?;
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_string().ok());
    let names: io::Result<Vec<_>> = listed.map(name).collect();
    let mut names: Vec<_> =
        names.map_err(ArchiveError::io(directory))?.into_iter().flatten().collect();
    names.sort();
    Ok(names)
}

/// Makes names that were added or replaced durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), ArchiveError> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(ArchiveError::io(directory))
}

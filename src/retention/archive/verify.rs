//! Checking an archive: whether each file is what its manifest promises.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::ArchiveError;
use super::append::{NO_MANIFEST, hash_of};
use super::manifest::{Manifest, files};
use super::read::each_line;

/// A file that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Its name.
    pub file: String,
    /// Sagas that are promised.
    pub sagas: u64,
    /// Log entries that are promised.
    pub entries: u64,
    /// Bytes that are promised.
    pub bytes: u64,
    /// Bytes behind those: of a batch that was never promised. The next batch cuts them off.
    pub never_promised: u64,
    /// Whether it is what is promised.
    pub condition: Condition,
}

/// Whether a file is what is promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    /// It is.
    Good,
    /// It is not.
    Bad(String),
}

/// Checks every file of an archive, the oldest first; `progress` is called with the name of each.
///
/// # Errors
/// Where the directory can't be read. What is wrong with a file is its [`Condition`].
pub fn verify(
    directory: &Path,
    mut progress: impl FnMut(&str),
) -> Result<Vec<Verified>, ArchiveError> {
    let files = files(directory)?;
    let mut verified = Vec::new();
    for name in with_manifests(directory, files)? {
        progress(&name);
        verified.push(match Manifest::of(directory, &name) {
            Ok(Some(manifest)) => checked(directory, &manifest),
            Ok(None) if length(directory, &name) == 0 => unknown(&name, Condition::Good),
            Ok(None) => unknown(&name, Condition::Bad(NO_MANIFEST.to_owned())),
            Err(error) => unknown(&name, Condition::Bad(error.to_string())),
        });
    }
    Ok(verified)
}

/// These files, and those that only manifests know of.
fn with_manifests(directory: &Path, mut files: Vec<String>) -> Result<Vec<String>, ArchiveError> {
    let listed = fs::read_dir(directory).map_err(ArchiveError::io(directory))?;
    for entry in listed {
        let name = entry.map_err(ArchiveError::io(directory))?.file_name();
        let name = name.to_string_lossy();
        if let Some(day) = name.strip_suffix(".json").filter(|day| day.starts_with("sagas-")) {
            files.push(format!("{day}.jsonl.zst"));
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// A file that no manifest promises anything of.
fn unknown(file: &str, condition: Condition) -> Verified {
    let file = file.to_owned();
    Verified { file, sagas: 0, entries: 0, bytes: 0, never_promised: 0, condition }
}

fn length(directory: &Path, file: &str) -> u64 {
    fs::metadata(directory.join(file)).map_or(0, |file| file.len())
}

fn checked(directory: &Path, manifest: &Manifest) -> Verified {
    let condition = match fault(directory, manifest) {
        Ok(None) => Condition::Good,
        Ok(Some(fault)) => Condition::Bad(fault),
        Err(ArchiveError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Condition::Bad("the file is missing".to_owned())
        }
        Err(ArchiveError::Damaged { what, .. }) => Condition::Bad(what),
        Err(error) => Condition::Bad(error.to_string()),
    };
    Verified {
        file: manifest.file.clone(),
        sagas: manifest.sagas,
        entries: manifest.entries,
        bytes: manifest.bytes,
        never_promised: length(directory, &manifest.file).saturating_sub(manifest.bytes),
        condition,
    }
}

/// What is wrong with a file that can be read.
fn fault(directory: &Path, manifest: &Manifest) -> Result<Option<String>, ArchiveError> {
    use sha2::Digest as _;

    let hash = hash_of(&directory.join(&manifest.file), manifest.bytes)?.finalize();
    if base16ct::lower::encode_string(&hash) != manifest.sha256 {
        return Ok(Some("its bytes have changed: another SHA-256 than promised".to_owned()));
    }
    let (mut sagas, mut entries, mut unreadable) = (0_u64, 0_u64, 0_u64);
    each_line(directory, manifest, |line| {
        let steps = serde_json::from_str::<Value>(line).ok();
        let steps = steps.and_then(|line| Some(line.get("steps")?.as_array()?.len() as u64));
        sagas += 1;
        match steps {
            Some(steps) => entries += steps,
            None => unreadable += 1,
        }
    })?;
    Ok(match manifest {
        _ if unreadable > 0 => Some(format!("{unreadable} lines are no sagas")),
        manifest if manifest.sagas != sagas => {
            Some(format!("{sagas} sagas, and {} are promised", manifest.sagas))
        }
        manifest if manifest.entries != entries => {
            Some(format!("{entries} log entries, and {} are promised", manifest.entries))
        }
        _ => None,
    })
}

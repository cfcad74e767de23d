//! Looking for sagas in an archive.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde_json::Value;
use uuid::Uuid;

use super::ArchiveError;
use super::manifest::Manifest;
use super::part::about;

/// The lines of this saga, or of the sagas of this order: of each saga the last one, in the order of the
/// archive. Reads every file, the oldest first; `progress` is called with the name of each.
pub fn find(
    directory: &Path,
    id: Uuid,
    mut progress: impl FnMut(&str),
) -> Result<Vec<Value>, ArchiveError> {
    let mut found: Vec<(Uuid, Value)> = Vec::new();
    let text = id.to_string();
    for (_, manifest) in Manifest::all(directory)? {
        progress(&manifest.file);
        each_line(directory, &manifest, |line| {
            // Most lines are about others: they need not be parsed.
            let is_about = line.contains(&text)
                && about(line).is_some_and(|(saga, order)| saga == id || order == id);
            let of = about(line).filter(|_| is_about).map(|(saga, _)| saga);
            if let (Some(saga), Ok(value)) = (of, serde_json::from_str(line)) {
                // One that changed while it was archived is archived once more.
                found.retain(|(other, _)| *other != saga);
                found.push((saga, value));
            }
        })?;
    }
    Ok(found.into_iter().map(|(_, line)| line).collect())
}

/// Calls `with` for each line that is promised.
pub(super) fn each_line(
    directory: &Path,
    manifest: &Manifest,
    mut with: impl FnMut(&str),
) -> Result<(), ArchiveError> {
    if manifest.bytes == 0 {
        // It was begun, and has no frame yet.
        return Ok(());
    }
    let path = directory.join(&manifest.file);
    let file = File::open(&path).map_err(ArchiveError::io(&path))?;
    let read = || {
        let lines = zstd::stream::read::Decoder::new(file.take(manifest.bytes))?;
        for line in BufReader::new(lines).lines() {
            with(&line?);
        }
        Ok(())
    };
    let damaged = |error: std::io::Error| ArchiveError::damaged(&path, error.to_string());
    read().map_err(damaged)
}

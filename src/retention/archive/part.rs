//! A batch as it is read back: by another handle, from the file.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use uuid::Uuid;

use super::ArchiveError;
use super::manifest::Manifest;
use crate::store::ArchiveMark;

/// Bytes that are read for a batch: more only where it is larger, which few are. None is larger than the last
/// of these, which limits what a damaged file may have us read.
const READ: [u64; 3] = [1 << 20, 32 << 20, 512 << 20];

/// A batch that is promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it ends.
    pub until: ArchiveMark,
    /// Its bytes in the file.
    pub bytes: u64,
    /// Its lines, each with the ids of the saga and of the order that it is about.
    pub lines: Vec<PartLine>,
}

/// A line of an archive, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartLine {
    /// The saga.
    pub saga: Uuid,
    /// Its order.
    pub order: Uuid,
    /// The line, without its end.
    pub line: String,
}

impl Part {
    /// The batch that begins at `from`, which lies before the end of what is promised.
    pub(super) fn read(
        directory: &Path,
        manifest: &Manifest,
        from: u64,
    ) -> Result<Self, ArchiveError> {
        let path = directory.join(&manifest.file);
        let damaged = |what: String| {
            ArchiveError::damaged(&path, format!("the batch at byte {from}: {what}"))
        };
        let (mut bytes, mut length) = (Vec::new(), Err(0));
        for most in READ {
            let most = manifest.bytes.saturating_sub(from).min(most);
            bytes = bytes_of(&path, from, most).map_err(ArchiveError::io(&path))?;
            length = zstd::zstd_safe::find_frame_compressed_size(&bytes);
            if length.is_ok() {
                break;
            }
        }
        let length =
            length.map_err(|code| damaged(zstd::zstd_safe::get_error_name(code).to_owned()))?;
        let frame = bytes.get(..length).unwrap_or(&bytes);
        let text = zstd::stream::decode_all(frame).map_err(|error| damaged(error.to_string()))?;
        let text = String::from_utf8(text).map_err(|error| damaged(error.to_string()))?;
        let lines = text.lines().map(|line| {
            let (saga, order) = about(line).ok_or_else(|| damaged("no saga".to_owned()))?;
            Ok(PartLine { saga, order, line: line.to_owned() })
        });
        let lines = lines.collect::<Result<_, ArchiveError>>()?;
        let length = length as u64;
        let until = ArchiveMark { file: manifest.file.clone(), bytes: from + length };
        Ok(Self { until, bytes: length, lines })
    }
}

/// So many bytes of a file behind this one, or as many as there are.
fn bytes_of(path: &Path, from: u64, most: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The ids of the saga and of the order that a line is about.
pub(super) fn about(line: &str) -> Option<(Uuid, Uuid)> {
    #[derive(serde::Deserialize)]
    struct Line {
        saga: Saga,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Saga {
        id: Uuid,
        order_id: Uuid,
    }
    let Line { saga } = serde_json::from_str(line).ok()?;
    Some((saga.id, saga.order_id))
}

//! Appending batches.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::ArchiveError;
use super::manifest::{Manifest, sync_directory};
use super::part::Part;
use crate::store::ArchiveMark;

/// Between speed and size: logs are alike, and shrink to a tenth.
const LEVEL: i32 = 6;
/// The file whose lock is held.
const LOCK: &str = "archive.lock";
/// Bytes that are read at a time.
const CHUNK: usize = 1 << 20;
/// What is wrong with a file whose manifest is gone.
pub(super) const NO_MANIFEST: &str = "its manifest is missing";

/// An archive that this process alone may write to, as long as this lives.
#[derive(Debug)]
pub struct Archive {
    directory: PathBuf,
    database: Uuid,
    /// The file that was appended to last, as far as it is promised, and the hash of that.
    last: Option<(Manifest, Sha256)>,
    _lock: File,
}

impl Archive {
    /// Opens it for this database. Creates it if there is none.
    ///
    /// # Errors
    /// Where another process has it open, or it is another database's.
    pub fn open(directory: &Path, database: Uuid) -> Result<Self, ArchiveError> {
        fs::create_dir_all(directory).map_err(ArchiveError::io(directory))?;
        let path = directory.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(ArchiveError::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ArchiveError::InUse { directory: directory.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(ArchiveError::io(&path)(error)),
        }
        let ours = database.to_string();
        for (manifest, Manifest { database: theirs, .. }) in Manifest::all(directory)? {
            if theirs != ours {
                let ours = database;
                return Err(ArchiveError::OfAnotherDatabase { manifest, theirs, ours });
            }
        }
        let directory = directory.to_owned();
        Ok(Self { directory, database, last: None, _lock: lock })
    }

    /// What is promised behind this mark, at most one batch; `None` where nothing is.
    pub fn behind(&self, mark: Option<&ArchiveMark>) -> Result<Option<Part>, ArchiveError> {
        // The days before are done with.
        let since = mark.map_or("", |mark| mark.file.as_str());
        for (_, manifest) in Manifest::since(&self.directory, since)? {
            let from = match mark {
                Some(mark) if manifest.file == mark.file => mark.bytes,
                Some(_) | None => 0,
            };
            if from < manifest.bytes {
                return Part::read(&self.directory, &manifest, from).map(Some);
            }
        }
        Ok(None)
    }

    /// Creates a file and its manifest, unless they are there. Returns whether nothing is promised of it yet. As the
    /// manifest is there before the first byte, a file with bytes and without a manifest has lost it, and is left alone.
    pub fn begin(&self, file: &str) -> Result<bool, ArchiveError> {
        if let Some(manifest) = Manifest::of(&self.directory, file)? {
            return Ok(manifest.bytes == 0);
        }
        let path = self.directory.join(file);
        let created = File::options().create(true).truncate(false).write(true).open(&path);
        let length = created.and_then(|data| Ok(data.metadata()?.len()));
        if length.map_err(ArchiveError::io(&path))? > 0 {
            return Err(ArchiveError::damaged(&path, NO_MANIFEST));
        }
        sync_directory(&self.directory)?;
        Manifest::empty(file, self.database).replace(&self.directory)?;
        Ok(true)
    }

    /// Appends lines, which have so many log entries, as a batch to a file that was begun. Returns up to where the
    /// archive is promised then. When this returns, they survive a crash of the machine.
    pub fn append(
        &mut self,
        file: &str,
        lines: &[&str],
        entries: u64,
    ) -> Result<ArchiveMark, ArchiveError> {
        let path = self.directory.join(file);
        let (before, mut hash) = self.promised(file, &path)?;
        let frame = compressed(lines).map_err(ArchiveError::io(&path))?;
        let mut data = File::options().write(true).open(&path).map_err(ArchiveError::io(&path))?;
        let length = data.metadata().map_err(ArchiveError::io(&path))?.len();
        if length < before.bytes {
            let what = format!("it has {length} bytes, and {} are promised", before.bytes);
            return Err(ArchiveError::damaged(&path, what));
        }
        let mut written = || {
            // What was never promised is cut off.
            data.set_len(before.bytes)?;
            data.seek(SeekFrom::Start(before.bytes))?;
            data.write_all(&frame)?;
            data.sync_all()
        };
        written().map_err(ArchiveError::io(&path))?;
        hash.update(&frame);
        let manifest = Manifest {
            sagas: before.sagas + lines.len() as u64,
            entries: before.entries + entries,
            bytes: before.bytes + frame.len() as u64,
            sha256: base16ct::lower::encode_string(&hash.clone().finalize()),
            ..before
        };
        manifest.replace(&self.directory)?;
        let until = ArchiveMark { file: file.to_owned(), bytes: manifest.bytes };
        self.last = Some((manifest, hash));
        Ok(until)
    }

    /// The error of a batch that is read back as something else.
    pub fn not_as_written(&self, file: &str) -> ArchiveError {
        let what = "what is read back is not what was written: nothing of it is deleted";
        ArchiveError::damaged(&self.directory.join(file), what)
    }

    /// What is promised of a file, and the hash of it. It is read in full once, so that nothing is ever
    /// appended to what is damaged.
    fn promised(&mut self, file: &str, path: &Path) -> Result<(Manifest, Sha256), ArchiveError> {
        if let Some(last) = self.last.take_if(|(manifest, _)| manifest.file == file) {
            return Ok(last);
        }
        let Some(manifest) = Manifest::of(&self.directory, file)? else {
            return Err(ArchiveError::damaged(path, NO_MANIFEST));
        };
        let hash = hash_of(path, manifest.bytes)?;
        if base16ct::lower::encode_string(&hash.clone().finalize()) != manifest.sha256 {
            let what = "it is not what its manifest says: `order-service archive verify`";
            return Err(ArchiveError::damaged(path, what));
        }
        Ok((manifest, hash))
    }
}

fn compressed(lines: &[&str]) -> std::io::Result<Vec<u8>> {
    let mut frame = zstd::stream::Encoder::new(Vec::new(), LEVEL)?;
    frame.include_checksum(true)?;
    for line in lines {
        frame.write_all(line.as_bytes())?;
        frame.write_all(b"\n")?;
    }
    frame.finish()
}

/// The hash of the first bytes of a file.
pub(super) fn hash_of(path: &Path, bytes: u64) -> Result<Sha256, ArchiveError> {
    let file = File::open(path).map_err(ArchiveError::io(path))?;
    let (mut part, mut hash) = (file.take(bytes), Sha256::new());
    let (mut chunk, mut hashed) = (vec![0; CHUNK], 0);
    loop {
        let read = part.read(&mut chunk).map_err(ArchiveError::io(path))?;
        let Some(chunk) = chunk.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        hash.update(chunk);
        hashed += read as u64;
    }
    if hashed < bytes {
        let what = format!("it has {hashed} bytes, and {bytes} are promised");
        return Err(ArchiveError::damaged(path, what));
    }
    Ok(hash)
}

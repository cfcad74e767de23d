//! The ids of the orders that have to be there, kept on disk until they are read back.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use uuid::Uuid;

/// Ids on their way to disk.
#[derive(Debug)]
pub(super) struct Spool {
    file: BufWriter<File>,
    pub(super) ids: u64,
}

impl Spool {
    /// In a file without a name in this directory.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile_in(directory)?), ids: 0 })
    }

    /// Takes an id.
    pub(super) fn push(&mut self, id: Uuid) -> io::Result<()> {
        self.ids += 1;
        self.file.write_all(id.as_bytes())
    }

    /// All of them, to be read.
    pub(super) fn rewind(self) -> io::Result<Pages> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Pages { file: BufReader::new(file), left: self.ids })
    }
}

/// Ids, page by page.
#[derive(Debug)]
pub(super) struct Pages {
    file: BufReader<File>,
    left: u64,
}

impl Pages {
    /// The next ids, up to `limit`; none at the end.
    pub(super) fn next(&mut self, limit: u64) -> io::Result<Vec<Uuid>> {
        let count = self.left.min(limit);
        self.left -= count;
        let id = |_| {
            let mut id = [0; 16];
            self.file.read_exact(&mut id)?;
            Ok(Uuid::from_bytes(id))
        };
        (0..count).map(id).collect()
    }
}

//! Bytes of a file: counted, and no more of them for one row than a row may have.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Error;

/// The longest row. A row is a few hundred bytes; a quote that is never closed would make all the rest of a
/// file one row, in memory.
const MAX_ROW: u64 = 16 * 1024;
/// What a reader of rows may read ahead.
const AHEAD: u64 = 16 * 1024;

/// A file that is read once, from its beginning to its end.
#[derive(Debug)]
pub(super) struct Input {
    file: BufReader<File>,
    /// Bytes that may still be read for the row that is being read.
    left: Arc<AtomicU64>,
    /// Bytes that were read of it.
    read: Arc<AtomicU64>,
    /// The last of them that ends no line.
    last: u8,
}

/// What a reader of rows tells an [`Input`] that something else reads from.
#[derive(Clone, Debug)]
pub(super) struct RowLimit(Arc<AtomicU64>);

impl RowLimit {
    /// Another row begins.
    pub(super) fn next_row(&self) {
        self.0.store(MAX_ROW + AHEAD, Ordering::Relaxed);
    }
}

impl Input {
    /// Opens a file, and counts into `read` what is read of it. Says how it begins: a byte order mark of
    /// UTF-8 is passed over.
    pub(super) fn open(path: &Path, read: Arc<AtomicU64>) -> Result<Self, Error> {
        let shape = |what: String| Error::Shape { file: path.to_owned(), what };
        let unreadable = |error: io::Error| shape(format!("cannot be read: {error}"));
        let mut file = BufReader::with_capacity(64 * 1024, File::open(path).map_err(unreadable)?);
        match file.fill_buf().map_err(unreadable)? {
            [] => return Err(shape("is empty: a header line is missing".to_owned())),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, ..] | [_, 0, ..] => {
                return Err(shape(UTF_16.to_owned()));
            }
            [0xEF, 0xBB, 0xBF, ..] => file.consume(3),
            _ => {}
        }
        Ok(Self { file, left: Arc::new(AtomicU64::new(MAX_ROW + AHEAD)), read, last: 0 })
    }

    /// How the file begins, as far as it is at hand.
    pub(super) fn beginning(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    /// Whether what was read ends with a quote, but for the ends of lines.
    pub(super) fn ends_with_a_quote(&self) -> bool {
        self.last == b'"'
    }

    /// To begin rows with, while something else reads from this.
    pub(super) fn row_limit(&self) -> RowLimit {
        RowLimit(self.left.clone())
    }

    /// The next line, with its end, into `line`; nothing at the end.
    pub(super) fn line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        line.clear();
        let read = self.file.by_ref().take(MAX_ROW + 1).read_until(b'\n', line)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        if read as u64 > MAX_ROW { Err(too_long()) } else { Ok(()) }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(too_long());
        }
        let read = self.file.read(buffer)?;
        let last = buffer[..read].iter().rfind(|byte| !matches!(byte, b'\r' | b'\n'));
        self.last = last.copied().unwrap_or(self.last);
        self.left.store(left.saturating_sub(read as u64), Ordering::Relaxed);
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn too_long() -> io::Error {
    io::Error::other(format!(
        "a row is longer than {} KiB: is there a quote that is never closed?",
        MAX_ROW / 1024
    ))
}

const UTF_16: &str = "is UTF-16, and has to be UTF-8: export it with `bcp -c -C 65001` or \
                      `sqlcmd -f 65001` and without -w or -u, or convert it with \
                      `iconv -f UTF-16 -t UTF-8`";

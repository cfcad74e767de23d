//! Sorts rows on disk, in memory that does not grow with their number.
//!
//! ```text
//! rows ─▶ 16 MiB ─▶ a run, sorted ─┐
//!         16 MiB ─▶ a run, sorted ─┼─ 32 of them ─▶ merged to one of the next tier ... ─▶ all merged, read once
//!         ...                      ┘
//! ```
//!
//! Not a crate: those that sort on disk limit a run by the number of its rows and not by their size, merge
//! any number of runs at once, each with a buffer and an open file, or leave files behind when they are killed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// What rows are sorted by: an id, then their line in the file.
pub(super) type Key = (Uuid, u64);

/// Bytes of rows that are sorted in memory.
const RUN: usize = 16 * 1024 * 1024;
/// Runs that are merged to one. So a thousand times as many rows need twice as many open files.
const FAN_IN: usize = 32;
const BUFFER: usize = 32 * 1024;
/// An id, a line and a length.
const HEAD: usize = 16 + 8 + 4;

/// Takes rows in any order.
#[derive(Debug)]
pub(super) struct Sorter {
    directory: PathBuf,
    run: usize,
    bytes: Vec<u8>,
    /// The rows in `bytes`, and where each begins and ends.
    rows: Vec<(Key, usize, usize)>,
    /// Runs by how often their rows were merged.
    tiers: Vec<Vec<File>>,
}

impl Sorter {
    /// A sorter whose files are in this directory. They have no name.
    pub(super) fn new(directory: PathBuf) -> Self {
        Self::of_runs(directory, RUN)
    }

    /// With runs of this many bytes.
    pub(super) fn of_runs(directory: PathBuf, run: usize) -> Self {
        Self { directory, run, bytes: Vec::new(), rows: Vec::new(), tiers: Vec::new() }
    }

    /// Takes a row.
    pub(super) fn push(&mut self, key: Key, row: &impl Serialize) -> io::Result<()> {
        let begin = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, row)?;
        self.rows.push((key, begin, self.bytes.len()));
        if self.bytes.len() >= self.run { self.spill() } else { Ok(()) }
    }

    /// Sorts what is in memory, and writes it to a run.
    fn spill(&mut self) -> io::Result<()> {
        self.rows.sort_unstable();
        let mut run = BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(&self.directory)?);
        for (key, begin, end) in &self.rows {
            write(&mut run, *key, &self.bytes[*begin..*end])?;
        }
        self.rows.clear();
        self.bytes.clear();
        self.keep(0, rewound(run)?)
    }

    /// Keeps a run, and merges those of its tier once they are many.
    fn keep(&mut self, tier: usize, run: File) -> io::Result<()> {
        if self.tiers.len() == tier {
            self.tiers.push(Vec::new());
        }
        self.tiers[tier].push(run);
        if self.tiers[tier].len() < FAN_IN {
            return Ok(());
        }
        let runs = std::mem::take(&mut self.tiers[tier]);
        let mut merged = BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(&self.directory)?);
        for row in Sorted::of(runs)? {
            let (key, bytes) = row?;
            write(&mut merged, key, &bytes)?;
        }
        self.keep(tier + 1, rewound(merged)?)
    }

    /// All rows in the order of their keys.
    pub(super) fn sorted(mut self) -> io::Result<Sorted> {
        self.spill()?;
        // The memory is needed for the next ones.
        let Self { tiers, bytes, rows, .. } = self;
        drop((bytes, rows));
        Sorted::of(tiers.into_iter().flatten().collect())
    }
}

fn write(run: &mut BufWriter<File>, (id, line): Key, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    run.write_all(id.as_bytes())?;
    run.write_all(&line.to_le_bytes())?;
    run.write_all(&length.to_le_bytes())?;
    run.write_all(bytes)
}

fn rewound(run: BufWriter<File>) -> io::Result<File> {
    let mut run = run.into_inner().map_err(io::IntoInnerError::into_error)?;
    run.rewind()?;
    Ok(run)
}

/// The rows of several runs, in the order of their keys.
#[derive(Debug)]
pub(super) struct Sorted {
    runs: Vec<BufReader<File>>,
    /// The next row of each run that has one.
    next: BinaryHeap<Reverse<(Key, usize, Vec<u8>)>>,
}

impl Sorted {
    fn of(runs: Vec<File>) -> io::Result<Self> {
        let runs = runs.into_iter().map(|run| BufReader::with_capacity(BUFFER, run)).collect();
        let mut sorted = Self { runs, next: BinaryHeap::new() };
        for at in 0..sorted.runs.len() {
            sorted.advance(at)?;
        }
        Ok(sorted)
    }

    fn advance(&mut self, at: usize) -> io::Result<()> {
        let run = &mut self.runs[at];
        let mut head = [0; HEAD];
        if run.read(&mut head[..1])? == 0 {
            return Ok(());
        }
        run.read_exact(&mut head[1..])?;
        let (id, rest) = head.split_at(16);
        let (line, length) = rest.split_at(8);
        let malformed = |_| io::Error::other("a row that was sorted on disk can't be read back");
        let id = Uuid::from_slice(id).map_err(io::Error::other)?;
        let line = u64::from_le_bytes(line.try_into().map_err(malformed)?);
        let length = u32::from_le_bytes(length.try_into().map_err(malformed)?);
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        run.read_exact(&mut bytes)?;
        self.next.push(Reverse(((id, line), at, bytes)));
        Ok(())
    }

    /// The next row, read.
    pub(super) fn next_row<R: DeserializeOwned>(&mut self) -> io::Result<Option<R>> {
        let Some(row) = self.next() else { return Ok(None) };
        let (_, bytes) = row?;
        Ok(Some(serde_json::from_slice(&bytes)?))
    }
}

impl Iterator for Sorted {
    type Item = io::Result<(Key, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((key, at, bytes)) = self.next.pop()?;
        Some(self.advance(at).map(|()| (key, bytes)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Each has up to hundreds of files, so that runs are merged twice.
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_row_comes_out_once_and_in_order(
            rows in prop::collection::vec((0_u128..50, "[a-z]{0,20}"), 0..400),
            run in 1_usize..200,
        ) {
            let directory = tempfile::tempdir().expect("a directory");
            let mut sorter = Sorter::of_runs(directory.path().to_owned(), run);
            let mut expected = Vec::new();
            for (line, (id, text)) in (1..).zip(rows) {
                let key = (Uuid::from_u128(id), line);
                sorter.push(key, &text).expect("a disk");
                expected.push((key, text));
            }
            expected.sort();
            let sorted = sorter.sorted().expect("a disk");
            let sorted: Vec<(Key, String)> = sorted
                .map(|row| row.expect("a disk"))
                .map(|(key, bytes)| (key, serde_json::from_slice(&bytes).expect("a text")))
                .collect();
            prop_assert_eq!(sorted, expected);
        }
    }
}

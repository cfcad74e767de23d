//! Runs an import: one thread reads, sorts and joins, while the other judges and writes what came before.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;

use super::Error;
use super::batch::{Batch, Books};
use super::join::{Both, Read, join, scratch};
use super::options::{Options, Writing};
use super::progress::{Progress, Step, Tell};
use super::rejects::{Reject, RejectsFile, beside};
use super::row::Table;
use super::source::Source;
use super::spool::Spool;
use super::tally::{Amounts, Month, MonthRow, Tally};
use crate::clock::Clock;
use crate::store::Store;

/// Batches that are ready while one is being written.
const AHEAD: usize = 2;
/// Orders that are read back at a time.
const PAGE: u64 = 1_000;
/// How many of the rows that differ are told one by one.
const TOLD: usize = 20;

/// What is imported.
#[derive(Clone, Debug)]
pub struct Files {
    /// The table of orders.
    pub orders: PathBuf,
    /// The table of their lines.
    pub items: PathBuf,
    /// Where rejects go; beside the orders if it isn't said.
    pub rejects: Option<PathBuf>,
}

/// The files, opened and found to be what they have to be, as far as their beginnings tell.
#[derive(Debug)]
pub struct Sources {
    both: Both,
    orders: PathBuf,
    items: PathBuf,
    rejects: PathBuf,
}

impl Sources {
    /// Opens the files.
    pub fn open(files: &Files) -> Result<Self, Error> {
        let rejects = files.rejects.clone().unwrap_or_else(|| beside(&files.orders));
        let read = Arc::new(AtomicU64::new(0));
        let open = |path: &Path, table| {
            let source = Source::open(path, table, read.clone())?;
            if let (Ok(one), Ok(other)) = (path.canonicalize(), rejects.canonicalize())
                && one == other
            {
                let what = "the rejects would replace it: name another file with --rejects";
                return Err(Error::Shape { file: path.to_owned(), what: what.to_owned() });
            }
            Ok(source)
        };
        let orders = open(&files.orders, Table::Orders)?;
        let items = open(&files.items, Table::Items)?;
        let size = |path: &Path| path.metadata().map_or(0, |file| file.len());
        let size = size(&files.orders) + size(&files.items);
        let both = Both { orders, items, read, size };
        let (orders, items) = (files.orders.clone(), files.items.clone());
        Ok(Self { both, orders, items, rejects })
    }
}

/// What became of an import that came to its end.
#[derive(Clone, Debug)]
pub struct Report {
    /// Both sides, by month; `None` for lines of no order, and orders without a time.
    pub months: Vec<(Option<Month>, MonthRow)>,
    /// What was written; in a dry run, what would be.
    pub written: Amounts,
    /// Rows that are rejected.
    pub rejected: u64,
    /// Rows that are there otherwise than in the file.
    pub differing: u64,
    /// The first of them, in words.
    pub differences: Vec<String>,
    /// Rows that were read.
    pub rows: u64,
    /// How long it took.
    pub took: Duration,
    /// Where the rejects are.
    pub rejects: PathBuf,
    /// Whether anything was written.
    pub writing: Writing,
}

impl Report {
    /// Whether what has to be there is there, in every month.
    pub fn agrees(&self) -> bool {
        self.months.iter().all(|(_, month)| month.expected == month.there)
    }
}

/// Imports the files into these books; `None` for a dry run without any. `tell` is called by whichever
/// thread works.
pub async fn run(
    sources: Sources,
    store: Option<&Store>,
    options: Options,
    clock: &Clock,
    tell: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Report, Error> {
    let (began, tell): (_, Tell) = (clock.monotonic(), Arc::new(tell));
    let Sources { both, orders, items, rejects: path } = sources;
    let directory = scratch(&path);
    let disk = |file: &Path| {
        let file = file.to_owned();
        move |source| Error::Disk { file, source }
    };
    let rejects = RejectsFile::create(&path, &orders, &items).map_err(disk(&path))?;
    let spool = Spool::new(&directory).map_err(disk(&directory))?;
    let read = Arc::new(OnceLock::new());
    let books = Books { store, options, at: clock.now() };
    let mut ledger = Ledger { path, directory, rejects, spool, told: Told::default() };

    let (send, mut batches) = mpsc::channel(AHEAD);
    let reading = {
        let (directory, tell, read) = (ledger.directory.clone(), tell.clone(), read.clone());
        tokio::task::spawn_blocking(move || {
            let send = |batch: &mut Batch| {
                send.blocking_send(std::mem::take(batch)).map_err(|_| Error::Abandoned)
            };
            let mut batch = Batch::default();
            let take = &mut |piece| {
                batch.push(piece);
                if batch.is_full() { send(&mut batch) } else { Ok(()) }
            };
            join(both, &directory, &tell, take, |rows| {
                // It is set once.
                let _is_set = read.set(rows);
            })?;
            send(&mut batch)
        })
    };
    while let Some(batch) = batches.recv().await {
        let of = read.get().map_or(0, |read: &Read| read.orders + read.lines);
        ledger.take(batch, &books).await?;
        if of > 0 {
            tell(Progress { step: Step::Writing, done: ledger.told.tally.rows(), of });
        }
    }
    match reading.await {
        Ok(read) => read?,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
    let read = read.get().copied().unwrap_or_default();
    let (rows, judged) = (read.orders + read.lines, ledger.told.tally.rows());
    if rows != judged {
        return Err(Error::Lost { read: rows, judged });
    }
    let path = ledger.path.clone();
    let told = ledger.check(&books, &tell).await?;
    Ok(Report {
        months: told.tally.months(),
        written: told.written,
        rejected: told.rejected,
        differing: told.differing,
        differences: told.differences,
        rows,
        took: clock.monotonic().saturating_sub(began),
        rejects: path,
        writing: options.writing,
    })
}

/// What is told of the rows.
#[derive(Debug, Default)]
struct Told {
    tally: Tally,
    written: Amounts,
    rejected: u64,
    differing: u64,
    differences: Vec<String>,
}

/// Where it is written down.
struct Ledger {
    path: PathBuf,
    directory: PathBuf,
    rejects: RejectsFile,
    spool: Spool,
    told: Told,
}

impl Ledger {
    /// Settles a batch, and notes what became of each row.
    async fn take(&mut self, batch: Batch, books: &Books<'_>) -> Result<(), Error> {
        let Batch { orders, rejected, .. } = batch;
        for reject in rejected {
            self.reject(&reject)?;
        }
        let judged = books.settle(&orders).await?;
        for (placed, judged) in orders.iter().zip(judged) {
            for reject in &judged.rejected {
                self.reject(reject)?;
            }
            for differs in &judged.differs {
                self.differs(differs)?;
            }
            let (Some(amounts), Some(id)) = (judged.expected, placed.order.id) else { continue };
            if judged.is_new {
                self.told.written += amounts;
            }
            self.told.tally.expect(placed.order.created_at.map(Month::of), amounts);
            let file = &self.directory;
            let disk = |source| Error::Disk { file: file.clone(), source };
            self.spool.push(id).map_err(disk)?;
        }
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<(), Error> {
        self.told.rejected += 1;
        self.told.tally.reject(reject.month, reject.amounts());
        self.write(reject)
    }

    /// It counts as expected already.
    fn differs(&mut self, row: &Reject) -> Result<(), Error> {
        self.told.differing += 1;
        if self.told.differences.len() < TOLD {
            self.told.differences.push(row.to_string());
        }
        self.write(row)
    }

    fn write(&mut self, row: &Reject) -> Result<(), Error> {
        let file = &self.path;
        self.rejects.add(row).map_err(|source| Error::Disk { file: file.clone(), source })
    }

    /// Reads back what should be there.
    async fn check(self, books: &Books<'_>, tell: &Tell) -> Result<Told, Error> {
        let Self { path, directory, rejects, spool, mut told } = self;
        rejects.close().map_err(|source| Error::Disk { file: path, source })?;
        let (of, mut done) = (spool.ids, 0);
        let disk = |source| Error::Disk { file: directory.clone(), source };
        let mut ids = spool.rewind().map_err(disk)?;
        while let (Some(store), page) = (books.store, ids.next(PAGE).map_err(disk)?)
            && !page.is_empty()
        {
            for counted in store.counted(&page).await? {
                let (lines, paise) = (counted.lines, i128::from(counted.total.0));
                let there = Amounts { orders: 1, lines, paise };
                told.tally.found(Month::of(counted.created_at), there);
            }
            done += page.len() as u64;
            tell(Progress { step: Step::Checking, done, of });
        }
        Ok(told)
    }
}

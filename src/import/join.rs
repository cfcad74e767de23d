//! Brings each order together with its lines.
//!
//! Both files are read to their ends before the first order comes out: so a file that turns out half way not to
//! be one to import has changed nothing yet.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;

use super::Error;
use super::progress::{Progress, Step, Tell};
use super::record::{ItemRow, OrderRow};
use super::rejects::Reject;
use super::row::RawRow;
use super::sort::{Sorted, Sorter};
use super::source::Source;
use super::tally::Month;

/// The most lines of an order. Lines are counted with 16 bits elsewhere; and no order is held in memory that is
/// as large as the file.
const MAX_LINES: usize = 10_000;

/// An order of the file, with its lines in the order of theirs.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) order: OrderRow,
    pub(super) lines: Vec<ItemRow>,
    /// It has more lines, which are rejected.
    pub(super) is_cut: bool,
}

/// What comes out.
#[derive(Debug)]
pub(super) enum Piece {
    /// To be judged.
    Order(Box<Placed>),
    /// Judged: no order, or no row that can belong to one.
    Rejected(Reject),
}

/// Rows that were read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Read {
    pub(super) orders: u64,
    pub(super) lines: u64,
}

/// Who takes the pieces.
pub(super) type Take<'a> = &'a mut dyn FnMut(Piece) -> Result<(), Error>;

/// Both files, opened.
#[derive(Debug)]
pub(super) struct Both {
    pub(super) orders: Source,
    pub(super) items: Source,
    /// Bytes that were read of them, and how many there are.
    pub(super) read: Arc<AtomicU64>,
    pub(super) size: u64,
}

/// Reads both files to their ends; then gives each order with its lines, by id, and each row that
/// has no order.
pub(super) fn join(
    files: Both,
    directory: &Path,
    tell: &Tell,
    take: Take<'_>,
    all_read: impl FnOnce(Read),
) -> Result<(), Error> {
    let disk = |source: io::Error| Error::Disk { file: directory.to_owned(), source };
    let progress = Reading { tell, read: files.read, of: files.size };
    let mut read = Read::default();
    let mut orders = Sorter::new(directory.to_owned());
    files.orders.read(&mut |raw: RawRow| {
        read.orders += 1;
        progress.show(read.orders);
        let order = OrderRow::from(raw);
        match order.id {
            Some(id) => orders.push((id, order.line), &order).map_err(disk),
            None => reject(take, Reject::order(&order, fault(order.fault.as_ref()))),
        }
    })?;
    let (mut by_id, mut by_order) =
        (Sorter::new(directory.to_owned()), Sorter::new(directory.to_owned()));
    files.items.read(&mut |raw: RawRow| {
        read.lines += 1;
        progress.show(read.lines);
        let item = ItemRow::from(raw);
        match (item.id, item.order_id) {
            (Some(id), Some(_)) => by_id.push((id, item.line), &item).map_err(disk),
            (None, Some(order)) => by_order.push((order, item.line), &item).map_err(disk),
            (_, None) => reject(take, Reject::item(&item, None, fault(item.fault.as_ref()))),
        }
    })?;
    all_read(read);
    only_first(by_id.sorted().map_err(disk)?, &mut by_order, take, disk)?;
    let (orders, items) = (orders.sorted().map_err(disk)?, by_order.sorted().map_err(disk)?);
    merge(OneByOne { rows: orders, disk }, OneByOne { rows: items, disk }, take)
}

/// Hands on the first row of each id.
fn only_first(
    by_id: Sorted,
    by_order: &mut Sorter,
    take: Take<'_>,
    disk: impl Fn(io::Error) -> Error + Copy,
) -> Result<(), Error> {
    let mut by_id = OneByOne { rows: by_id, disk };
    let mut first = None;
    while let Some(item) = by_id.next::<ItemRow>()? {
        match (first, item.order_id) {
            (Some((id, line)), _) if id == item.id => {
                reject(take, Reject::item(&item, None, format!("has the Id of line {line}")))?;
            }
            (_, Some(order)) => {
                first = Some((item.id, item.line));
                by_order.push((order, item.line), &item).map_err(disk)?;
            }
            (_, None) => {}
        }
    }
    Ok(())
}

/// Sorted rows, with errors that say what can't be read.
struct OneByOne<D> {
    rows: Sorted,
    disk: D,
}

impl<D: Fn(io::Error) -> Error> OneByOne<D> {
    fn next<R: DeserializeOwned>(&mut self) -> Result<Option<R>, Error> {
        self.rows.next_row().map_err(&self.disk)
    }
}

/// Both in the order of the orders' ids.
fn merge<D: Fn(io::Error) -> Error>(
    mut orders: OneByOne<D>,
    mut items: OneByOne<D>,
    take: Take<'_>,
) -> Result<(), Error> {
    let mut next_item = items.next::<ItemRow>()?;
    let mut next_order = orders.next::<OrderRow>()?;
    while let Some(order) = next_order.take() {
        while let Some(item) = next_item.take_if(|item| item.order_id < order.id) {
            orphan(&item, take)?;
            next_item = items.next()?;
        }
        let month = order.created_at.map(Month::of);
        let mut placed = Placed { order, lines: Vec::new(), is_cut: false };
        while let Some(item) = next_item.take_if(|item| item.order_id == placed.order.id) {
            if placed.lines.len() < MAX_LINES {
                placed.lines.push(item);
            } else {
                placed.is_cut = true;
                let reason = format!("its order has more than {MAX_LINES} lines");
                reject(take, Reject::item(&item, month, reason))?;
            }
            next_item = items.next()?;
        }
        let (id, line) = (placed.order.id, placed.order.line);
        take(Piece::Order(Box::new(placed)))?;
        next_order = orders.next()?;
        while let Some(second) = next_order.take_if(|order| order.id == id) {
            reject(take, Reject::order(&second, format!("has the Id of line {line}")))?;
            next_order = orders.next()?;
        }
    }
    while let Some(item) = next_item {
        orphan(&item, take)?;
        next_item = items.next()?;
    }
    Ok(())
}

fn orphan(item: &ItemRow, take: Take<'_>) -> Result<(), Error> {
    let reason = "there is no order with its OrderId in the orders' file";
    let reason = match &item.fault {
        Some(fault) => format!("{reason}; {fault}"),
        None => reason.to_owned(),
    };
    reject(take, Reject::item(item, None, reason))
}

fn reject(take: Take<'_>, reject: Reject) -> Result<(), Error> {
    take(Piece::Rejected(reject))
}

fn fault(fault: Option<&String>) -> String {
    fault.cloned().unwrap_or_default()
}

struct Reading<'a> {
    tell: &'a Tell,
    read: Arc<AtomicU64>,
    of: u64,
}

impl Reading<'_> {
    fn show(&self, rows: u64) {
        if rows.is_multiple_of(1_000) {
            let done = self.read.load(Ordering::Relaxed);
            (self.tell)(Progress { step: Step::Reading, done, of: self.of });
        }
    }
}

/// Where files without a name go: beside the rejects, which are as large as the files at most. Not where
/// the system keeps what is temporary, as that is often memory.
pub(super) fn scratch(rejects: &Path) -> PathBuf {
    let beside = rejects.parent().filter(|beside| !beside.as_os_str().is_empty());
    beside.unwrap_or(Path::new(".")).to_owned()
}

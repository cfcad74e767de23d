//! The file of rejects: a JSON line for each row that is not in the books afterwards as it stands in its file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::record::{ItemRow, OrderRow};
use super::row::Table;
use super::tally::{Amounts, Month};

/// A row, and why it is not imported.
#[derive(Debug)]
pub(super) struct Reject {
    pub(super) table: Table,
    pub(super) line: u64,
    pub(super) id: Option<Uuid>,
    pub(super) reason: String,
    pub(super) row: Box<RawValue>,
    /// The month of its order.
    pub(super) month: Option<Month>,
    /// The total of an order.
    pub(super) paise: i64,
}

impl Reject {
    /// An order.
    pub(super) fn order(order: &OrderRow, reason: impl Into<String>) -> Self {
        Self {
            table: Table::Orders,
            line: order.line,
            id: order.id,
            reason: reason.into(),
            row: order.row.clone(),
            month: order.created_at.map(Month::of),
            paise: order.total.unwrap_or(0),
        }
    }

    /// A line of an order.
    pub(super) fn item(item: &ItemRow, month: Option<Month>, reason: impl Into<String>) -> Self {
        Self {
            table: Table::Items,
            line: item.line,
            id: item.id,
            reason: reason.into(),
            row: item.row.clone(),
            month,
            paise: 0,
        }
    }

    /// What it counts for.
    pub(super) fn amounts(&self) -> Amounts {
        let paise = i128::from(self.paise);
        match self.table {
            Table::Orders => Amounts { orders: 1, lines: 0, paise },
            Table::Items => Amounts { orders: 0, lines: 1, paise },
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, of) = match self.table {
            Table::Orders => ("order", "orders"),
            Table::Items => ("line", "items"),
        };
        let id = self.id.unwrap_or_default();
        write!(f, "{what} {id} (line {} of the {of}) {}", self.line, self.reason)
    }
}

/// What a line of the file says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    file: &'a str,
    line: u64,
    id: Option<String>,
    reason: &'a str,
    row: &'a RawValue,
}

/// The file, open.
#[derive(Debug)]
pub(super) struct RejectsFile {
    file: BufWriter<File>,
    orders: String,
    items: String,
}

impl RejectsFile {
    /// Makes the file; what is in one of this name is of an earlier import.
    pub(super) fn create(path: &Path, orders: &Path, items: &Path) -> io::Result<Self> {
        let name = |path: &Path| path.display().to_string();
        let file = BufWriter::new(File::create(path)?);
        Ok(Self { file, orders: name(orders), items: name(items) })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, reject: &Reject) -> io::Result<()> {
        let file = match reject.table {
            Table::Orders => &self.orders,
            Table::Items => &self.items,
        };
        let Reject { line, id, ref reason, ref row, .. } = *reject;
        let id = id.map(|id| id.to_string()).or_else(|| written_id(row));
        serde_json::to_writer(&mut self.file, &Told { file, line, id, reason, row })?;
        self.file.write_all(b"\n")
    }

    /// Writes out what is left.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The id of a row as it is written there, if it is none that can be read.
fn written_id(row: &RawValue) -> Option<String> {
    let members: BTreeMap<String, Value> = serde_json::from_str(row.get()).ok()?;
    let (_, id) = members.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("id"))?;
    match id {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Where the rejects go by default: beside the orders.
pub(super) fn beside(orders: &Path) -> PathBuf {
    let mut name = orders.as_os_str().to_owned();
    name.push(".rejects.jsonl");
    PathBuf::from(name)
}

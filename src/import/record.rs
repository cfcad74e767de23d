//! Rows of the two tables as they are sorted: what they say, and what is wrong with them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::row::{RawRow, Table};
use super::value;

/// A row of the orders' file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OrderRow {
    pub(super) line: u64,
    pub(super) id: Option<Uuid>,
    pub(super) user_id: Option<Uuid>,
    /// In paise.
    pub(super) total: Option<i64>,
    pub(super) created_at: Option<DateTime<Utc>>,
    /// What is wrong with it. If nothing is, nothing is missing.
    pub(super) fault: Option<String>,
    /// All of it.
    pub(super) row: Box<RawValue>,
}

/// A row of the items' file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ItemRow {
    pub(super) line: u64,
    pub(super) id: Option<Uuid>,
    pub(super) order_id: Option<Uuid>,
    pub(super) product_id: Option<Uuid>,
    pub(super) quantity: Option<i32>,
    /// In paise.
    pub(super) unit_price: Option<i64>,
    /// What is wrong with it. If nothing is, nothing is missing.
    pub(super) fault: Option<String>,
    /// All of it.
    pub(super) row: Box<RawValue>,
}

impl From<RawRow> for OrderRow {
    fn from(raw: RawRow) -> Self {
        let mut fields = Fields::of(Table::Orders, raw.fields);
        Self {
            line: raw.line,
            id: fields.take(value::guid),
            user_id: fields.take(value::guid),
            total: fields.take_amount(),
            created_at: fields.take(value::moment),
            fault: fields.fault(),
            row: raw.row,
        }
    }
}

impl From<RawRow> for ItemRow {
    fn from(raw: RawRow) -> Self {
        let mut fields = Fields::of(Table::Items, raw.fields);
        Self {
            line: raw.line,
            id: fields.take(value::guid),
            order_id: fields.take(value::guid),
            product_id: fields.take(value::guid),
            quantity: fields.take(value::quantity),
            unit_price: fields.take_amount(),
            fault: fields.fault(),
            row: raw.row,
        }
    }
}

/// The columns of a row, taken one after the other.
struct Fields {
    columns: std::slice::Iter<'static, &'static str>,
    values: std::vec::IntoIter<Option<String>>,
    faults: Vec<String>,
    /// A row that can't be read has no fields, which is not the fault of each.
    is_read: bool,
}

impl Fields {
    fn of(table: Table, fields: Result<Vec<Option<String>>, String>) -> Self {
        let is_read = fields.is_ok();
        let (fields, faults) = match fields {
            Ok(fields) => (fields, Vec::new()),
            Err(fault) => (Vec::new(), vec![fault]),
        };
        Self { columns: table.columns().iter(), values: fields.into_iter(), faults, is_read }
    }

    fn take<T>(&mut self, read: fn(&str) -> Result<T, &'static str>) -> Option<T> {
        let column = self.columns.next().copied().unwrap_or_default();
        let text = self.values.next().flatten();
        let value = text.as_deref().map_or(Err("is missing"), read);
        if let Err(fault) = value
            && self.is_read
        {
            self.faults.push(format!("{column} {fault}"));
        }
        value.ok()
    }

    fn take_amount(&mut self) -> Option<i64> {
        let column = self.columns.as_slice().first().copied().unwrap_or_default();
        let amount = self.take(value::paise);
        if amount.is_some_and(|amount| amount < 0) {
            self.faults.push(format!("{column} is negative"));
        }
        amount
    }

    fn fault(self) -> Option<String> {
        (!self.faults.is_empty()).then(|| self.faults.join("; "))
    }
}

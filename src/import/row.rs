//! A row as it stands in a file, before anybody has asked whether it makes sense.

use serde_json::value::RawValue;

/// The tables of the old database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Orders,
    Items,
}

impl Table {
    /// The columns that a file must have; found without regard to case and order, beside any others.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Orders => &["Id", "UserId", "TotalAmount", "CreatedAt"],
            Self::Items => &["Id", "OrderId", "ProductId", "Quantity", "UnitPrice"],
        }
    }
}

/// A row as it stands in a file.
#[derive(Debug)]
pub(super) struct RawRow {
    /// The line of the file where it begins, from 1; in a JSON array, its place.
    pub(super) line: u64,
    /// All of it, as JSON, for whoever reads the rejects.
    pub(super) row: Box<RawValue>,
    /// The columns of its table, in their order, `None` where missing; or why it can't be read.
    pub(super) fields: Result<Vec<Option<String>>, String>,
}

/// A cell's value: `NULL` and nothing are both missing.
pub(super) fn cell(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.eq_ignore_ascii_case("null")).then(|| text.to_owned())
}

/// A text as JSON.
pub(super) fn raw_text(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).expect("a text is JSON")
}

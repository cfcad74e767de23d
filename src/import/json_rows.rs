//! Rows of JSON: an object a line, or one array of objects as `FOR JSON` makes it.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::input::{Input, RowLimit};
use super::row::{RawRow, Table, cell, raw_text};

/// Reads an object a line. A line that is none is a row that can't be read.
pub(super) fn lines(
    mut input: Input,
    table: Table,
    each: &mut dyn FnMut(RawRow) -> Result<(), super::Error>,
) -> Result<(), Failure> {
    let (mut text, mut line) = (Vec::new(), 0);
    loop {
        line += 1;
        let read = input.line(&mut text);
        read.map_err(|error| Failure::Shape(format!("line {line}: {error}")))?;
        if text.is_empty() {
            return Ok(());
        }
        let text = text.trim_ascii();
        if !text.is_empty() {
            each(row(line, text, table)).map_err(Failure::Stopped)?;
        }
    }
}

fn row(line: u64, text: &[u8], table: Table) -> RawRow {
    match serde_json::from_slice::<Box<RawValue>>(text) {
        Ok(row) => RawRow { line, fields: fields(&row, table), row },
        Err(error) => RawRow {
            line,
            row: raw_text(&String::from_utf8_lossy(text)),
            fields: Err(format!("is not JSON: {error}")),
        },
    }
}

/// The table's columns among an object's members.
fn fields(row: &RawValue, table: Table) -> Result<Vec<Option<String>>, String> {
    let members: HashMap<String, &RawValue> =
        serde_json::from_str(row.get()).map_err(|_| "is not a JSON object".to_owned())?;
    let field = |column: &&str| {
        let is_it = |(name, _): &(&String, &&RawValue)| name.eq_ignore_ascii_case(column);
        let (_, value) = members.iter().find(is_it)?;
        // A number keeps the digits that it is written with.
        match serde_json::from_str::<String>(value.get()) {
            Ok(text) => cell(&text),
            Err(_) => cell(value.get()),
        }
    };
    Ok(table.columns().iter().map(field).collect())
}

/// Why the reading ended early.
pub(super) enum Failure {
    /// The file is not what it has to be.
    Shape(String),
    /// Whoever takes the rows failed.
    Stopped(super::Error),
}

/// Reads an array of objects, one at a time. `sqlcmd` breaks a long text into lines of some 2,000 characters,
/// wherever that is. JSON has no line ends within its texts and numbers, so they are left out.
pub(super) fn array(
    input: Input,
    table: Table,
    each: &mut dyn FnMut(RawRow) -> Result<(), super::Error>,
) -> Result<(), Failure> {
    let limit = input.row_limit();
    let mut stopped = None;
    let mut json = serde_json::Deserializer::from_reader(WithoutLineEnds(input));
    let rows = Rows { table, limit, each, stopped: &mut stopped };
    let read = json.deserialize_seq(rows).and_then(|()| json.end());
    match (read, stopped) {
        (_, Some(error)) => Err(Failure::Stopped(error)),
        (Ok(()), None) => Ok(()),
        (Err(error), None) => {
            let what = format!("is not one JSON array of objects (line ends left out): {error}");
            Err(Failure::Shape(what))
        }
    }
}

struct Rows<'a> {
    table: Table,
    limit: RowLimit,
    each: &'a mut dyn FnMut(RawRow) -> Result<(), super::Error>,
    stopped: &'a mut Option<super::Error>,
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut line = 0;
        loop {
            self.limit.next_row();
            let Some(row) = rows.next_element::<Box<RawValue>>()? else { return Ok(()) };
            line += 1;
            let row = RawRow { line, fields: fields(&row, self.table), row };
            if let Err(error) = (self.each)(row) {
                *self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
    }
}

struct WithoutLineEnds(Input);

impl Read for WithoutLineEnds {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let mut kept = 0;
            for at in 0..read {
                if !matches!(buffer[at], b'\r' | b'\n') {
                    buffer[kept] = buffer[at];
                    kept += 1;
                }
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

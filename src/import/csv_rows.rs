//! Rows of a CSV file with a header line; separated by commas, tabs or semicolons.

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Terminator};
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::Error;
use super::input::{Input, RowLimit};
use super::row::{RawRow, Table, cell, raw_text};

/// A CSV file whose header was read.
#[derive(Debug)]
pub(super) struct CsvRows {
    reader: csv::Reader<Input>,
    limit: RowLimit,
    header: Vec<String>,
    /// Where each of the table's columns is.
    places: Vec<usize>,
    /// The line on which the row before began, if its last field has lines of its own: it is quoted.
    quoted_since: Option<u64>,
}

impl CsvRows {
    /// Reads the header.
    pub(super) fn open(mut input: Input, table: Table, path: &Path) -> Result<Self, Error> {
        let shape = |what: String| Error::Shape { file: path.to_owned(), what };
        let unreadable = |error: &dyn std::fmt::Display| shape(format!("cannot be read: {error}"));
        let delimiter = delimiter(input.beginning().map_err(|error| unreadable(&error))?);
        let limit = input.row_limit();
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            // With CRLF as an end, a row would begin on the line before. So the CR is cut off here.
            .terminator(Terminator::Any(b'\n'))
            // A row may have more or fewer fields than the header: then it is rejected, not the file.
            .flexible(true)
            .from_reader(input);
        let header = reader.headers().map_err(|error| unreadable(&error))?;
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let places = places(&header, table).map_err(shape)?;
        Ok(Self { reader, limit, header, places, quoted_since: None })
    }

    /// The next row, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<RawRow>, String> {
        let mut record = ByteRecord::new();
        loop {
            self.limit.next_row();
            let line = self.reader.position().line();
            let is_read = self.reader.read_byte_record(&mut record);
            if !is_read.map_err(|error| format!("line {line}: {error}"))? {
                return self.end();
            }
            // An empty line is no row.
            if record.as_slice() != b"\r" {
                let last = record.iter().next_back();
                let is_quoted = last.is_some_and(|field| field.contains(&b'\n'));
                self.quoted_since = is_quoted.then_some(line);
                return Ok(Some(self.row(&record)));
            }
        }
    }

    /// The end of the file. A quote that is still open there has made all the rest of it one row.
    fn end(&self) -> Result<Option<RawRow>, String> {
        match self.quoted_since {
            Some(line) if !self.reader.get_ref().ends_with_a_quote() => {
                Err(format!("line {line}: a quote is opened, and never closed"))
            }
            Some(_) | None => Ok(None),
        }
    }

    fn row(&self, record: &ByteRecord) -> RawRow {
        let line = record.position().map_or(0, csv::Position::line);
        let mut texts: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        if let Some(last) = texts.last_mut()
            && last.ends_with('\r')
        {
            last.to_mut().pop();
        }
        let fields = if texts.len() != self.header.len() {
            let (fields, header) = (texts.len(), self.header.len());
            Err(format!("has {fields} fields, and the header {header}"))
        } else if record.iter().any(|field| std::str::from_utf8(field).is_err()) {
            Err("is not UTF-8".to_owned())
        } else {
            Ok(self.places.iter().map(|at| cell(&texts[*at])).collect())
        };
        let row = match fields {
            Ok(_) => object(&self.header, &texts),
            Err(_) => serde_json::value::to_raw_value(&texts),
        };
        let row = row.unwrap_or_else(|_| raw_text(""));
        RawRow { line, row, fields }
    }
}

/// What separates the fields of the first line.
fn delimiter(beginning: &[u8]) -> u8 {
    let line = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    // Of several that are as many, the last one counts.
    [b';', b'\t', b',']
        .into_iter()
        .max_by_key(|of| line.matches(char::from(*of)).count())
        .unwrap_or(b',')
}

/// Where the columns of the table are.
fn places(header: &[String], table: Table) -> Result<Vec<usize>, String> {
    let columns = table.columns();
    let named = |column: &str| {
        let is_it = |(_, name): &(usize, &String)| name.eq_ignore_ascii_case(column);
        let mut places = header.iter().enumerate().filter(is_it).map(|(at, _)| at);
        (places.next(), places.next())
    };
    if columns.iter().all(|column| named(column).0.is_none()) {
        let columns = columns.join(",");
        return Err(format!("has no header: its first line must name the columns, {columns}"));
    }
    let place = |column: &&str| match named(column) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(format!("has no column {column}; its header is {}", header.join(","))),
        (Some(_), Some(_)) => Err(format!("has two columns {column}")),
    };
    columns.iter().map(place).collect()
}

fn object(header: &[String], texts: &[impl AsRef<str>]) -> serde_json::Result<Box<RawValue>> {
    let mut json = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::new(&mut json);
    let mut object = serializer.serialize_map(Some(header.len()))?;
    for (name, text) in header.iter().zip(texts) {
        object.serialize_entry(name, text.as_ref())?;
    }
    object.end()?;
    RawValue::from_string(String::from_utf8(json).unwrap_or_default())
}

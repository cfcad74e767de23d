//! One of the two files, opened: what it is written in follows from how it begins, not from its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::Error;
use super::csv_rows::CsvRows;
use super::input::Input;
use super::json_rows::{self, Failure};
use super::row::{RawRow, Table};

/// A file whose beginning was looked at.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    table: Table,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Csv(Box<CsvRows>),
    JsonLines(Input),
    JsonArray(Input),
}

impl Source {
    /// Opens it. `read` counts the bytes that are read of it.
    ///
    /// # Errors
    /// [`Error::Shape`] where it is not one to import.
    pub(super) fn open(path: &Path, table: Table, read: Arc<AtomicU64>) -> Result<Self, Error> {
        let mut input = Input::open(path, read)?;
        let beginning = input.beginning().map_err(|error| Error::Shape {
            file: path.to_owned(),
            what: format!("cannot be read: {error}"),
        })?;
        let rows = match beginning.trim_ascii_start().first() {
            Some(b'{') => Rows::JsonLines(input),
            Some(b'[') => Rows::JsonArray(input),
            Some(_) | None => Rows::Csv(Box::new(CsvRows::open(input, table, path)?)),
        };
        Ok(Self { path: path.to_owned(), table, rows })
    }

    /// Reads it to its end.
    pub(super) fn read(
        self,
        each: &mut dyn FnMut(RawRow) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let read = match self.rows {
            Rows::Csv(mut rows) => loop {
                match rows.next() {
                    Ok(Some(row)) => each(row)?,
                    Ok(None) => return Ok(()),
                    Err(what) => break Err(Failure::Shape(what)),
                }
            },
            Rows::JsonLines(input) => json_rows::lines(input, self.table, each),
            Rows::JsonArray(input) => json_rows::array(input, self.table, each),
        };
        read.map_err(|failure| match failure {
            Failure::Shape(what) => Error::Shape { file: self.path, what },
            Failure::Stopped(error) => error,
        })
    }
}

//! Rowsets: any number of rows as parameters of one statement. So one statement writes the rows of many
//! sagas, and its text is the same for any number of them, which keeps it prepared.

use sea_orm::sqlx::Arguments as _;
use sea_orm::sqlx::error::BoxDynError;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::{DbBackend, Value};
use uuid::Uuid;

pub(super) use super::cell::Cell;

/// A column of a rowset: its name and type.
pub(super) type Column = (&'static str, Type);

/// The type of a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Uuid,
    Text,
    Int,
    BigInt,
    Time,
    /// Its cells are [`Cell::Text`].
    Json,
    Bool,
}

/// Rows of these columns, in the order of the columns.
#[derive(Debug)]
pub(super) struct Rowset<'a> {
    columns: &'static [Column],
    cells: Vec<Cell<'a>>,
}

impl<'a> Rowset<'a> {
    pub(super) fn of<const WIDTH: usize>(
        columns: &'static [Column; WIDTH],
        rows: impl Iterator<Item = [Cell<'a>; WIDTH]>,
    ) -> Self {
        Self { columns, cells: rows.flatten().collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn is_one_row(&self) -> bool {
        self.cells.len() == self.columns.len()
    }

    /// The only parameter of [`Form::Json`].
    pub(super) fn json(&self) -> String {
        let rows = self.cells.chunks(self.columns.len());
        serde_json::to_string(&rows.collect::<Vec<_>>()).expect("cells are plain values")
    }

    /// The parameters of [`Form::Scalars`]; of one row.
    pub(super) fn bind_row(&self, to: &mut PgArguments) -> Result<(), BoxDynError> {
        for (cell, (_, kind)) in self.cells.iter().zip(self.columns) {
            match kind {
                Type::Uuid => to.add(cell.uuid()),
                Type::Text | Type::Json => to.add(cell.text()),
                Type::Int => to.add(cell.int()),
                Type::BigInt => to.add(cell.big_int()),
                Type::Time => to.add(cell.time()),
                Type::Bool => to.add(cell.bool()),
            }?;
        }
        Ok(())
    }

    /// The parameters of [`Form::Arrays`].
    pub(super) fn bind(&self, to: &mut PgArguments) -> Result<(), BoxDynError> {
        for (at, (_, kind)) in self.columns.iter().enumerate() {
            match kind {
                Type::Uuid => to.add(self.column(at, Cell::uuid)),
                Type::Text | Type::Json => to.add(self.column(at, Cell::text)),
                Type::Int => to.add(self.column(at, Cell::int)),
                Type::BigInt => to.add(self.column(at, Cell::big_int)),
                Type::Time => to.add(self.column(at, Cell::time)),
                Type::Bool => to.add(self.column(at, Cell::bool)),
            }?;
        }
        Ok(())
    }

    /// The form that this database reads fastest, and its parameters, of rows that have no [`Cell::Null`]: sea-query's
    /// arrays can't hold one, so the others would be short of it, and the row refused.
    pub(super) fn whole(&self, backend: DbBackend) -> (Form, Vec<Value>) {
        fn whole<T>(cells: Vec<Option<T>>) -> Vec<T> {
            cells.into_iter().flatten().collect()
        }
        if backend != DbBackend::Postgres {
            return (Form::Json(backend), vec![self.json().into()]);
        }
        let array = |(at, (_, kind)): (usize, &Column)| match kind {
            Type::Uuid => whole(self.column(at, Cell::uuid)).into(),
            Type::Text | Type::Json => {
                let texts = whole(self.column(at, Cell::text));
                texts.into_iter().map(str::to_owned).collect::<Vec<_>>().into()
            }
            Type::Int => whole(self.column(at, Cell::int)).into(),
            Type::BigInt => whole(self.column(at, Cell::big_int)).into(),
            Type::Time => whole(self.column(at, Cell::time)).into(),
            Type::Bool => whole(self.column(at, Cell::bool)).into(),
        };
        (Form::Arrays(None), self.columns.iter().enumerate().map(array).collect())
    }

    fn column<'s, T>(&'s self, at: usize, of: fn(&'s Cell<'a>) -> Option<T>) -> Vec<Option<T>> {
        self.cells.iter().skip(at).step_by(self.columns.len()).map(of).collect()
    }
}

/// How a statement takes a rowset.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// An array for each column: the form in which PostgreSQL reads many rows fastest. No rows where the condition
    /// holds, which is looked at once for each statement.
    Arrays(Option<&'static str>),
    /// One row, a parameter for each column, which takes less time than arrays of one element. The condition as above.
    Scalars(Option<&'static str>),
    /// All rows as one JSON text.
    Json(DbBackend),
}

impl Form {
    /// A table expression for `FROM`, named `r`: the rows of a [`Rowset`] whose first parameter is
    /// `$first`.
    pub(super) fn source(self, columns: &[Column], first: usize) -> String {
        let listed = |each: &dyn Fn(usize, &Column) -> String| {
            let each = columns.iter().enumerate().map(|(at, column)| each(at, column));
            each.collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Json(DbBackend::Sqlite) => {
                let columns = listed(&|at, (name, kind)| match kind {
                    Type::Uuid => format!("unhex(value->>{at}) AS {name}"),
                    Type::Text
                    | Type::Json
                    | Type::Int
                    | Type::BigInt
                    | Type::Time
                    | Type::Bool => {
                        format!("value->>{at} AS {name}")
                    }
                });
                // As JSONB, a row is parsed once and not for each of its columns.
                format!("(SELECT {columns} FROM jsonb_each(${first})) AS r")
            }
            Self::Json(_) => {
                let columns = listed(&|at, (name, kind)| {
                    format!("(value->>{at})::{} AS {name}", kind.name())
                });
                let rows = format!("jsonb_array_elements(CAST(${first} AS text)::jsonb)");
                format!("(SELECT {columns} FROM {rows}) AS r")
            }
            Self::Scalars(unless) => {
                let columns = listed(&|at, (name, kind)| match kind {
                    Type::Json => format!("${}::text::json AS {name}", first + at),
                    Type::Uuid
                    | Type::Text
                    | Type::Int
                    | Type::BigInt
                    | Type::Time
                    | Type::Bool => format!("${}::{} AS {name}", first + at, kind.name()),
                });
                format!("(SELECT {columns}{}) AS r", where_not(unless))
            }
            Self::Arrays(unless) => {
                // `unnest` in the select list walks all arrays in step. In FROM it would first store
                // each column.
                let arrays = listed(&|at, (name, kind)| {
                    let kind = if let Type::Json = kind { "text" } else { kind.name() };
                    format!("unnest(${}::{kind}[]) AS {name}", first + at)
                });
                let columns = listed(&|_, (name, kind)| match kind {
                    Type::Json => format!("{name}::json AS {name}"),
                    Type::Uuid
                    | Type::Text
                    | Type::Int
                    | Type::BigInt
                    | Type::Time
                    | Type::Bool => (*name).to_owned(),
                });
                format!("(SELECT {columns} FROM (SELECT {arrays}) AS r{}) AS r", where_not(unless))
            }
        }
    }

    /// `INSERT INTO table (columns) SELECT columns FROM rows`.
    pub(super) fn insert(self, table: &str, columns: &[Column], first: usize) -> String {
        let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let rows = self.source(columns, first);
        // WHERE true: otherwise SQLite takes the ON of an upsert for that of a join.
        format!("INSERT INTO {table} ({names}) SELECT {names} FROM {rows} WHERE true")
    }
}

fn where_not(condition: Option<&str>) -> String {
    condition.map_or_else(String::new, |condition| format!(" WHERE NOT ({condition})"))
}

impl Type {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Int => "int4",
            Self::BigInt => "int8",
            Self::Time => "timestamptz",
            Self::Json => "json",
            Self::Bool => "boolean",
        }
    }
}

const IDENTITY: [Column; 1] = [("id", Type::Uuid)];

/// A table expression for `FROM`, named `r`, of a statement whose parameter `$1` is [`ids`].
pub(super) fn source_of_ids(backend: DbBackend) -> String {
    Form::Json(backend).source(&IDENTITY, 1)
}

/// These ids as one parameter.
pub(super) fn ids(ids: &[Uuid]) -> Value {
    Rowset::of(&IDENTITY, ids.iter().map(|id| [Cell::Uuid(*id)])).json().into()
}

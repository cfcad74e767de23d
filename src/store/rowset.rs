//! Rows as one parameter: a statement takes any number of rows as a JSON array, so that its text
//! stays the same (and stays prepared), and one statement writes what many sagas have to say.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::DbBackend;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A column of a rowset.
pub(super) type Column = (&'static str, Type);

/// What a column holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Uuid,
    Text,
    Int,
    BigInt,
    Time,
    Json,
    Bool,
}

/// The source `r` of a statement: the rows of the JSON array in `$1`.
pub(super) fn rowset(backend: DbBackend, columns: &[Column]) -> String {
    let listed =
        |each: &dyn Fn(&Column) -> String| columns.iter().map(each).collect::<Vec<_>>().join(", ");
    if backend == DbBackend::Sqlite {
        let columns = listed(&|(name, kind)| match kind {
            Type::Uuid => format!("unhex(value->>'{name}') AS {name}"),
            Type::Json => format!("NULLIF(value->'{name}', 'null') AS {name}"),
            Type::Text | Type::Int | Type::BigInt | Type::Time | Type::Bool => {
                format!("value->>'{name}' AS {name}")
            }
        });
        return format!("(SELECT {columns} FROM json_each($1)) AS r");
    }
    let columns = listed(&|(name, kind)| {
        let kind = match kind {
            Type::Uuid => "uuid",
            Type::Text => "text",
            Type::Int => "int4",
            Type::BigInt => "int8",
            Type::Time => "timestamptz",
            Type::Json => "json",
            Type::Bool => "boolean",
        };
        format!("{name} {kind}")
    });
    format!("json_to_recordset($1::json) AS r({columns})")
}

/// `INSERT INTO table (columns) SELECT columns FROM rows`.
pub(super) fn insert(backend: DbBackend, table: &str, columns: &[Column]) -> String {
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    // WHERE true: SQLite can't tell a join's ON from an upsert's otherwise.
    format!(
        "INSERT INTO {table} ({names}) SELECT {names} FROM {} WHERE true",
        rowset(backend, columns)
    )
}

/// The rowset of [`ids_json`].
pub(super) const IDENTITY: &[Column] = &[("id", Type::Uuid)];

/// The parameter for a rowset of ids.
pub(super) fn ids_json(ids: &[Uuid]) -> sea_orm::Value {
    #[derive(Serialize)]
    struct Identity {
        #[serde(serialize_with = "uuid")]
        id: Uuid,
    }
    json(&ids.iter().map(|id| Identity { id: *id }).collect::<Vec<_>>())
}

/// The parameter for a rowset.
pub(super) fn json<R: Serialize>(rows: &[R]) -> sea_orm::Value {
    serde_json::to_string(rows).expect("rows are plain structs with string keys").into()
}

/// A UUID as both databases read it.
pub(super) fn uuid<S: Serializer>(id: &Uuid, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id.as_simple())
}

/// The same, where there may be none.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(super) fn some_uuid<S: Serializer>(id: &Option<Uuid>, to: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => uuid(id, to),
        None => to.serialize_none(),
    }
}

/// A time as it is written by single-row statements too: SQLite compares times as text.
pub(super) fn time<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

/// The same, where there may be none.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(super) fn some_time<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => time(at, to),
        None => to.serialize_none(),
    }
}

//! One value of a rowset's row.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// One value of a row.
#[derive(Clone, Debug)]
pub(super) enum Cell<'a> {
    Null,
    Uuid(Uuid),
    Text(Cow<'a, str>),
    Int(i32),
    BigInt(i64),
    Time(DateTime<Utc>),
    Bool(bool),
}

impl Cell<'_> {
    pub(super) fn uuid(&self) -> Option<Uuid> {
        if let Self::Uuid(id) = self { Some(*id) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn int(&self) -> Option<i32> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    pub(super) fn big_int(&self) -> Option<i64> {
        if let Self::BigInt(number) = self { Some(*number) } else { None }
    }

    pub(super) fn time(&self) -> Option<DateTime<Utc>> {
        if let Self::Time(at) = self { Some(*at) } else { None }
    }

    pub(super) fn bool(&self) -> Option<bool> {
        if let Self::Bool(is) = self { Some(*is) } else { None }
    }
}

/// As SQLite reads it.
impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_none(),
            Self::Uuid(id) => to.collect_str(id.as_simple()),
            Self::Text(text) => to.serialize_str(text),
            Self::Int(number) => to.serialize_i32(*number),
            Self::BigInt(number) => to.serialize_i64(*number),
            // The same form in which sea-orm writes a time: SQLite compares times as text.
            Self::Time(at) => to.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, false)),
            Self::Bool(is) => to.serialize_bool(*is),
        }
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Null, T::into)
    }
}

impl From<Uuid> for Cell<'_> {
    fn from(id: Uuid) -> Self {
        Self::Uuid(id)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i32> for Cell<'_> {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::BigInt(number)
    }
}

impl From<DateTime<Utc>> for Cell<'_> {
    fn from(at: DateTime<Utc>) -> Self {
        Self::Time(at)
    }
}

impl From<bool> for Cell<'_> {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

//! The position where a page of a list ended. Clients send it back unchanged to get the next page.

use chrono::{DateTime, Datelike, Utc};
use uuid::Uuid;

/// The sorted value and the id of a page's last row. Written as the tag, 16 hexadecimal digits of the
/// value and 32 of the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Names a list and its sort order. Every other list refuses the cursor.
    pub(crate) tag: char,
    /// The sorted value: an amount in paise, or microseconds since 1970.
    pub(crate) key: i64,
    /// The id, which orders rows with the same value.
    pub(crate) id: Uuid,
}

impl Cursor {
    /// The cursor of a row in a list that is sorted by time.
    pub(crate) fn at(tag: char, moment: DateTime<Utc>, id: Uuid) -> Self {
        Self { tag, key: moment.timestamp_micros(), id }
    }

    /// The sorted value as a time; `None` if no row can have that time.
    pub(crate) fn moment(&self) -> Option<DateTime<Utc>> {
        let moment = DateTime::from_timestamp_micros(self.key);
        moment.filter(|moment| (1970..=9999).contains(&moment.year()))
    }

    /// Reads a cursor of the list with this tag; `None` for any other text.
    pub(crate) fn parse(text: &str, tag: char) -> Option<Self> {
        let digits = text.strip_prefix(tag)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (key, id) = digits.split_at_checked(16).filter(|_| is_hex && digits.len() == 48)?;
        let key = u64::from_str_radix(key, 16).ok()?.cast_signed();
        let id = u128::from_str_radix(id, 16).ok().map(Uuid::from_u128)?;
        Some(Self { tag, key, id })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:016x}{:032x}", self.tag, self.key, self.id.as_u128())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(key: i64, id: u128) {
            let cursor = Cursor { tag: 'c', key, id: Uuid::from_u128(id) };
            prop_assert_eq!(Cursor::parse(&cursor.to_string(), 'c'), Some(cursor));
            prop_assert_eq!(Cursor::parse(&cursor.to_string(), 'd'), None);
        }

        #[test]
        fn what_is_not_a_cursor_is_refused(text in ".{0,60}") {
            if let Some(cursor) = Cursor::parse(&text, 'c') {
                prop_assert_eq!(cursor.to_string(), text.to_ascii_lowercase());
            }
        }
    }
}

//! The forms that filter a list, whose filters are in its address.

use axum::response::Response;

use super::visitor::see_other;
use crate::web::Query;

/// A filter with a value of its own.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) value: String,
}

impl Field {
    /// With the value that it has in this query.
    pub(super) fn of(
        query: &Query,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Self {
        Self { name, label, hint, value: query.text(name).unwrap_or_default().to_owned() }
    }
}

/// The query, or where to go instead if it has filters without a value, which forms send: such an address would
/// be copied as it is.
pub(super) fn without_empty(path: &str, query: Query) -> Result<Query, Box<Response>> {
    let (query, is_any_empty) = query.without_empty();
    if !is_any_empty {
        return Ok(query);
    }
    let address = format!("{path}?{}", query.encoded());
    Err(Box::new(see_other(address.trim_end_matches('?'))))
}

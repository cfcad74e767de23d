//! Which types of events a listener wants: `order.confirmed`, `order.*`, `*`, or several of these.

use std::str::FromStr;

use strum::IntoEnumIterator;

use crate::order::EventKind;

/// A filter by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFilter(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    All,
    /// `order.*`, kept as `order.`.
    Prefix(String),
    Exact(String),
}

/// What is wrong with a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be types such as order.confirmed, order.* or *, separated by commas")]
pub struct NoFilter;

impl FromStr for TypeFilter {
    type Err = NoFilter;

    fn from_str(text: &str) -> Result<Self, NoFilter> {
        text.split(',').map(|part| pattern(part.trim())).collect::<Result<_, _>>().map(Self)
    }
}

fn pattern(text: &str) -> Result<Pattern, NoFilter> {
    let is_word = |word: &str| {
        let is_plain = |one: u8| one.is_ascii_alphanumeric() || one == b'_' || one == b'-';
        !word.is_empty() && word.bytes().all(is_plain)
    };
    let is_type = |text: &str| text.split('.').all(is_word);
    match text.strip_suffix(".*") {
        Some(prefix) if is_type(prefix) => Ok(Pattern::Prefix(format!("{prefix}."))),
        None if text == "*" => Ok(Pattern::All),
        None if is_type(text) => Ok(Pattern::Exact(text.to_owned())),
        Some(_) | None => Err(NoFilter),
    }
}

impl TypeFilter {
    /// Whether an event of this type is wanted.
    pub fn wants(&self, kind: &str) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::All => true,
            Pattern::Prefix(prefix) => kind.starts_with(prefix.as_str()),
            Pattern::Exact(exact) => kind == exact,
        })
    }

    /// The types that exist and are wanted; `None` where all are.
    pub fn kinds(&self) -> Option<Vec<String>> {
        let all: Vec<_> = EventKind::iter().map(|kind| kind.to_string()).collect();
        let wanted: Vec<_> = all.iter().filter(|kind| self.wants(kind)).cloned().collect();
        (wanted.len() < all.len()).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> TypeFilter {
        text.parse().expect("a filter")
    }

    #[test]
    fn a_filter_is_exact_a_prefix_or_everything() {
        assert!(filter("order.confirmed").wants("order.confirmed"));
        assert!(!filter("order.confirmed").wants("order.confirmed.late"));
        assert!(filter("order.*").wants("order.shipped") && !filter("order.*").wants("orders.x"));
        assert!(!filter("order.*").wants("order") && !filter("order.*").wants("saga.stuck"));
        assert_eq!(filter("*").kinds(), None);
        assert_eq!(filter("order.*, saga.stuck").kinds().map(|kinds| kinds.len()), Some(9));
        assert_eq!(filter("nothing.like.it").kinds(), Some(vec![]));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in
            ["", ",", "order.", ".*", "**", "order*", "order.*.x", "a b", "order.confirmed,"]
        {
            assert_eq!(text.parse::<TypeFilter>(), Err(NoFilter), "{text}");
        }
    }
}

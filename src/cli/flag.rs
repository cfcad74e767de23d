//! Help that several commands' flags share.

/// Of `--database-url`.
pub(super) const DATABASE: &str =
    "The books: sqlite://FILE or postgres://... [default: database.url]";

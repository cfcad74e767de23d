//! Help that several commands' flags share.

/// The help of `--database-url`.
pub(super) const DATABASE: &str =
    "The books: sqlite://FILE or postgres://... [default: database.url]";

//! What the operators' API answers, read leniently and drawn for a person; and what a check or an
//! audit found.
//!
//! Only what a table shows is read, and most of it may be missing: a newer service must not make an
//! older shell useless in the night when it is needed.

mod answer;
mod books;
mod list;
mod position;
mod show;
mod table;
#[cfg(test)]
mod tests;

pub(super) use answer::{Acted, Detail, Page};
pub(super) use books::{audited, checked};
pub(super) use list::list;
pub(super) use show::show;

//! Draws the answers of the operators' API, and the results of a check or an audit, for people.
//!
//! Reads answers leniently: only what a table shows, and most of that may be missing. So an older shell
//! still works with a newer service, in the night when it is needed.

mod answer;
mod books;
mod list;
mod position;
mod show;
mod table;
#[cfg(test)]
mod tests;

pub(super) use answer::{ActionDone, Detail, Page};
pub(super) use books::{audited, checked};
pub(super) use list::list;
pub(super) use show::show;

//! Rows from sagas, and sagas from rows.
//!
//! A row that this binary can't read is [`Unreadable`], never a panic and never a guess.

mod read;
mod written;

pub use read::Unreadable;
pub(super) use read::{entries_of, event_of, instance_of};
pub(super) use written::{ENTRY, EVENT, ITEM, NEW_SAGA, ORDER, SAGA, TALLY};
pub(super) use written::{
    entry_rows, event_row, item_rows, new_saga_row, order_row, saga_row, tally_row,
};

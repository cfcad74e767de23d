//! Rows from sagas, and sagas from rows.
//!
//! A row that this binary can't read is [`Unreadable`], never a panic and never a guess.

mod archived;
mod read;
mod recorded;
mod written;

pub(super) use archived::{
    archived_audit, archived_event, archived_note, archived_saga, archived_step,
};
pub use read::Unreadable;
pub(super) use read::{entries_of, event_of, instance_of};
pub(super) use recorded::{
    AUDIT, EVENT, IMPORTED, ITEM, MOVED, ORDER, OVER, RETURN, RETURN_DONE, RETURN_LINE, TROUBLE,
};
pub(super) use recorded::{
    audit_row, event_rows, imported_row, item_rows, moved_row, order_row, over_row,
    return_done_row, return_line_rows, return_row, trouble_row,
};
pub(super) use written::{ENTRY, NEW_SAGA, SAGA, TALLY};
pub(super) use written::{entry_rows, new_saga_row, saga_row, tally_row};

//! Import of the old database: its two tables, as two files, become orders and lines of ours.
//!
//! ```text
//! orders file ─▶ sorted by id ─────────────────────────────┐
//! items file ──▶ sorted by their id: the second of two     ├─▶ one order with its lines ─▶ judged ─▶ a batch,
//!                of one id is rejected ─▶ sorted by order ─┘    at a time                             one transaction
//! ```
//!
//! Neither file need be in any order, and neither is held in memory. The rows are sorted on disk, in runs of
//! 16 MiB (`sort.rs`), in files that have no name and so are gone with the process, however it ends. A table
//! to sort them in would cost the database what the orders themselves cost it; and orders that come by id fill
//! the pages of its indexes one after the other.
//!
//! The invariants: a row of a file is either in the books afterwards or among the rejects, with why. An
//! order gets there with all its lines or not at all. What is there already is compared and never changed.
//! So an import that died is simply begun anew, and one that is repeated does nothing (promise 68).

mod batch;
mod compare;
mod csv_rows;
mod error;
mod input;
mod join;
mod json_rows;
mod judge;
mod options;
mod progress;
mod record;
mod rejects;
mod row;
mod run;
mod sort;
mod source;
mod spool;
mod tally;
mod value;

pub use error::Error;
pub use options::{Options, Writing};
pub use progress::{Progress, Step};
pub use run::{Files, Report, Sources, run};
pub use tally::{Amounts, Month, MonthRow};

//! The archive: a directory of files that any program can read, which belongs to one database.
//!
//! ```text
//! sagas-2026-11-28.jsonl.zst   a line of JSON for each saga; a zstd frame for each batch
//! sagas-2026-11-28.json        the manifest: what of that file is promised, and its SHA-256
//! archive.lock                 held by the process that writes
//! ```
//!
//! Only what a manifest promises counts. A batch is appended and flushed, and then the manifest is replaced by
//! one that promises it, too. So what stands behind the promised bytes is what a process was writing when
//! it died, and the next batch cuts it off.
//!
//! Two processes never write at the same time. The lead of forgetting does not ensure that by itself: a
//! leader that was paused in the middle of a batch would go on writing after another has taken over. The lock
//! on `archive.lock` does, as the system holds it for a paused process and releases it when the process ends.
//! So a new leader that finds it held waits, and one that gets it finds a file that nobody writes to.

mod append;
mod error;
mod manifest;
mod part;
mod read;
mod verify;

pub use append::Archive;
pub use error::ArchiveError;
pub use manifest::file_of;
pub use part::Part;
pub use read::find;
pub use verify::{Condition, Verified, verify};

//! What both HTTP APIs share: the way in and out of a request, its parts parsed one by one, and
//! the document that describes it all.
//!
//! The invariant: every error, whoever raised it, leaves through [`walk_in`] as
//! `application/problem+json` (RFC 9457) with the same `error` texts everywhere. No route is known here.

mod body;
mod cursor;
mod document;
mod door;
mod field;
mod invalid;
mod path;
mod problem;
mod prompt;
mod query;
mod read;
mod segment;

pub(crate) use body::{json_body, json_bytes, parse_json};
pub(crate) use cursor::Cursor;
pub(crate) use document::document;
pub(crate) use door::{no_such_method, no_such_path, panicked, walk_in};
pub(crate) use field::{Field, NonNilUuid, WholeNumber};
pub(crate) use invalid::Invalid;
pub(crate) use path::canonical as canonical_uri;
pub(crate) use problem::{Body as ProblemBody, Problem};
pub(crate) use prompt::Prompt;
pub(crate) use query::{Query, within_years};
pub(crate) use read::read;
pub(crate) use segment::{Segment, uuid_segment};

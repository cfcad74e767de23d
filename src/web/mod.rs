//! What both HTTP APIs share: the middleware around a request, how its parts are parsed, and the
//! `OpenAPI` document.
//!
//! The invariant: every error is answered as `application/problem+json` (RFC 9457), which
//! [`trace_and_report`] writes. No route is known here.

mod body;
mod cursor;
mod document;
mod field;
mod invalid;
mod middleware;
mod path;
mod problem;
mod prompt;
mod query;
mod read;
mod segment;

pub(crate) use body::{json_body, json_bytes, parse_json};
pub(crate) use cursor::Cursor;
pub(crate) use document::document;
pub(crate) use field::{Field, NonNilUuid, WholeNumber};
pub(crate) use invalid::Invalid;
pub(crate) use middleware::{no_such_method, no_such_path, panicked, trace_and_report};
pub(crate) use path::canonical_uri;
pub(crate) use problem::{Problem, ProblemBody};
pub(crate) use prompt::Prompt;
pub(crate) use query::{Query, within_years};
pub(crate) use read::read;
pub(crate) use segment::{Segment, uuid_segment};

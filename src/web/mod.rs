//! What both HTTP APIs share: the middleware around a request, how its parts are parsed, and the
//! `OpenAPI` document.
//!
//! The invariant: every error is answered as `application/problem+json` (RFC 9457), which
//! [`trace_and_report`] writes. The only addresses known here are those of orders.

mod body;
mod cancel_body;
mod cancelled;
mod cursor;
mod document;
mod field;
mod invalid;
mod middleware;
mod moment;
mod path;
mod prefer;
mod problem;
mod prompt;
mod query;
mod read;
mod segment;
pub(crate) mod url;

use axum::http::HeaderName;

pub(crate) use body::{form_body, json_body, json_bytes, optional_json_body, parse_json};
pub(crate) use cancel_body::{CancelBody, REASONS, StaffCancelBody, Words};
pub(crate) use cancelled::{
    CancelledView, CancellingView, ReleasedView, cancel_response, released,
};
pub(crate) use cursor::Cursor;
pub(crate) use document::document;
pub(crate) use field::{Field, NonNilUuid, WholeNumber};
pub(crate) use invalid::Invalid;
pub(crate) use middleware::{no_such_method, no_such_path, panicked, trace_and_report};
pub(crate) use moment::MomentText;
pub(crate) use path::canonical_uri;
pub(crate) use prefer::Preference;
pub(crate) use problem::{Problem, ProblemBody};
pub(crate) use prompt::Prompt;
pub(crate) use query::{Query, within_years};
pub(crate) use read::read;
pub(crate) use segment::{Segment, TwoSegments, uuid_segment, uuid_segments};

/// Marks an answer that an earlier request was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Says which preferences of `Prefer` were applied.
pub(crate) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

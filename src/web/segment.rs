//! Ids in a path. A malformed one is answered as a problem that names it.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use uuid::Uuid;

use super::problem::Problem;

/// A segment of the path as the client sent it.
pub(crate) type Segment = Result<Path<String>, PathRejection>;

/// The segment as a UUID, or a 400 with `{name} is not a UUID`.
pub(crate) fn uuid_segment(segment: Segment, name: &str) -> Result<Uuid, Problem> {
    let id = segment.ok().and_then(|Path(text)| text.parse().ok());
    id.ok_or_else(|| Problem::bad_request(format!("{name} is not a UUID")))
}

//! Ids in a path, so that a bad one is named and answered as a problem.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use uuid::Uuid;

use super::problem::Problem;

/// A segment of the path as it came.
pub(crate) type Segment = Result<Path<String>, PathRejection>;

/// The segment as a UUID; 400 naming it otherwise.
pub(crate) fn uuid_segment(segment: Segment, name: &str) -> Result<Uuid, Problem> {
    let id = segment.ok().and_then(|Path(text)| text.parse().ok());
    id.ok_or_else(|| Problem::bad_request(format!("{name} is not a UUID")))
}

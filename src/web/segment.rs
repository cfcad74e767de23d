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

/// Two segments of the path as the client sent them.
pub(crate) type TwoSegments = Result<Path<(String, String)>, PathRejection>;

/// The same for two segments, the first of which is wrong first.
pub(crate) fn uuid_segments(
    segments: TwoSegments,
    names: [&str; 2],
) -> Result<(Uuid, Uuid), Problem> {
    let (first, second) =
        segments.map_or_else(|_| <(String, String)>::default(), |Path(both)| both);
    Ok((uuid_segment(Ok(Path(first)), names[0])?, uuid_segment(Ok(Path(second)), names[1])?))
}

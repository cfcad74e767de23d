//! `GET /schemas/events/{type}.json`: the JSON Schema of what events of a type tell.

use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::events;
use crate::web::{Problem, Segment};

/// Schemas change with releases only.
const FOR_AN_HOUR: &str = "public, max-age=3600";
const MEDIA_TYPE: &str = "application/schema+json";

/// The types that have a schema.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTypes)]
pub(super) struct TypesView {
    /// Each with the path of its schema.
    types: Vec<TypeView>,
}

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub(super) struct TypeView {
    #[serde(rename = "type")]
    kind: String,
    schema: String,
}

/// List event types
///
/// Every type of events, with the path of its JSON Schema.
#[utoipa::path(
    get,
    path = "/schemas/events",
    tag = "events",
    operation_id = "listEventTypes",
    responses((status = 200, description = "The types", body = TypesView)),
)]
pub(super) async fn list_event_types() -> Json<TypesView> {
    let view = |kind: String| TypeView { schema: format!("/schemas/events/{kind}.json"), kind };
    Json(TypesView { types: events::schemas().map(view).collect() })
}

/// Get an event's schema
///
/// The JSON Schema (2020-12) of the `data` of events of a type.
#[utoipa::path(
    get,
    path = "/schemas/events/{file}",
    tag = "events",
    operation_id = "getEventSchema",
    params(("file" = String, Path, description = "The type and `.json`, such as `order.confirmed.json`")),
    responses(
        (status = 200, description = "The schema", content_type = "application/schema+json", body = Object),
        (status = 404, description = "`Schema not found`"),
    ),
)]
pub(super) async fn get_event_schema(file: Segment) -> Result<Response, Problem> {
    let not_found = || Problem::not_found("Schema not found");
    let Path(file) = file.map_err(|_not_text| not_found())?;
    let kind = file.strip_suffix(".json").ok_or_else(not_found)?;
    let schema = events::schema(kind).ok_or_else(not_found)?;
    let headers = [(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, FOR_AN_HOUR)];
    Ok((headers, schema.to_string()).into_response())
}

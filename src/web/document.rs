//! The `OpenAPI` 3.1 document, made from the handlers' own descriptions, so that the two cannot
//! drift apart.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
};
use utoipa::{PartialSchema, ToSchema};

use super::problem::Body;

/// The one document of these parts, one an API.
pub(crate) fn document(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Order service")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(env!("CARGO_PKG_DESCRIPTION")))
        .build();
    let mut document = OpenApiBuilder::new().info(info).build();
    parts.into_iter().for_each(|part| document.merge(part));
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(Body::name().into_owned(), Body::schema());
    let paths = document.paths.paths.values_mut();
    let operations = paths.flat_map(|item| [&mut item.get, &mut item.post].into_iter().flatten());
    operations.for_each(describe_problems);
    document
}

/// Every error that has no body of its own is a problem document.
fn describe_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.content.is_empty() && status.starts_with(['4', '5']) {
            let schema = Ref::from_schema_name(Body::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            response.content.insert("application/problem+json".to_owned(), RefOr::T(content));
        }
    }
}

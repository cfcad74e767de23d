//! The `OpenAPI` 3.1 document. It is generated from each handler's own description, so that the two
//! can't differ.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use super::problem::ProblemBody;

/// Merges the parts, one for each API, into one document.
pub(crate) fn document(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Order service")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(env!("CARGO_PKG_DESCRIPTION")))
        .build();
    let mut document = OpenApiBuilder::new().info(info).build();
    parts.into_iter().for_each(|part| document.merge(part));
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    components.schemas.values_mut().for_each(merge_descriptions);
    let paths = document.paths.paths.values_mut();
    let operations = paths.flat_map(|item| [&mut item.get, &mut item.post].into_iter().flatten());
    operations.for_each(describe_problems);
    document
}

/// Gives every error that is described without a body the problem document.
fn describe_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.content.is_empty() && status.starts_with(['4', '5']) {
            let schema = Ref::from_schema_name(ProblemBody::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            response.content.insert("application/problem+json".to_owned(), RefOr::T(content));
        }
    }
}

/// Moves the description of a field into the schema of its type. utoipa writes a field with an inline
/// schema as `allOf: [type, {description}]`, which says the same in a form that is hard to read.
fn merge_descriptions(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for property in object.properties.values_mut() {
        let RefOr::T(Schema::AllOf(both)) = property else { continue };
        let [RefOr::T(field_type), RefOr::T(Schema::Object(field))] = both.items.as_slice() else {
            continue;
        };
        let (mut merged, description) = (field_type.clone(), field.description.clone());
        match &mut merged {
            Schema::Object(object) => object.description = description,
            Schema::OneOf(one_of) => one_of.description = description,
            _other => continue,
        }
        *property = RefOr::T(merged);
    }
}

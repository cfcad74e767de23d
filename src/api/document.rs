//! The `OpenAPI` 3.1 document, made from the handlers' own descriptions, so that the two cannot
//! drift apart.

use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
};

use super::problem::Body;
use super::route;
use crate::operator;

/// The name of the operators' bearer token in the document.
const TOKEN: &str = "operatorToken";

/// The document of both APIs.
pub fn openapi() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Order service")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(env!("CARGO_PKG_DESCRIPTION")))
        .build();
    let mut document = OpenApiBuilder::new().info(info).build();
    document.merge(route::table().into_openapi());
    document.merge(operator::document());
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(Body::name().into_owned(), Body::schema());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme(TOKEN, bearer);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_path_of_the_contract() {
        let document = serde_json::to_value(openapi()).expect("it can be written");
        let version = document["openapi"].as_str().expect("a version");
        assert!(version.starts_with("3.1"), "{version}");
        let paths = document["paths"].as_object().expect("paths");
        let mut found: Vec<String> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().into_iter().flat_map(|item| item.keys());
                methods.map(move |method| format!("{method} {path}"))
            })
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "get /api/health",
                "get /api/operator/sagas",
                "get /api/operator/sagas/{id}",
                "get /api/operator/summary",
                "get /api/orders/user/{userId}",
                "get /api/orders/{id}",
                "get /api/orders/{id}/status",
                "get /health/live",
                "get /health/ready",
                "get /metrics",
                "post /api/operator/sagas/{id}/retry",
                "post /api/orders/create",
            ]
        );
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        let document = serde_json::to_value(openapi()).expect("it can be written");
        let text = document.to_string();
        let references = text.split("\"$ref\":\"#").skip(1);
        let references = references.filter_map(|rest| rest.split('"').next());
        let mut seen = 0;
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}

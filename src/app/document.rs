//! The `OpenAPI` document of both APIs. It is put together here because neither knows the other.

use serde_json::Value;

use super::strict::tighten;
use crate::{api, auth, operator, web};

/// The document as JSON.
///
/// # Panics
/// Never: plain values are always JSON.
pub(super) fn openapi() -> Value {
    let mut document = web::document([api::document(), operator::document()]);
    auth::describe(&mut document);
    let document = serde_json::to_value(document);
    let mut document = document.expect("a document made of plain values is always JSON");
    tighten(&mut document);
    document
}

/// The same as text.
///
/// # Panics
/// Never: plain values are always JSON.
#[must_use]
pub fn openapi_json() -> String {
    let text = serde_json::to_string_pretty(&openapi());
    text.expect("a document made of plain values is always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_path_that_clients_know() {
        let document = openapi();
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
                "delete /api/operator/webhooks/{id}",
                "get /api/events",
                "get /api/health",
                "get /api/operator/audit",
                "get /api/operator/bulk",
                "get /api/operator/bulk/{id}",
                "get /api/operator/groups",
                "get /api/operator/sagas",
                "get /api/operator/sagas/{id}",
                "get /api/operator/summary",
                "get /api/operator/webhooks",
                "get /api/operator/webhooks/{id}",
                "get /api/operator/webhooks/{id}/deliveries",
                "get /api/orders/user/{userId}",
                "get /api/orders/{id}",
                "get /api/orders/{id}/cancellation",
                "get /api/orders/{id}/status",
                "get /api/orders/{id}/stream",
                "get /api/orders/{id}/tracking",
                "get /api/returns/{id}",
                "get /api/shipments/{id}",
                "get /health/live",
                "get /health/ready",
                "get /metrics",
                "get /schemas/events",
                "get /schemas/events/{file}",
                "patch /api/operator/webhooks/{id}",
                "post /api/operator/bulk",
                "post /api/operator/bulk/{id}/pause",
                "post /api/operator/bulk/{id}/resume",
                "post /api/operator/bulk/{id}/start",
                "post /api/operator/bulk/{id}/stop",
                "post /api/operator/orders/{id}/cancel",
                "post /api/operator/sagas/{id}/compensate",
                "post /api/operator/sagas/{id}/hold",
                "post /api/operator/sagas/{id}/notes",
                "post /api/operator/sagas/{id}/release",
                "post /api/operator/sagas/{id}/resolve",
                "post /api/operator/sagas/{id}/retry",
                "post /api/operator/webhooks",
                "post /api/operator/webhooks/{id}/deliveries/{eventId}/resend",
                "post /api/operator/webhooks/{id}/recover",
                "post /api/operator/webhooks/{id}/rotate",
                "post /api/operator/webhooks/{id}/test",
                "post /api/orders/create",
                "post /api/orders/{id}/cancel",
                "post /api/orders/{id}/returns",
                "post /api/orders/{id}/shipments",
                "post /api/shipments/{id}/events",
            ]
        );
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        let document = openapi();
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

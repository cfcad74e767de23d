//! Parts of the `OpenAPI` document that the handlers' types don't have: the words that a parameter may
//! be, the form of a text, the statuses that any operation may answer, links and examples.
//!
//! The words come from the enums that the server reads them with. schemathesis checks that the document
//! is as strict as the server, and no stricter (scripts/schemathesis).

use serde_json::{Value, json};
use strum::IntoEnumIterator;

use super::catalogue::CATALOGUE;
use crate::order::OrderStatus;
use crate::saga::{Per, StuckKind};
use crate::sandbox::sample::{ASHA, TEA};

const HISTORY: &str = "/api/orders/user/{userId}";
const CREATE: &str = "/api/orders/create";
const SAGAS: &str = "/api/operator/sagas";
const WEBHOOKS: &str = "/api/operator/webhooks";
const AUDIT: &str = "/api/operator/audit";
/// The id of an order in examples.
const ORDER: &str = "0198f2a4-7c1e-7d3a-9b52-3f6e8d0a1c47";

/// An `Idempotency-Key`: visible ASCII, quoted or not. Quotes around nothing are no key.
const KEY: &str = r#"^([!#-~][!-~]{0,254}|"[!-~]{0,253}[!#-~]|"|"[!-~]{1,255}")$"#;
const VERSION: &str = r#"^(\*|(W/)?([0-9]{1,18}|"[0-9]{1,18}"))$"#;
const OPERATOR: &str = "^[ -~]{0,100}$";
/// A text that is not empty, without NUL.
const TEXT: &str = r"^[^\u0000]+$";
/// A cursor of the list of sagas: a time between 1970 and 2112 in microseconds, and an id.
const CURSOR: &str = "^s000[0-9a-fA-F]{45}$";

/// Makes the document as strict as the server.
pub(super) fn tighten(document: &mut Value) {
    parameters(document);
    resolution(document);
    answers(document);
    statuses(document);
    examples(document);
}

fn parameters(document: &mut Value) {
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    let word = |words: Vec<String>| json!({"type": "string", "enum": words});
    let kinds = CATALOGUE.kinds().into_iter().map(str::to_owned).collect();
    let sorts = ["-createdAt", "createdAt", "-totalAmount", "totalAmount"].map(str::to_owned);
    let statuses = OrderStatus::iter().map(|status| status.to_string()).collect();
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let states = owned(CATALOGUE.states());
    let truths = owned(vec!["true", "false"]);
    let stuck = truths.into_iter().chain(StuckKind::iter().map(|kind| kind.to_string()));
    for (path, method, name, schema) in [
        (HISTORY, "get", "status", word(statuses)),
        (HISTORY, "get", "sort", word(sorts.to_vec())),
        (SAGAS, "get", "state", word(states)),
        (SAGAS, "get", "kind", word(kinds)),
        (SAGAS, "get", "stuck", word(stuck.collect())),
        (SAGAS, "get", "step", word(owned(CATALOGUE.steps()))),
        (SAGAS, "get", "neighbour", word(owned(CATALOGUE.neighbours()))),
        (SAGAS, "get", "holds", word(owned(vec!["money", "stock"]))),
        (SAGAS, "get", "sort", word(owned(vec!["-createdAt", "age", "money"]))),
        (SAGAS, "get", "group", text(TEXT)),
        (SAGAS, "get", "idempotencyKey", text(TEXT)),
        (AUDIT, "get", "who", text(TEXT)),
        (AUDIT, "get", "action", text(TEXT)),
        (AUDIT, "get", "target", text(TEXT)),
        (SAGAS, "get", "olderThan", text(&duration())),
        (SAGAS, "get", "cursor", text(CURSOR)),
    ] {
        *parameter(document, path, method, name) = schema;
    }
    each_operation(document, |_path, operation| {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let form = match parameter["name"].as_str() {
                Some("Idempotency-Key") => KEY,
                Some("If-Match") => VERSION,
                Some("X-Operator") => OPERATOR,
                _ => continue,
            };
            parameter["schema"] = text(form);
        }
    });
}

/// The steps that an operator can resolve: those without lines, and those with.
fn resolution(document: &mut Value) {
    for (form, per) in [Per::Saga, Per::Line].into_iter().enumerate() {
        let steps = CATALOGUE.effect_steps().into_iter().filter(|(_, of)| *of == per);
        let words: Vec<_> = steps.map(|(step, _)| step.word()).collect();
        schema(document, "Verdict")["oneOf"][form]["properties"]["step"]["enum"] = json!(words);
    }
}

fn answers(document: &mut Value) {
    let statuses: Vec<_> = OrderStatus::iter().map(|status| status.to_string()).collect();
    for view in ["CheckoutStatus", "Order"] {
        schema(document, &format!("{view}/properties/status"))["enum"] = json!(statuses);
    }
    schema(document, "Accepted/properties/status")["enum"] = json!(["Pending"]);
    let kinds: Vec<_> = StuckKind::iter().map(|kind| kind.to_string()).collect();
    schema(document, "Stuck/properties/kind")["enum"] = json!(kinds);
    let to = |operation: &str| {
        let parameters = json!({"id": "$response.body#/id"});
        json!({"operationId": operation, "parameters": parameters})
    };
    let answers = &mut operation(document, CREATE, "post")["responses"];
    answers["201"]["links"] = json!({"order": to("getOrder"), "status": to("getStatus")});
    answers["202"]["links"] = json!({"status": to("getStatus")});
    let retry_after = json!({
        "description": "Seconds until it is worth asking again",
        "schema": {"type": "integer", "minimum": 0},
    });
    each_operation(document, |path, operation| {
        let Some(answers) = operation["responses"].as_object_mut() else { return };
        for (status, answer) in answers {
            if status == "503" && path != "/health/ready" {
                answer["headers"]["Retry-After"] = retry_after.clone();
            }
        }
    });
}

/// Statuses that any operation may answer.
fn statuses(document: &mut Value) {
    let problem = |description: &str| {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        let content = json!({"application/problem+json": {"schema": schema}});
        json!({"description": description, "content": content})
    };
    each_operation(document, |path, operation| {
        let takes_a_body = operation.get("requestBody").is_some();
        let Some(answers) = operation["responses"].as_object_mut() else { return };
        let mut may_be = |status: &str, description: &str| {
            answers.entry(status).or_insert_with(|| problem(description));
        };
        may_be("500", "`Internal error`: a fault of ours");
        if path != "/health/live" {
            may_be("503", "The database or, for a while, a place is not available");
        }
        if takes_a_body {
            may_be("408", "The body did not come in time");
        }
    });
}

fn examples(document: &mut Value) {
    schema(document, "CreateOrder")["example"] =
        json!({"userId": ASHA, "items": [{"productId": TEA, "quantity": 2}]});
    schema(document, "Reason")["example"] = json!({"reason": "the stock was counted again"});
    schema(document, "Verdict")["example"] = json!({
        "step": "reserve_stock",
        "line": 0,
        "happened": true,
        "reason": "the warehouse has it on its list",
    });
    schema(document, "NewWebhook")["example"] =
        json!({"url": "https://shop.example/hook", "types": ["order.*"], "ordered": true});
    schema(document, "WebhookChange")["example"] = json!({"description": "the warehouse"});
    schema(document, "Recovery")["example"] = json!({"since": "2026-01-31T00:00:00Z"});
    each_operation(document, |path, operation| {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let example = match parameter["name"].as_str() {
                Some("state") if path.starts_with(WEBHOOKS) => json!("failed"),
                Some("id" | "eventId") => json!(ORDER),
                Some("userId") => json!(ASHA),
                Some("limit") => json!(20),
                Some("state") => json!("Compensating"),
                Some("status") => json!(OrderStatus::Confirmed.to_string()),
                Some("olderThan") => json!("PT5M"),
                Some("from" | "to") => json!("2026-01-31T00:00:00Z"),
                Some("Idempotency-Key") => json!("5f0c9a4e-cart-17"),
                Some("If-Match") => json!("*"),
                Some("X-Operator") => json!("asha"),
                Some(_) | None => continue,
            };
            parameter["example"] = example;
        }
    });
}

fn each_operation(document: &mut Value, mut change: impl FnMut(&str, &mut Value)) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, methods) in paths {
        for (_method, operation) in methods.as_object_mut().into_iter().flatten() {
            change(path, operation);
        }
    }
}

fn operation<'a>(document: &'a mut Value, path: &str, method: &str) -> &'a mut Value {
    &mut document["paths"][path][method]
}

fn schema<'a>(document: &'a mut Value, path: &str) -> &'a mut Value {
    let schemas = &mut document["components"]["schemas"];
    path.split('/').fold(schemas, |schema, name| &mut schema[name])
}

/// The schema of a parameter.
fn parameter<'a>(document: &'a mut Value, path: &str, method: &str, name: &str) -> &'a mut Value {
    let parameters = operation(document, path, method)["parameters"].as_array_mut();
    let mut parameters = parameters.into_iter().flatten();
    let found = parameters.find(|parameter| parameter["name"] == name);
    &mut found.expect("the handlers describe it")["schema"]
}

/// An ISO 8601 duration: a date part, a time part, or both; each begins with any of its units.
fn duration() -> String {
    let (number, seconds) = ("[0-9]{1,6}", "[0-9]{1,6}([.,][0-9]{1,9})?S");
    let time = format!("T({number}H({number}M)?({seconds})?|{number}M({seconds})?|{seconds})");
    let days = format!("({number}D)?");
    let weeks = format!("({number}W)?{days}");
    let date =
        format!("([0-9]{{1,4}}Y({number}M)?{weeks}|{number}M{weeks}|{number}W{days}|{number}D)");
    format!("^P({date}({time})?|{time})$")
}

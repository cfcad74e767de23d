//! Operators' tokens, and what each role may do.

use std::time::Duration;

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use reqwest::Method;
use serde_json::json;

use super::issuer::with_shared_key;
use super::{ROLES, ask, get, token_of, with_roles};
use crate::harness::{Books, TOKEN, World, WorldBuilder, cart, on_both_with};

/// Whom a route lets in, in the order of [`ROLES`].
type Allowed = [bool; 4];

const READ_SAGAS: Allowed = [true, true, false, true];
const FULFIL: Allowed = [false, false, true, true];
const TAKE_BACK: Allowed = [false, true, true, true];
const ACT: Allowed = [false, true, false, true];
const ADMINISTER: Allowed = [false, false, false, true];

/// Routes that need a role, with ids that are none.
const ROUTES: [(Method, &str, Allowed); 30] = [
    (Method::GET, "/api/operator/summary", READ_SAGAS),
    (Method::GET, "/api/operator/audit", READ_SAGAS),
    (Method::GET, "/api/operator/sagas", READ_SAGAS),
    (Method::GET, "/api/operator/sagas/x", READ_SAGAS),
    (Method::POST, "/api/operator/sagas/x/retry", ACT),
    (Method::POST, "/api/operator/sagas/x/compensate", ACT),
    (Method::POST, "/api/operator/sagas/x/resolve", ACT),
    (Method::POST, "/api/operator/sagas/x/hold", ACT),
    (Method::POST, "/api/operator/sagas/x/release", ACT),
    (Method::GET, "/api/operator/bulk", READ_SAGAS),
    (Method::GET, "/api/operator/bulk/x", READ_SAGAS),
    (Method::POST, "/api/operator/bulk", ACT),
    (Method::POST, "/api/operator/bulk/x/start", ACT),
    (Method::POST, "/api/operator/bulk/x/pause", ACT),
    (Method::POST, "/api/operator/bulk/x/resume", ACT),
    (Method::POST, "/api/operator/bulk/x/stop", ACT),
    (Method::POST, "/api/operator/orders/x/cancel", ACT),
    (Method::POST, "/api/orders/x/returns", TAKE_BACK),
    (Method::POST, "/api/orders/x/shipments", FULFIL),
    (Method::POST, "/api/shipments/x/events", FULFIL),
    (Method::GET, "/api/operator/webhooks", READ_SAGAS),
    (Method::GET, "/api/operator/webhooks/x", READ_SAGAS),
    (Method::GET, "/api/operator/webhooks/x/deliveries", READ_SAGAS),
    (Method::POST, "/api/operator/webhooks", ADMINISTER),
    (Method::PATCH, "/api/operator/webhooks/x", ADMINISTER),
    (Method::DELETE, "/api/operator/webhooks/x", ADMINISTER),
    (Method::POST, "/api/operator/webhooks/x/rotate", ADMINISTER),
    (Method::POST, "/api/operator/webhooks/x/test", ADMINISTER),
    (Method::POST, "/api/operator/webhooks/x/deliveries/x/resend", ADMINISTER),
    (Method::POST, "/api/operator/webhooks/x/recover", ADMINISTER),
];

#[tokio::test]
async fn a_role_opens_its_routes_and_is_judged_before_the_id_and_the_body() {
    on_both_with(with_roles, async |world| {
        for (method, path, allowed) in ROUTES {
            for ((role, _), allowed) in ROLES.into_iter().zip(allowed) {
                let token = token_of(role);
                let answer = ask(world, &method, path, Some(&token), &json!("no object")).await;
                if allowed {
                    assert!(matches!(answer.status, 200 | 400), "{role} {path} {answer:?}");
                } else {
                    answer.is_problem(403, &format!("Not allowed for role {role}"), json!({}));
                }
            }
            let answer = ask(world, &method, path, None, &json!("no object")).await;
            answer.is_problem(401, "An operator token is needed", json!({}));
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let answer = ask(world, &method, path, Some("token-of-nobody"), &json!("")).await;
            answer.is_problem(401, "The operator token is wrong", json!({}));
        }
    })
    .await;
}

#[tokio::test]
async fn named_tokens_alone_open_and_one_of_them_is_no_other() {
    let world = with_roles(World::build(Books::Sqlite)).set(|config| config.operator.token = None);
    let world = world.start().await;
    for (token, status) in [("token-of-viewer", 200), ("token-of-viewer2", 401), ("viewer", 401)] {
        assert_eq!(get(&world, "/api/operator/summary", token).await.status, status, "{token}");
    }
    let request = world.http.get(world.url("/api/operator/summary"));
    let request = request.bearer_auth("token-of-viewer").bearer_auth("token-of-admin");
    assert_eq!(request.send().await.expect("an answer").status(), 401, "which of the two?");
    world.finish().await;
}

/// A world in which each role has a token, and sagas wait for an hour after a failure.
fn patient(world: WorldBuilder) -> WorldBuilder {
    with_roles(world).set(|config| {
        config.retry.initial = Duration::from_hours(1);
        config.retry.max = Duration::from_hours(1);
        config.checkout.deadline = Duration::from_hours(24);
    })
}

#[tokio::test]
async fn who_acts_is_the_name_of_the_token_and_of_a_shared_one_what_the_header_says() {
    on_both_with(patient, async |world| {
        for (token, said, who) in [
            (token_of("operator"), "somebody else", "operator"),
            (token_of("admin"), "\t", "admin"),
            (TOKEN.to_owned(), "meena", "meena"),
        ] {
            world.fault(Fault::once(Call::Process, FaultKind::ErrorBefore));
            let headers = [("Idempotency-Key", who), ("Prefer", "respond-async")];
            let cart = cart(ASHA, &[(TEA, 1)]);
            let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
            world.until(async || world.inspect(id).await["nextAttemptAt"].is_string()).await;
            let request = world.http.post(world.url(&format!("/api/operator/sagas/{id}/retry")));
            let request = request.bearer_auth(&token).header("x-operator", said);
            let answer = request.json(&json!({"reason": "it is well"})).send().await;
            assert_eq!(answer.expect("an answer").status(), 200, "{who}");
            world.decided(&cart, who).await.is_created(ASHA, 14_900);
            let log = world.inspect(id).await["steps"].as_array().expect("a log").clone();
            let retried = log.iter().find(|step| step["phase"] == "operator").expect("a retry");
            assert_eq!((&retried["executor"], &retried["who"]), (&json!(who), &json!(who)));
            assert_eq!(
                (&retried["reason"], &retried["did"]),
                (&json!("it is well"), &json!("retried"))
            );
        }
    })
    .await;
}

/// What anybody may ask for.
const OPEN: [&str; 6] = [
    "/api/health",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/schemas/events",
    "/schemas/events/{file}",
];

#[tokio::test]
async fn every_route_that_is_described_wants_a_token_or_is_known_to_be_open() {
    let world = with_shared_key(with_roles(World::build(Books::Sqlite))).start().await;
    let document = world.get("/openapi.json").await.body;
    let (mut of_operators, mut of_clients) = (0, 0);
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            if OPEN.contains(&path.as_str()) {
                continue;
            }
            // Whoever describes a route as the clients' says that users may need no token.
            let security = operation["security"].as_array().expect("whose token is good");
            let is_clients = security.contains(&json!({"userToken": []}));
            assert_eq!(security.contains(&json!({})), is_clients, "{method} {path}");
            let method = method.to_uppercase().parse().expect("a method");
            let path = path.replace("{id}", "x").replace("{userId}", "x");
            for (token, error) in
                [(None, "needed"), (Some("x.y.z"), if is_clients { "not valid" } else { "wrong" })]
            {
                let answer = ask(&world, &method, &path, token, &json!("no object")).await;
                assert_eq!(answer.status, 401, "{method} {path}");
                assert!(answer.error().ends_with(error), "{method} {path}: {answer:?}");
            }
            *(if is_clients { &mut of_clients } else { &mut of_operators }) += 1;
        }
    }
    assert!(of_operators >= ROUTES.len() && of_clients >= 4, "{of_operators} {of_clients}");
    world.finish().await;
}

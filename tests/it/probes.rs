//! Probes, metrics, the document and its page, and what browsers elsewhere may do.

use std::collections::BTreeSet;

use order_service::sandbox::sample::{ASHA, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, cart, on_both, on_both_with};

#[tokio::test]
async fn a_working_service_is_live_and_ready() {
    on_both(async |world| {
        for (path, body) in [
            ("/health/live", json!({"status": "live"})),
            ("/health/ready", json!({"status": "ready"})),
            ("/api/health", json!({"status": "Healthy", "service": "order-service"})),
        ] {
            let answer = world.get(path).await;
            assert_eq!((answer.status, answer.body), (200, body), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_without_its_database_is_live_and_not_ready() {
    on_both(async |world| {
        let (audited, ledger) = (&world.service.store, world.sandbox.ledger());
        crate::harness::audit(audited, &ledger).await;
        let drained = world.service.executor.drain(std::time::Duration::ZERO);
        drained.await;
        let ready = world.get("/health/ready").await;
        assert_eq!((ready.status, &ready.body["status"]), (503, &json!("unavailable")));
        assert!(ready.body["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
        assert_eq!(world.get("/health/live").await.status, 200);
        let refused = world.create(&cart(ASHA, &[(TEA, 1)])).await;
        refused.is_problem(503, "this process is stopping", json!({}));
        assert!(refused.header("retry-after").is_some());
    })
    .await;
}

#[tokio::test]
async fn the_metrics_have_every_family_and_count_what_happened() {
    on_both_with(
        |world| world.not_idempotent().no_joining(),
        async |world| {
            world.fault(Fault::once(Call::Process, FaultKind::ErrorBefore));
            world.create(&cart(ASHA, &[(TEA, 1)])).await.is_accepted(ASHA);
            world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
            world.create(&cart(RAVI, &[(TEA, 1)])).await;
            world.until(async || world.service.executor.in_flight() == 0).await;
            let metrics = async || {
                let answer = world.get("/metrics").await;
                assert!(answer.header("content-type").is_some_and(|of| of.contains("openmetrics")));
                answer.body.as_str().expect("text").to_owned()
            };
            // Open sagas are counted only every few seconds.
            let open = "order_service_sagas_open{state=\"Priced\"} 1";
            world.until(async || metrics().await.contains(open)).await;
            has_every_family(&metrics().await);
        },
    )
    .await;
}

fn has_every_family(text: &str) {
    let families: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE order_service_"))
        .map(|line| line.split(' ').next().expect("a name"))
        .collect();
    for family in [
        "sagas_entered",
        "checkout_duration_seconds",
        "step_duration_seconds",
        "sagas_in_flight",
        "sagas_open",
        "checkouts_shed",
        "sagas_taken_over",
        "log_commits",
        "log_writes",
        "log_last_batch",
    ] {
        assert!(families.contains(family), "no {family} in {families:?}");
    }
    let charged = "order_service_step_duration_seconds_count{step=\"charge_payment\"";
    for line in [
        "order_service_sagas_entered_total{state=\"Completed\"} 1",
        "order_service_checkout_duration_seconds_count{state=\"Rejected\"} 1",
        &format!("{charged},outcome=\"done\"}} 1"),
        &format!("{charged},outcome=\"refused\"}} 1"),
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_has_every_route() {
    on_both(async |world| {
        let answer = world.get("/openapi.json").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        let document = answer.body;
        assert!(document["openapi"].as_str().expect("text").starts_with("3.1"));
        for (method, path) in [
            ("post", "/api/orders/create"),
            ("get", "/api/orders/{id}"),
            ("get", "/api/orders/user/{userId}"),
            ("get", "/api/orders/{id}/status"),
            ("get", "/health/live"),
            ("get", "/health/ready"),
            ("get", "/api/health"),
            ("get", "/metrics"),
            ("get", "/api/operator/sagas"),
            ("get", "/api/operator/sagas/{id}"),
            ("post", "/api/operator/sagas/{id}/retry"),
            ("post", "/api/operator/sagas/{id}/compensate"),
            ("post", "/api/operator/sagas/{id}/resolve"),
            ("get", "/api/operator/summary"),
        ] {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
        let create = &document["paths"]["/api/orders/create"]["post"]["responses"];
        for status in ["201", "202", "400", "404", "409", "413", "415", "422", "429", "500", "502"]
        {
            assert!(create[status].is_object(), "{status}");
        }
        // Every schema that is referred to exists.
        let text = document.to_string();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().expect("a name");
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_page_of_the_document_loads_nothing_from_outside() {
    on_both(async |world| {
        for path in ["/docs", "/docs/"] {
            let answer = world.get(path).await;
            assert_eq!(answer.status, 200);
            let policy = answer.header("content-security-policy").expect("a policy");
            assert!(policy.starts_with("default-src 'self'"), "{policy}");
            let page = answer.body.as_str().expect("a page").to_owned();
            let links: Vec<_> = page
                .split(['<', ' ', '\n'])
                .filter_map(|word| {
                    word.strip_prefix("src=\"").or_else(|| word.strip_prefix("href=\""))
                })
                .filter_map(|word| word.split('"').next())
                .collect();
            assert!(links.len() > 3, "{page}");
            for link in links {
                assert!(!link.contains("//"), "{link}");
                if !link.ends_with('/') {
                    let file = format!("/docs/{}", link.trim_start_matches("./"));
                    assert_eq!(world.get(&file).await.status, 200, "{file}");
                }
            }
        }
        assert_eq!(world.get("/docs/nothing.js").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_a_problem() {
    on_both(async |world| {
        for path in ["/", "/api", "/api/orders", "/api/orders/create/x"] {
            world.get(path).await.is_problem(404, "Not found", json!({}));
        }
        // Who has no token is not told which paths there are.
        world.get("/api/operator/x").await.is_problem(
            401,
            "An operator token is needed",
            json!({}),
        );
        let request = world.http.delete(world.url("/api/orders/create"));
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        answer.is_problem(405, "Method not allowed", json!({}));
        assert!(answer.header("allow").is_some_and(|allowed| allowed.contains("POST")));
    })
    .await;
}

#[tokio::test]
async fn a_browser_of_a_configured_origin_may_call_and_no_other() {
    let shop = "https://shop.example";
    on_both_with(
        move |world| world.set(move |config| config.http.cors_origins = vec![shop.to_owned()]),
        async |world| {
            let preflight = async |origin: &str| {
                let url = world.url("/api/orders/create");
                let request = world.http.request(Method::OPTIONS, url).header("origin", origin);
                let request = request.header("access-control-request-method", "POST");
                let wanted = "content-type,idempotency-key,prefer";
                let request = request.header("access-control-request-headers", wanted);
                Answer::of(request.send().await.expect("an answer")).await
            };
            let allowed = preflight(shop).await;
            assert_eq!(allowed.status, 200);
            assert_eq!(allowed.header("access-control-allow-origin"), Some(shop));
            let headers = allowed.header("access-control-allow-headers").expect("headers");
            for header in ["content-type", "idempotency-key", "prefer"] {
                assert!(headers.contains(header), "{headers}");
            }
            let other = preflight("https://elsewhere.example").await;
            assert_eq!(other.header("access-control-allow-origin"), None);
            let from = [("Origin", shop)];
            let answer = world.create_with(&cart(ASHA, &[(TEA, 1)]), &from).await;
            answer.is_created(ASHA, 14_900);
            assert_eq!(answer.header("access-control-allow-origin"), Some(shop));
            let exposed = answer.header("access-control-expose-headers").expect("headers");
            for header in ["location", "link", "retry-after", "idempotent-replayed"] {
                assert!(exposed.contains(header), "{exposed}");
            }
            // A browser has to be able to read refusals, too.
            let refused = world.create_with(&json!({}), &from).await;
            assert_eq!(refused.header("access-control-allow-origin"), Some(shop));
        },
    )
    .await;
}

#[tokio::test]
async fn without_configured_origins_no_page_of_another_origin_may_call() {
    on_both(async |world| {
        let from = [("Origin", "https://shop.example")];
        let answer = world.create_with(&cart(ASHA, &[(TEA, 1)]), &from).await;
        answer.is_created(ASHA, 14_900);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    })
    .await;
}

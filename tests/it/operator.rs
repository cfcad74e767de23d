//! The operators' API.

mod bulk;
mod circuit;
mod hold;
mod trail;
pub mod trail_chain;
mod troubles;
mod verdicts;
mod words;

use std::collections::HashSet;
use std::time::Duration;

use order_service::config::Token;
use order_service::sandbox::sample::{ASHA, MEENA, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, TOKEN, World, WorldBuilder, cart, on_both, on_both_with};

const REASON: &str = "the neighbour says that it is well again";

async fn with_authorization(world: &World, path: &str, value: Option<&str>) -> Answer {
    let request = world.http.get(world.url(path));
    let request = match value {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    Answer::of(request.send().await.expect("an answer")).await
}

/// Every path of the API, with GET.
fn paths() -> [String; 3] {
    let id = Uuid::from_u128(1);
    ["summary".to_owned(), "sagas".to_owned(), format!("sagas/{id}")]
        .map(|path| format!("/api/operator/{path}"))
}

fn retry(id: Uuid) -> String {
    format!("/sagas/{id}/retry")
}

/// A world in which sagas wait for an hour after a failure.
fn patient(world: WorldBuilder) -> WorldBuilder {
    world.set(|config| {
        config.retry.initial = Duration::from_hours(1);
        config.retry.max = Duration::from_hours(1);
        config.checkout.deadline = Duration::from_hours(24);
    })
}

/// A checkout that is parked for an hour after this call failed once.
async fn parked(world: &World, call: Call, key: &str) -> Uuid {
    world.fault(Fault::once(call, FaultKind::ErrorBefore));
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
    world.until(async || world.inspect(id).await["nextAttemptAt"].is_string()).await;
    id
}

#[tokio::test]
async fn nobody_gets_in_without_the_token() {
    on_both(async |world| {
        for path in paths() {
            for (shown, challenge) in [
                (None, "Bearer"),
                (Some("Basic dGVzdA=="), "Bearer"),
                (Some(TOKEN), "Bearer"),
                (Some("Bearer wrong"), "Bearer error=\"invalid_token\""),
                (Some("Bearer test-token2"), "Bearer error=\"invalid_token\""),
                (Some("Bearer test-toke"), "Bearer error=\"invalid_token\""),
            ] {
                let answer = with_authorization(world, &path, shown).await;
                let error = answer.error().to_owned();
                answer.is_problem(401, &error, json!({}));
                assert_eq!(answer.header("www-authenticate"), Some(challenge));
            }
            let shown = format!("Bearer {TOKEN}");
            let status = with_authorization(world, &path, Some(&shown)).await.status;
            assert!(matches!(status, 200 | 404), "{path}: {status}");
        }
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        let request = world.http.post(world.url(&format!("/api/operator{}", retry(id))));
        let answer = request.json(&json!({"reason": REASON})).send().await.expect("an answer");
        assert_eq!(answer.status(), 401);
    })
    .await;
}

#[tokio::test]
async fn if_no_token_is_configured_nobody_gets_in_and_an_empty_one_is_none() {
    for empty in ["", "  "] {
        assert_eq!(Token::parse(empty).expect("no token"), None);
    }
    on_both_with(
        |world| world.set(|config| config.operator.token = None),
        async |world| {
            for path in paths() {
                for shown in [None, Some("Bearer test-token"), Some("Bearer "), Some("Bearer")] {
                    let answer = with_authorization(world, &path, shown).await;
                    answer.is_problem(403, "No operator token is configured", json!({}));
                }
            }
        },
    )
    .await;
}

async fn listed(world: &World, query: &str) -> Vec<Uuid> {
    let answer = world.operator(&format!("/sagas?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let items = answer.body["items"].as_array().expect("a list").clone();
    items.iter().map(|saga| saga["id"].as_str().expect("an id").parse().expect("one")).collect()
}

#[tokio::test]
async fn sagas_are_listed_newest_first_and_filtered_as_asked_for() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let completed = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
            let rejected = world.create(&cart(RAVI, &[(TEA, 1)])).await.id();
            world.fault(Fault::once(Call::Reserve, FaultKind::Refuse));
            let compensated = world.create(&cart(MEENA, &[(TEA, 1)])).await.id();
            world.fault(Fault::once(Call::Reserve, FaultKind::DropBefore));
            let stuck = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_accepted(ASHA);
            let all = [stuck, compensated, rejected, completed];
            for (query, expected) in [
                (String::new(), &all[..]),
                ("state=Completed".to_owned(), &[completed]),
                ("state=Rejected".to_owned(), &[rejected]),
                ("state=Compensated".to_owned(), &[compensated]),
                ("state=Paid".to_owned(), &[stuck]),
                ("state=Started".to_owned(), &[]),
                ("stuck=true".to_owned(), &[stuck]),
                ("stuck=false".to_owned(), &all[1..]),
                ("kind=checkout".to_owned(), &all),
                (format!("userId={ASHA}"), &[stuck, completed]),
                (format!("userId={ASHA}&stuck=false&kind=checkout&state=Completed"), &[completed]),
                ("olderThan=PT0S".to_owned(), &all),
                ("olderThan=P1DT2H".to_owned(), &[]),
                ("olderThan=P1M".to_owned(), &[]),
                ("limit=500".to_owned(), &all),
            ] {
                assert_eq!(listed(world, &query).await, expected, "{query}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_bad_filter_is_named() {
    on_both(async |world| {
        for (query, name) in [
            ("state=Done", "state"),
            ("state=completed", "state"),
            ("stuck=maybe", "stuck"),
            ("kind=cancellation2", "kind"),
            ("userId=asha", "userId"),
            ("olderThan=5m", "olderThan"),
            ("olderThan=P1M1Y", "olderThan"),
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("cursor=x", "cursor"),
        ] {
            let answer = world.operator(&format!("/sagas?{query}")).await;
            let error = answer.error().to_owned();
            assert!(error.starts_with(&format!("{name} must be ")), "{query}: {answer:?}");
            answer.is_problem(400, &error, json!({}));
        }
    })
    .await;
}

#[tokio::test]
async fn pages_of_sagas_are_walked_without_skipping_or_repeating_though_more_come_in() {
    on_both(async |world| {
        let mut made = HashSet::new();
        for _each in 0..10 {
            made.insert(world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900));
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900);
            let answer = world.operator(&format!("/sagas?limit=3{cursor}")).await;
            let items = answer.body["items"].as_array().expect("a list").clone();
            seen.extend(items.iter().map(|saga| saga["id"].as_str().expect("an id").to_owned()));
            match answer.body.get("next") {
                Some(next) => cursor = format!("&cursor={}", next.as_str().expect("text")),
                None => break,
            }
        }
        let all: HashSet<Uuid> = seen.iter().map(|id| id.parse().expect("a UUID")).collect();
        assert_eq!(all.len(), seen.len(), "repeated");
        assert!(made.is_subset(&all), "skipped");
    })
    .await;
}

#[tokio::test]
async fn a_saga_is_shown_with_its_effects_its_log_and_what_may_be_done() {
    on_both(async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::ErrorAfter));
        let id = world.create(&cart(ASHA, &[(TEA, 2)])).await.is_created(ASHA, 29_800);
        let answer = world.operator(&format!("/sagas/{id}")).await;
        let saga = answer.body.clone();
        assert_eq!(answer.header("etag"), Some(format!("\"{}\"", saga["version"]).as_str()));
        for (name, expected) in [
            ("id", json!(id)),
            ("kind", json!("checkout")),
            ("state", json!("Completed")),
            ("stuck", json!(null)),
            ("userId", json!(ASHA)),
            ("totalAmount", json!(29_800)),
            ("attempts", json!(0)),
            ("nextAttemptAt", json!(null)),
            ("lastError", json!(null)),
            ("owner", json!(null)),
            ("actions", json!([])),
        ] {
            assert_eq!(saga[name], expected, "{name}");
        }
        assert!(saga["ageSeconds"].is_u64() && saga["version"].is_u64());
        let lines = json!([{"productId": TEA, "quantity": 2, "reserved": "yes", "released": "no"}]);
        let effects = json!({"charged": "yes", "refunded": "no", "lines": lines});
        assert_eq!(saga["effects"], effects);
        is_the_log(id, &saga["steps"]);
        // The list shows the same as the inspection.
        let listed = world.operator("/sagas").await.body["items"][0].clone();
        for (name, value) in listed.as_object().expect("an object") {
            assert!(name == "ageSeconds" || *value == saga[name], "{name}");
        }
    })
    .await;
}

/// The step log of a checkout whose payment was answered at the second attempt.
fn is_the_log(id: Uuid, steps: &Value) {
    let steps = steps.as_array().expect("a list");
    let words: Vec<_> = steps
        .iter()
        .map(|step| {
            assert_eq!(step["phase"], "forward");
            assert!(step["startedAt"].is_string() && step["executor"].is_string());
            let word = |name: &str| step[name].as_str().unwrap_or("-").to_owned();
            (word("step"), word("outcome"), step["attempt"].as_u64().expect("a number"))
        })
        .collect();
    let expected = [
        ("fetch_profile", "done", 1),
        ("price_cart", "done", 1),
        ("charge_payment", "unknown", 1),
        ("charge_payment", "done", 2),
        ("reserve_stock", "done", 1),
        ("confirm_order", "done", 1),
    ];
    let expected = expected.map(|(step, came, at)| (step.to_owned(), came.to_owned(), at));
    assert_eq!(words, expected);
    let key = format!("{id}:charge_payment");
    for charge in &steps[2..4] {
        assert_eq!(charge["idempotencyKey"], key);
        assert_eq!(charge["request"]["amount"], 29_800);
        assert!(charge["durationMs"].is_u64());
    }
    assert!(steps[2]["error"].as_str().is_some_and(|error| error.contains("500")), "{steps:?}");
    assert_eq!(steps[3]["response"]["status"], "Paid");
    let numbers: Vec<_> = steps.iter().map(|step| step["seq"].as_u64().expect("one")).collect();
    assert!(numbers.is_sorted() && numbers[0] > 0, "{numbers:?}");
}

#[tokio::test]
async fn a_saga_that_is_not_there_is_not_found() {
    on_both(async |world| {
        let id = Uuid::from_u128(1);
        let missing = world.operator(&format!("/sagas/{id}")).await;
        missing.is_problem(404, "Saga not found", json!({}));
        let missing = world.intervene(&retry(id), &json!({"reason": REASON})).await;
        missing.is_problem(404, "Saga not found", json!({}));
        world.operator("/sagas/x").await.is_problem(400, "id is not a UUID", json!({}));
    })
    .await;
}

#[tokio::test]
async fn a_retry_wakes_a_parked_saga_at_once_and_is_kept_in_its_log() {
    on_both_with(patient, async |world| {
        for (call, did) in [
            (Call::GetProduct, "tries price_cart now"),
            (Call::Process, "tries charge_payment now"),
            (Call::Reserve, "tries reserve_stock of line 0 now"),
        ] {
            let key = call.to_string();
            let id = parked(world, call, &key).await;
            let saga = world.inspect(id).await;
            assert_eq!(saga["actions"], json!(["retry", "compensate", "hold"]));
            assert_eq!(saga["attempts"], json!(1));
            assert!(saga["lastError"].is_string());
            let by = [("X-Operator", "Asha")];
            let done = world.intervene_with(&retry(id), &json!({"reason": REASON}), &by).await;
            assert_eq!((done.status, &done.body["did"]), (200, &json!(did)), "{done:?}");
            assert_eq!(done.body["saga"]["id"], json!(id));
            assert!(done.header("etag").is_some());
            let answer = world.decided(&cart(ASHA, &[(TEA, 1)]), &key).await;
            assert_eq!(answer.is_created(ASHA, 14_900), id);
            let log = world.inspect(id).await["steps"].clone();
            let log = log.as_array().expect("a log").iter();
            let words: Vec<_> = log.filter(|step| step["phase"] == "operator").collect();
            assert_eq!(words.len(), 1, "{words:?}");
            assert_eq!(words[0]["executor"], "Asha");
            assert_eq!(words[0]["request"]["reason"], REASON);
        }
    })
    .await;
}

#[tokio::test]
async fn a_retry_of_a_saga_at_rest_is_refused() {
    on_both(async |world| {
        for cart in [cart(ASHA, &[(TEA, 1)]), cart(RAVI, &[(TEA, 1)])] {
            let id = world.create(&cart).await.id();
            let before = world.inspect(id).await;
            let answer = world.intervene(&retry(id), &json!({"reason": REASON})).await;
            answer.is_problem(409, "Not allowed now", json!({"allowed": []}));
            let after = world.inspect(id).await;
            assert_eq!(
                (&before["version"], &before["steps"]),
                (&after["version"], &after["steps"])
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_retry_of_a_saga_that_is_being_advanced_is_refused() {
    on_both(async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        world.until_sent(Call::Process, 1).await;
        let saga = world.inspect(id).await;
        assert_eq!(
            (&saga["actions"], &saga["effects"]["charged"]),
            (&json!(["compensate", "hold"]), &json!("unknown"))
        );
        assert!(saga["owner"].is_string());
        let answer = world.intervene(&retry(id), &json!({"reason": REASON})).await;
        answer.is_problem(409, "Not allowed now", json!({"allowed": ["compensate", "hold"]}));
        world.sandbox.clear_faults();
        world.decided(&cart, "k").await.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_retry_of_another_version_than_was_looked_at_is_refused() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::Process, "k").await;
        let version = world.inspect(id).await["version"].as_i64().expect("a number");
        let body = json!({"reason": REASON});
        for stale in [version - 1, version + 1] {
            let stale = stale.to_string();
            let answer = world.intervene_with(&retry(id), &body, &[("If-Match", &stale)]).await;
            answer.is_problem(412, "The saga has changed", json!({"version": version}));
        }
        let answer = world.intervene_with(&retry(id), &body, &[("If-Match", "soon")]).await;
        answer.is_problem(400, "If-Match must be the saga's version", json!({}));
        let version = format!("\"{version}\"");
        let answer = world.intervene_with(&retry(id), &body, &[("If-Match", &version)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        world.decided(&cart(ASHA, &[(TEA, 1)]), "k").await.is_created(ASHA, 14_900);
        let answer = world.intervene_with(&retry(id), &body, &[("If-Match", &version)]).await;
        assert_eq!(answer.status, 412);
    })
    .await;
}

#[tokio::test]
async fn an_action_needs_a_reason() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::Process, "k").await;
        for body in [json!({}), json!({"reason": ""}), json!({"reason": " "}), json!({"reason": 1})]
        {
            let answer = world.intervene(&retry(id), &body).await;
            answer.is_problem(400, "reason is required", json!({}));
        }
        let long = json!({"reason": "x".repeat(2_001)});
        assert_eq!(world.intervene(&retry(id), &long).await.status, 400);
        let body = json!({"Reason": REASON});
        assert_eq!(world.intervene(&retry(id), &body).await.status, 200);
        world.decided(&cart(ASHA, &[(TEA, 1)]), "k").await.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_double_click_is_one_event() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::Process, "k").await;
        let path = retry(id);
        let body = json!({"reason": REASON});
        let retries = (0..8).map(|_| world.intervene(&path, &body));
        let answers = futures::future::join_all(retries).await;
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)), "{answers:?}");
        let log = world.inspect(id).await["steps"].clone();
        let events = log.as_array().expect("a log").iter();
        assert_eq!(events.filter(|entry| entry["phase"] == "operator").count(), 1, "{log}");
        world.decided(&cart(ASHA, &[(TEA, 1)]), "k").await.is_created(ASHA, 14_900);
        assert_eq!(world.sent(Call::Process).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_summary_counts_states_and_stuck_ones_and_shows_executors() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let empty = world.operator("/summary").await.body;
            assert_eq!(empty["oldestAgeSeconds"], json!(null));
            world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
            world.create(&cart(RAVI, &[(TEA, 1)])).await;
            world.fault(Fault::once(Call::Reserve, FaultKind::DropBefore));
            world.create(&cart(ASHA, &[(TEA, 1)])).await.is_accepted(ASHA);
            let answer = world.operator("/summary").await;
            assert_eq!(answer.status, 200);
            let summary = answer.body;
            let states = json!({
                "Started": 0, "ProfileFetched": 0, "Priced": 0, "Paid": 1, "Reserved": 0,
                "Completed": 1, "Compensating": 0, "Compensated": 0, "Rejected": 1,
                "Cancelling": 0, "Cancelled": 0, "Returning": 0, "Returned": 0,
            });
            assert_eq!(summary["byState"], states);
            let stuck = json!({"InDoubt": 1, "Exhausted": 0, "Refused": 0, "Unreadable": 0});
            assert_eq!(summary["stuck"], stuck);
            assert!(summary["oldestAgeSeconds"].is_u64());
            assert_eq!(summary["rates"]["acceptedPerMinute"], 3);
            let executors = summary["executors"].as_array().expect("a list");
            assert_eq!(executors.len(), 1);
            assert_eq!(executors[0]["alive"], true);
            assert!(executors[0]["heartbeatAt"].is_string());
        },
    )
    .await;
}

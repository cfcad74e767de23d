//! `hold` and `release`: nothing is sent for a saga while a person does something by hand (promise 46).

use order_service::sandbox::sample::{ASHA, CUP, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{REASON, parked, patient};
use crate::books::run_with;
use crate::harness::{Answer, TOKEN, World, cart, on_both, on_both_with};

async fn act(world: &World, id: Uuid, action: &str, reason: &str) -> Answer {
    let path = format!("/sagas/{id}/{action}");
    let who = [("X-Operator", "asha")];
    world.intervene_with(&path, &json!({"reason": reason}), &who).await
}

/// A checkout whose refund was carried out, although the payment service keeps answering that it
/// failed.
async fn failing_refund(world: &World, key: &str) -> Uuid {
    world.fault(Fault::on(Call::Refund, FaultKind::ErrorAfter));
    world.fault(Fault { product_id: Some(CUP), ..Fault::once(Call::Reserve, FaultKind::Refuse) });
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    let cart = cart(ASHA, &[(TEA, 1), (CUP, 1)]);
    let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
    world.until(async || world.attempts(id, Call::Refund, None).len() > 2).await;
    id
}

/// Others are served in the meantime, so that every poll for due sagas has come and gone.
async fn time_passes(world: &World) {
    for _each in 0..5 {
        let key = world.clock.fresh_id().to_string();
        let answer = world.create_insistently(&cart(RAVI, &[(TEA, 1)]), &key, "wait=60").await;
        assert_eq!(answer.status, 409, "{answer:?}");
        world.service.executor.claim().await;
        world.service.executor.count().await;
    }
}

fn actions(detail: &Value) -> Vec<&str> {
    detail["actions"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn nothing_is_sent_for_a_held_saga_until_it_is_released() {
    for books in crate::harness::BOTH {
        let world = World::build(books).start().await;
        let id = failing_refund(&world, "k").await;
        let done = act(&world, id, "hold", "finance refunds by hand").await;
        assert_eq!(done.status, 200, "{done:?}");
        assert_eq!(done.body["did"], "held: nothing is sent until it is released");
        let held = &done.body["saga"]["held"];
        assert_eq!(
            (&held["who"], &held["reason"]),
            (&json!("asha"), &json!("finance refunds by hand"))
        );
        let sent = world.attempts(id, Call::Refund, None).len();
        world.sandbox.clear_faults();
        time_passes(&world).await;
        // Nor is anything sent by another process.
        let world = world.restart().await;
        time_passes(&world).await;
        let detail = world.inspect(id).await;
        assert_eq!(
            (&detail["state"], &detail["nextAttemptAt"]),
            (&json!("Compensating"), &Value::Null)
        );
        assert_eq!(actions(&detail), ["resolve", "release"]);
        // The money was given back. A person says so, and still nothing is sent.
        let verdict =
            json!({"step": "refund_payment", "happened": true, "reason": "in the ledger"});
        let resolved = world.intervene(&format!("/sagas/{id}/resolve"), &verdict).await;
        let did =
            "refund_payment settled as happened; it is held: nothing is sent until it is released";
        assert_eq!((resolved.status, &resolved.body["did"]), (200, &json!(did)));
        time_passes(&world).await;
        assert_eq!(resolved.body["saga"]["version"], world.inspect(id).await["version"]);
        assert_eq!(world.status(id).await["state"], "Compensating");
        assert_eq!(act(&world, id, "release", "done").await.status, 200);
        world.until(async || world.status(id).await["state"] == "Compensated").await;
        assert_eq!(world.attempts(id, Call::Refund, None).len(), sent);
        assert_eq!(world.wallet(ASHA), 500_000);
        let detail = world.inspect(id).await;
        assert_eq!((&detail["held"], actions(&detail).len()), (&Value::Null, 0));
        let words = detail["steps"].as_array().expect("a list").iter();
        let words = words.filter(|step| step["phase"] == "operator");
        let words = words.map(|step| step["request"]["reason"].as_str().expect("a reason"));
        assert_eq!(words.collect::<Vec<_>>(), ["finance refunds by hand", "in the ledger", "done"]);
        assert_eq!(act(&world, id, "hold", "late").await.status, 409);
        world.finish().await;
    }
}

#[tokio::test]
async fn holding_twice_is_harmless_and_a_held_saga_allows_only_resolve_and_release() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::Process, "k").await;
        let before = world.inspect(id).await;
        assert_eq!(actions(&before), ["retry", "compensate", "hold"]);
        let will = |detail: &Value, action: &str| {
            let previews = detail["previews"].as_array().expect("a list").iter();
            let mut previews = previews.filter(|preview| preview["action"] == action);
            previews.next().expect("it is offered")["will"].clone()
        };
        let stale = [("If-Match", "1")];
        let body = json!({"reason": REASON});
        let path = format!("/sagas/{id}/hold");
        assert_eq!(world.intervene_with(&path, &body, &stale).await.status, 412);
        assert_eq!(world.intervene(&path, &json!({})).await.status, 400);
        let first = act(world, id, "hold", "first").await;
        assert_eq!(first.body["did"], will(&before, "hold"));
        let again = act(world, id, "hold", "second").await;
        assert_eq!((again.status, &again.body["saga"]), (200, &first.body["saga"]));
        let did = again.body["did"].as_str().expect("words");
        assert!(did.contains("held since") && did.contains("asha (first)"), "{did}");
        for action in ["retry", "compensate"] {
            let refused = act(world, id, action, "please").await;
            assert_eq!(refused.status, 409, "{refused:?}");
            assert_eq!(refused.body["allowed"], json!(["resolve", "release"]));
        }
        let found = async |query: &str| {
            let page = world.operator(&format!("/sagas?{query}")).await;
            assert_eq!(page.status, 200, "{page:?}");
            page.body["items"].as_array().expect("a list").len()
        };
        assert_eq!([found("held=true").await, found("held=false").await], [1, 0]);
        assert_eq!(found("held=true&state=Priced").await, 1);
        assert_eq!(world.operator("/sagas?held=maybe").await.status, 400);
        assert_eq!(world.operator("/summary").await.body["held"], 1);
        let released = will(&world.inspect(id).await, "release");
        let done = act(world, id, "release", "go on").await;
        assert_eq!((done.status, &done.body["did"]), (200, &released));
        assert_eq!(act(world, id, "release", "of what?").await.status, 409);
        world.decided(&cart(ASHA, &[(TEA, 1)]), "k").await.is_created(ASHA, 14_900);
        assert_eq!(world.operator("/summary").await.body["held"], 0);
    })
    .await;
}

#[tokio::test]
async fn a_waiting_client_hears_at_once_that_its_checkout_is_held_and_the_deadline_starts_anew() {
    on_both_with(
        |world| world.deadline(2_000),
        async |world| {
            world.fault(Fault::on(Call::GetProduct, FaultKind::ErrorBefore));
            let cart = cart(ASHA, &[(TEA, 1)]);
            let waits = world.create_keyed(&cart, "k");
            let holds = async {
                let of = format!("/sagas?userId={ASHA}");
                let first = async || world.operator(&of).await.body["items"][0]["id"].clone();
                world.until(async || first().await.is_string()).await;
                let id = first().await.as_str().expect("an id").parse().expect("an id");
                assert_eq!(act(world, id, "hold", "wait").await.status, 200);
                id
            };
            let (answer, id) = tokio::join!(waits, holds);
            assert_eq!(answer.is_accepted(ASHA), id);
            // A repeat of the request gets the same answer.
            assert_eq!(world.create_keyed(&cart, "k").await.is_accepted(ASHA), id);
            world.sandbox.clear_faults();
            world.clock.set_machine_time_by(chrono::TimeDelta::hours(1));
            time_passes(world).await;
            assert_eq!(world.status(id).await["status"], "Pending");
            assert_eq!(act(world, id, "release", "go on").await.status, 200);
            world.decided(&cart, "k").await.is_created(ASHA, 14_900);
        },
    )
    .await;
}

#[tokio::test]
async fn a_call_in_flight_comes_to_its_end_before_its_saga_is_held() {
    on_both(async |world| {
        world.fault(Fault { millis: Some(700), ..Fault::on(Call::Process, FaultKind::Slow) });
        let headers = [("Prefer", "respond-async")];
        let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
        world.until(async || world.inspect(id).await["owner"].is_string()).await;
        let done = act(world, id, "hold", "wait").await;
        assert_eq!(done.status, 200, "{done:?}");
        world.sandbox.clear_faults();
        time_passes(world).await;
        let detail = world.inspect(id).await;
        assert_ne!(detail["effects"]["charged"], "unknown", "{detail}");
        assert_eq!(world.attempts(id, Call::Reserve, None), []);
        assert_eq!(act(world, id, "release", "go on").await.status, 200);
        world.until(async || world.status(id).await["state"] == "Completed").await;
    })
    .await;
}

#[tokio::test]
async fn the_shell_holds_lists_shows_first_and_releases() {
    let world = World::build(crate::harness::Books::Sqlite).start().await;
    let id = failing_refund(&world, "k").await;
    let (id_text, url) = (id.to_string(), world.url(""));
    let shell = async |words: &[&str]| {
        let flags = ["--url", &url, "--token", TOKEN];
        let ran = run_with(&world, &[&["sagas"], words, &flags].concat(), &[]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout
    };
    let by_hand = ["--reason", "by hand", "--operator", "ravi"];
    let did = shell(&[&["hold", &id_text], &by_hand[..]].concat()).await;
    assert_eq!(did.trim(), "held: nothing is sent until it is released");
    assert!(shell(&["list", "--held"]).await.contains(&id_text));
    let shown = shell(&["show", &id_text]).await;
    let second = shown.lines().nth(1).expect("a line");
    assert!(second.starts_with("HELD") && second.contains("by ravi: by hand"), "{shown}");
    world.sandbox.clear_faults();
    let did = shell(&[&["release", &id_text], &by_hand[..]].concat()).await;
    assert!(did.starts_with("released; "), "{did}");
    world.until(async || world.status(id).await["state"] == "Compensated").await;
    world.finish().await;
}

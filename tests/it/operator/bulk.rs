//! Bulk runs: one action for many sagas (promise 64).

mod asked;
mod deaths;
mod moves;
mod relapse;
mod shell;
mod waves;

use std::collections::BTreeMap;

use order_service::saga::without_particulars;
use order_service::sandbox::Call;
use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{parked, patient, retry};
use crate::harness::{Answer, World, WorldBuilder, cart, on_both_with};

const REASON: &str = "the payment service is back";

/// A world in which sagas wait for an hour after a failure, and no breaker keeps a call back.
fn steady(world: WorldBuilder) -> WorldBuilder {
    patient(world).set(|config| config.circuit.failures = 1_000)
}

/// So many checkouts that wait for an hour after this call failed once.
async fn many_parked(world: &World, call: Call, count: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for at in 0..count {
        ids.push(parked(world, call, &format!("{call}-{at}")).await);
    }
    ids
}

async fn prepare(world: &World, body: &Value) -> Answer {
    let mut body = body.clone();
    if body["reason"].is_null() {
        body["reason"] = json!(REASON);
    }
    world.intervene_with("/bulk", &body, &[("X-Operator", "asha")]).await
}

/// Prepares a run, and returns its id and the answer.
async fn prepared(world: &World, body: &Value) -> (String, Value) {
    let answer = prepare(world, body).await;
    assert_eq!((answer.status, &answer.body["state"]), (201, &json!("prepared")), "{answer:?}");
    let id = answer.body["id"].as_str().expect("an id").to_owned();
    assert_eq!(answer.header("location"), Some(format!("/api/operator/bulk/{id}").as_str()));
    (id, answer.body)
}

async fn act(world: &World, run: &str, verb: &str) -> Answer {
    world.intervene(&format!("/bulk/{run}/{verb}"), &json!({})).await
}

async fn start(world: &World, run: &str) {
    let answer = act(world, run, "start").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn shown(world: &World, run: &str) -> Value {
    let answer = world.operator(&format!("/bulk/{run}?limit=500")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// The run, once it is in this state and nothing of it is in hand.
async fn until(world: &World, run: &str, state: &str) -> Value {
    let is_there = |run: &Value| run["state"] == state && run["results"]["running"] == 0;
    world.until(async || is_there(&shown(world, run).await)).await;
    shown(world, run).await
}

fn results(of: &Value) -> BTreeMap<String, u64> {
    let results = of["results"].as_object().expect("results").iter();
    let results = results.map(|(word, count)| (word.clone(), count.as_u64().expect("a count")));
    results.filter(|(_, count)| *count > 0).collect()
}

fn counts<const N: usize>(of: [(&str, u64); N]) -> BTreeMap<String, u64> {
    of.map(|(word, count)| (word.to_owned(), count)).into()
}

/// How often operators have spoken in a saga's log.
async fn words(world: &World, id: Uuid) -> usize {
    let saga = world.inspect(id).await;
    let steps = saga["steps"].as_array().expect("a log").iter();
    steps.filter(|step| step["phase"] == "operator").count()
}

/// Has an operator act on one saga.
async fn say(world: &World, id: Uuid, action: &str) {
    let path = format!("/sagas/{id}/{action}");
    let answer = world.intervene(&path, &json!({"reason": "by hand"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn ids(run: &Value) -> Vec<Uuid> {
    let items = run["items"].as_array().expect("items").iter();
    items.map(|item| item["id"].as_str().expect("an id").parse().expect("one")).collect()
}

/// What was done, as a preview would count it.
fn did(run: &Value) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for item in run["items"].as_array().expect("items") {
        let error = |item: &Value| item["error"].as_str().map(|error| format!("refused: {error}"));
        let did = item["did"].as_str().map(str::to_owned).or_else(|| error(item)).expect("either");
        // What is allowed instead is told besides.
        let did = did.split("; allowed now").next().unwrap_or_default();
        *counts.entry(without_particulars(did)).or_default() += 1;
    }
    counts
}

fn preview(run: &Value) -> BTreeMap<String, u64> {
    let preview = run["preview"].as_array().expect("a preview").iter();
    let read = |one: &Value| {
        (one["did"].as_str().expect("words").to_owned(), one["count"].as_u64().expect("a count"))
    };
    preview.map(read).collect()
}

#[tokio::test]
async fn what_a_run_says_that_it_will_do_is_what_it_does() {
    for action in ["retry", "compensate"] {
        on_both_with(steady, async |world| {
            let mut all = many_parked(world, Call::GetProduct, 2).await;
            all.extend(many_parked(world, Call::Process, 3).await);
            all.extend(many_parked(world, Call::Reserve, 2).await);
            let held = all[4];
            say(world, held, "hold").await;
            let rested = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
            all.push(rested);
            let body = json!({"action": action, "ids": all, "perSecond": 500});
            let (run, before) = prepared(world, &body).await;
            assert_eq!((&before["count"], &before["who"]), (&json!(8), &json!("asha")));
            assert_eq!(before["canary"], json!([1, 5, 0.1]));
            assert_eq!(before["perSecond"], json!(500));
            // Charged for certain, or perhaps: those that failed at the charge and behind it.
            assert_eq!(before["money"], json!(5 * 14_900), "{before}");
            assert_eq!(results(&before), counts([("waiting", 8)]));
            assert_eq!(ids(&before), all);
            start(world, &run).await;
            let after = until(world, &run, "done").await;
            assert_eq!(results(&after), counts([("done", 6), ("refused", 2)]), "{after}");
            assert_eq!(did(&after), preview(&before), "{after}");
            assert_eq!(preview(&after), preview(&before));
            for id in all.iter().filter(|id| ![held, rested].contains(id)) {
                assert_eq!(words(world, *id).await, 1);
                let state = world.inspect(*id).await["state"].clone();
                let ends: &[&str] =
                    if action == "retry" { &["Completed"] } else { &["Rejected", "Compensated"] };
                assert!(ends.contains(&state.as_str().expect("a state")), "{state}");
            }
            assert_eq!(words(world, rested).await, 0);
            say(world, held, "release").await;
            world.until(async || world.inspect(held).await["state"] == "Completed").await;
        })
        .await;
    }
}

#[tokio::test]
async fn the_set_is_what_it_was_when_the_run_was_prepared() {
    on_both_with(steady, async |world| {
        let all = many_parked(world, Call::Process, 4).await;
        let (run, before) =
            prepared(world, &json!({"action": "retry", "filter": {"step": "charge_payment"}}))
                .await;
        let newest_first: Vec<_> = all.iter().rev().copied().collect();
        assert_eq!(ids(&before), newest_first);
        // One more gets into the same trouble, and another is out of it.
        let late = parked(world, Call::Process, "late").await;
        let moved = all[1];
        let done = world.intervene(&retry(moved), &json!({"reason": "by hand"})).await;
        assert_eq!(done.status, 200);
        start(world, &run).await;
        let after = until(world, &run, "done").await;
        assert_eq!(results(&after), counts([("done", 3), ("moved on", 1)]), "{after}");
        let left_alone = &after["items"][2];
        assert_eq!((&left_alone["id"], &left_alone["result"]), (&json!(moved), &json!("moved on")));
        assert!(left_alone["error"].is_string() && left_alone["did"].is_null(), "{left_alone}");
        assert_eq!((words(world, moved).await, words(world, late).await), (1, 0));
        // The words in the log are the run's.
        let log = world.inspect(all[0]).await["steps"].clone();
        let mut log = log.as_array().expect("a log").iter();
        let word = log.find(|step| step["phase"] == "operator").expect("one").clone();
        assert_eq!(
            (&word["executor"], &word["request"]["reason"]),
            (&json!("asha"), &json!(REASON))
        );
        assert_eq!(world.intervene(&retry(late), &json!({"reason": "by hand"})).await.status, 200);
        world.until(async || world.inspect(late).await["state"] == "Completed").await;
    })
    .await;
}

//! Starting, pausing, resuming and stopping a run, and its rate.

use chrono::{DateTime, TimeDelta, Utc};
use order_service::sandbox::Call;
use serde_json::{Value, json};

use super::{act, counts, many_parked, prepared, results, shown, start, steady, until};
use crate::harness::{World, on_both_with};

/// A run of so many that acts on one saga at once, and on the next after four seconds.
async fn slow(world: &World, count: usize) -> String {
    let ids = many_parked(world, Call::Process, count).await;
    let body = json!({"action": "retry", "ids": ids, "canary": [], "perSecond": 0.25});
    prepared(world, &body).await.0
}

async fn is_refused(world: &World, run: &str, verb: &str, allowed: Value) {
    let answer = act(world, run, verb).await;
    answer.is_problem(409, "Not allowed now", json!({"allowed": allowed}));
}

async fn is_in(world: &World, run: &str, verb: &str, state: &str) {
    // Repeated, it is harmless.
    for _time in 0..2 {
        let answer = act(world, run, verb).await;
        assert_eq!((answer.status, &answer.body["state"]), (200, &json!(state)), "{answer:?}");
    }
}

async fn until_done(world: &World, run: &str, count: u64) {
    world.until(async || shown(world, run).await["results"]["done"] == count).await;
}

#[tokio::test]
async fn a_run_is_paused_resumed_and_stopped_and_whatever_else_is_asked_for_is_refused() {
    on_both_with(steady, async |world| {
        let run = slow(world, 4).await;
        for verb in ["pause", "resume"] {
            is_refused(world, &run, verb, json!(["start", "stop"])).await;
        }
        is_in(world, &run, "start", "running").await;
        until_done(world, &run, 1).await;
        is_in(world, &run, "pause", "paused").await;
        is_refused(world, &run, "start", json!(["resume", "stop"])).await;
        is_in(world, &run, "resume", "running").await;
        until_done(world, &run, 2).await;
        is_in(world, &run, "stop", "stopped").await;
        for verb in ["start", "pause", "resume"] {
            is_refused(world, &run, verb, json!([])).await;
        }
        let stopped = shown(world, &run).await;
        assert_eq!(results(&stopped), counts([("done", 2), ("waiting", 2)]));
        // The others are for another run.
        let rest = json!({"action": "compensate", "filter": {"step": "charge_payment"}});
        let (rest, _) = prepared(world, &rest).await;
        start(world, &rest).await;
        let done = until(world, &rest, "done").await;
        assert_eq!(results(&done), counts([("done", 2)]));
        is_refused(world, &rest, "stop", json!([])).await;
    })
    .await;
}

#[tokio::test]
async fn a_move_may_have_a_reason_which_is_that_of_what_is_done_from_then_on() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 2).await;
        let body = json!({"action": "retry", "ids": ids, "canary": [], "perSecond": 0.25});
        let run = prepared(world, &body).await.0;
        let say = async |verb: &str, body: &Value| {
            let answer = world.intervene(&format!("/bulk/{run}/{verb}"), body).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        say("start", &json!({"reason": "the canary first"})).await;
        until_done(world, &run, 1).await;
        say("pause", &json!({"reason": "lunch"})).await;
        say("resume", &json!({})).await;
        until_done(world, &run, 2).await;
        for (id, said) in ids.iter().zip(["the canary first", super::REASON]) {
            let log = world.inspect(*id).await["steps"].clone();
            let log = log.as_array().expect("a log").iter();
            let mut words = log.filter(|step| step["phase"] == "operator");
            assert_eq!(words.next().expect("a word")["request"]["reason"], said);
        }
        let bad = world.intervene(&format!("/bulk/{run}/stop"), &json!({"reason": " "})).await;
        assert_eq!(bad.status, 400);
        assert_eq!(shown(world, &run).await["reason"], super::REASON);
        until(world, &run, "done").await;
    })
    .await;
}

#[tokio::test]
async fn no_more_sagas_are_acted_on_in_a_second_than_was_asked_for() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 5).await;
        let body = json!({"action": "retry", "ids": ids, "canary": [], "perSecond": 5});
        let (run, _) = prepared(world, &body).await;
        start(world, &run).await;
        let done = until(world, &run, "done").await;
        let at = |item: &Value| -> DateTime<Utc> {
            item["at"].as_str().expect("a time").parse().expect("one")
        };
        let items = done["items"].as_array().expect("items");
        // Five take four pauses of 200 ms; an action takes a little longer one time than another.
        let took = at(&items[4]) - at(&items[0]);
        assert!(took > TimeDelta::milliseconds(500), "{took}");
    })
    .await;
}

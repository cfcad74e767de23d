//! A saga that comes back: with what it was stuck with, it halts its run.

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;
use uuid::Uuid;

use super::{act, counts, many_parked, prepared, results, start, steady, until, words};
use crate::harness::{World, cart, on_both_with};

#[tokio::test]
async fn a_run_halts_with_the_first_saga_that_comes_back_and_goes_on_when_it_is_told_to() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 9).await;
        let sent = world.sent(Call::Process).len();
        world.fault(Fault::on(Call::Process, FaultKind::ErrorBefore));
        let body = json!({"action": "retry", "ids": ids, "perSecond": 500});
        let (run, _) = prepared(world, &body).await;
        // It halts each time, and each time the one that came back is tried again.
        for (time, verb) in (1..).zip(["start", "start", "resume"]) {
            assert_eq!(act(world, &run, verb).await.status, 200);
            let halted = until(world, &run, "halted").await;
            assert_eq!(results(&halted), counts([("relapsed", 1), ("waiting", 8)]), "{halted}");
            let item = &halted["items"][0];
            assert_eq!(item["result"], "relapsed");
            assert!(item["error"].as_str().is_some_and(|error| error.contains("500")), "{item}");
            let why = halted["haltedBy"].as_str().expect("a reason");
            assert!(why.contains(&ids[0].to_string()), "{why}");
            assert_eq!(words(world, ids[0]).await, time);
            assert_eq!(world.sent(Call::Process).len(), sent + time);
        }
        let refused = act(world, &run, "pause").await;
        let allowed = json!({"allowed": ["start", "resume", "stop"]});
        refused.is_problem(409, "Not allowed now", allowed);
        world.sandbox.clear_faults();
        start(world, &run).await;
        let done = until(world, &run, "done").await;
        assert_eq!(results(&done), counts([("done", 9)]), "{done}");
        assert_eq!(done["haltedBy"], json!(null));
        for id in &ids[1..] {
            assert_eq!(words(world, *id).await, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_saga_that_comes_back_with_something_else_halts_nothing() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 4).await;
        world.fault(Fault::on(Call::Process, FaultKind::DropBefore));
        let body = json!({"action": "retry", "ids": ids, "perSecond": 500});
        let (run, _) = prepared(world, &body).await;
        start(world, &run).await;
        let done = until(world, &run, "done").await;
        assert_eq!(results(&done), counts([("relapsed", 4)]), "{done}");
        world.sandbox.clear_faults();
        let (again, _) = prepared(world, &json!({"action": "retry", "ids": ids})).await;
        start(world, &again).await;
        assert_eq!(results(&until(world, &again, "done").await), counts([("done", 4)]));
    })
    .await;
}

#[tokio::test]
async fn one_that_came_back_while_its_run_was_paused_is_tried_again_first() {
    on_both_with(steady, async |world| {
        let silent = |millis| {
            let kind = FaultKind::HangBefore;
            world.fault(Fault { millis: Some(millis), ..Fault::once(Call::Process, kind) });
        };
        let mut ids = Vec::new();
        for at in 0..3 {
            silent(10);
            ids.push(waiting(world, &at.to_string()).await);
        }
        silent(2_000);
        let body = json!({"action": "retry", "ids": ids, "perSecond": 500});
        let (run, _) = prepared(world, &body).await;
        start(world, &run).await;
        world.until(async || super::shown(world, &run).await["results"]["running"] == 1).await;
        assert_eq!(act(world, &run, "pause").await.status, 200);
        let paused = until(world, &run, "paused").await;
        assert_eq!(results(&paused), counts([("relapsed", 1), ("waiting", 2)]), "{paused}");
        assert_eq!(act(world, &run, "resume").await.status, 200);
        assert_eq!(results(&until(world, &run, "done").await), counts([("done", 3)]));
        assert_eq!(words(world, ids[0]).await, 2);
    })
    .await;
}

/// A checkout that meets whatever fault there is, and waits for an hour.
async fn waiting(world: &World, key: &str) -> Uuid {
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
    world.until(async || world.inspect(id).await["nextAttemptAt"].is_string()).await;
    id
}

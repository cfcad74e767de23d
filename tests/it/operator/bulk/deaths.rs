//! Whoever carries a run out may die at any moment: nothing is done twice, and nothing is forgotten.

use std::time::Duration;

use chrono::TimeDelta;
use order_service::app::Running;
use order_service::clock::Clock;
use order_service::config::Role;
use order_service::saga::{Intervention, SagaId, Word};
use order_service::sandbox::Call;
use order_service::store::{
    AuditAction, AuditResult, BulkItem, BulkMove, BulkRun, BulkState, NewAuditEntry, Taken, Via,
};
use serde_json::json;
use uuid::Uuid;

use super::{REASON, counts, many_parked, prepared, results, shown, start, steady, until, words};
use crate::harness::{BOTH, Books, World, on_both_with};

const DEAD: Uuid = Uuid::from_u128(0xdead);

/// Has somebody lead a run, start it and take two items in hand.
async fn taken(world: &World, run: &str) -> (BulkRun, Vec<BulkItem>) {
    let (store, id) = (world.store(), run.parse().expect("an id"));
    // Nearly twice as long as a lease of the service: longer, it would be taken for one of before the clock was
    // set back.
    let (now, lease) = (world.clock.now(), Duration::from_secs(19));
    let lead = store.lead_bulk_run(id, DEAD, now, lease).await.expect("the books");
    let lead = lead.expect("nobody leads it yet");
    let (from, to) = (BulkState::Prepared, BulkState::Running);
    let audit = NewAuditEntry { action: AuditAction::StartBulk, ..entry(world, SagaId(id)) };
    let started = BulkMove { from, to, acting_reason: None };
    assert!(store.move_bulk_run(id, &started, &audit).await.expect("the books"));
    let taken = store.take_bulk_items(&lead, 2, 5, world.clock.now()).await.expect("the books");
    let Taken::Items(items) = taken else { panic!("{taken:?}") };
    assert_eq!(items.len(), 2);
    (lead, items)
}

/// What the dead had the audit trail say.
fn entry(world: &World, saga: SagaId) -> NewAuditEntry {
    NewAuditEntry {
        id: world.clock.fresh_id(),
        at: NewAuditEntry::moment(world.clock.now()),
        who: "asha".to_owned(),
        role: Role::Operator,
        via: Via::Bulk,
        action: AuditAction::Retry,
        target: Some(saga.to_string()),
        reason: Some(REASON.to_owned()),
        result: AuditResult::Done,
    }
}

#[tokio::test]
async fn a_lead_of_before_the_clock_was_set_back_keeps_nobody_from_a_run() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 1).await;
        let (run, _) = prepared(world, &json!({"action": "retry", "ids": ids})).await;
        let (store, id) = (world.store(), run.parse().expect("an id"));
        let (now, lease) = (world.clock.now(), Duration::from_secs(10));
        let lead = async |owner, now| store.lead_bulk_run(id, owner, now, lease).await.expect("it");
        assert!(lead(DEAD, now + TimeDelta::hours(1)).await.is_some());
        assert!(lead(Uuid::from_u128(1), now).await.is_some(), "nobody meant an hour");
        assert!(lead(Uuid::from_u128(2), now).await.is_none(), "it has just been taken");
        store.resign_bulk_runs(Uuid::from_u128(1)).await.expect("the books");
        start(world, &run).await;
        until(world, &run, "done").await;
    })
    .await;
}

/// Of two items in the hands of one who dies, one was acted on and the other was not.
#[tokio::test]
async fn what_was_in_the_hands_of_the_dead_is_done_once() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 4).await;
        let body = json!({"action": "retry", "ids": ids, "perSecond": 500});
        let (run, _) = prepared(world, &body).await;
        let (lead, items) = taken(world, &run).await;
        let word = Word { operator: "asha".to_owned(), reason: REASON.to_owned() };
        let (saga, seen) = (SagaId(ids[1]), Some(items[1].expected));
        let executor = &world.service.executor;
        let entry = Some(entry(world, saga));
        let done = executor.intervene(saga, Intervention::Retry, &word, seen, entry).await;
        done.expect("it is allowed");
        world.store().resign_bulk_runs(DEAD).await.expect("the books");
        let done = until(world, &run, "done").await;
        assert_eq!(results(&done), counts([("done", 4)]), "{done}");
        assert_eq!(done["items"][1]["did"], "tries charge_payment now");
        for id in &ids {
            assert_eq!(words(world, *id).await, 1);
        }
        // Who was only taken for dead notes nothing, and takes nothing.
        let store = world.store();
        assert!(!store.note_bulk_items(&lead, &items, Some("late")).await.expect("the books"));
        let late = store.take_bulk_items(&lead, 4, 5, world.clock.now()).await;
        assert_eq!(late.expect("the books"), Taken::LeadLost);
        assert_eq!(shown(world, &run).await["state"], "done");
    })
    .await;
}

/// What the same person did to a saga by hand is not taken for what the dead did by the run.
#[tokio::test]
async fn what_was_done_by_hand_is_not_taken_for_what_a_run_did() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 4).await;
        let body = json!({"action": "retry", "ids": ids, "perSecond": 500});
        let (run, _) = prepared(world, &body).await;
        let (_lead, items) = taken(world, &run).await;
        let (operator, reason) = ("asha".to_owned(), "by hand".to_owned());
        let audit = NewAuditEntry { reason: Some(reason.clone()), ..entry(world, SagaId(ids[1])) };
        let (word, seen) = (Word { operator, reason }, Some(items[1].expected));
        let (saga, executor) = (SagaId(ids[1]), &world.service.executor);
        let done = executor.intervene(saga, Intervention::Retry, &word, seen, Some(audit)).await;
        done.expect("it is allowed");
        world.store().resign_bulk_runs(DEAD).await.expect("the books");
        let done = until(world, &run, "done").await;
        assert_eq!(results(&done), counts([("done", 3), ("moved on", 1)]), "{done}");
        assert_eq!(done["items"][1]["result"], "moved on");
    })
    .await;
}

/// What was in hand when a run was stopped is noted as it is: done, or not.
#[tokio::test]
async fn what_was_in_the_hands_of_the_dead_is_not_done_any_more_once_the_run_is_stopped() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 3).await;
        let (run, _) = prepared(world, &json!({"action": "retry", "ids": ids})).await;
        let (_lead, items) = taken(world, &run).await;
        let word = Word { operator: "asha".to_owned(), reason: REASON.to_owned() };
        let (saga, seen) = (SagaId(ids[0]), Some(items[0].expected));
        let executor = &world.service.executor;
        let entry = Some(entry(world, saga));
        let done = executor.intervene(saga, Intervention::Retry, &word, seen, entry).await;
        done.expect("it is allowed");
        assert_eq!(super::act(world, &run, "stop").await.status, 200);
        world.store().resign_bulk_runs(DEAD).await.expect("the books");
        let stopped = until(world, &run, "stopped").await;
        assert_eq!(results(&stopped), counts([("done", 1), ("waiting", 2)]), "{stopped}");
        assert_eq!(words(world, ids[1]).await, 0);
        let (rest, _) = prepared(world, &json!({"action": "retry", "ids": ids[1..]})).await;
        start(world, &rest).await;
        until(world, &rest, "done").await;
    })
    .await;
}

#[tokio::test]
async fn a_run_goes_on_after_a_restart() {
    for books in BOTH {
        println!("with books in {books:?}");
        let world = steady(World::build(books)).start().await;
        let ids = many_parked(&world, Call::Process, 12).await;
        let body = json!({"action": "retry", "ids": ids, "canary": [2], "perSecond": 20});
        let (run, _) = prepared(&world, &body).await;
        start(&world, &run).await;
        world.until(async || shown(&world, &run).await["results"]["done"].as_u64() > Some(3)).await;
        let world = world.restart().await;
        let done = until(&world, &run, "done").await;
        assert_eq!(results(&done), counts([("done", 12)]), "{done}");
        for id in &ids {
            assert_eq!(words(&world, *id).await, 1);
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn of_two_replicas_one_carries_a_run_out() {
    let world = steady(World::build(Books::Postgres)).start().await;
    let other = Running::start(world.config.clone(), Clock::system()).await.expect("a replica");
    let ids = many_parked(&world, Call::Process, 40).await;
    let mut runs = Vec::new();
    for half in ids.chunks(20) {
        let body = json!({"action": "retry", "ids": half, "perSecond": 200});
        runs.push(prepared(&world, &body).await.0);
    }
    for run in &runs {
        start(&world, run).await;
    }
    for run in &runs {
        let done = until(&world, run, "done").await;
        assert_eq!(results(&done), counts([("done", 20)]), "{done}");
    }
    for id in &ids {
        assert_eq!(words(&world, *id).await, 1);
    }
    other.stop(Duration::from_secs(5)).await;
    world.finish().await;
}

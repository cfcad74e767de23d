//! Orders that are cancelled and shipped while replicas are killed and put to sleep: of a cancel and a
//! shipment one wins, on any replica, and what was answered holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use order_service::sandbox::Idempotency;
use serde_json::json;

use super::staff::{Staff, Told};
use super::world::{Books, World, either, setting};

async fn while_replicas_die(kinds: Idempotency) {
    let mut world = World::start("cancelled and shipped", Books::Postgres, kinds, 3).await;
    world.sandbox.make_flaky().await;
    let (staff, open) = (Staff::new(&world.clients), Arc::new(AtomicBool::new(true)));
    let storm = world.storm();
    let at_work: Vec<_> = (0..4).map(|_| staff.at_work(&world.doors(), &open)).collect();
    for round in 0..setting("CRASH_ROUNDS", 3) {
        world.served(10, 40).await;
        let victim = world.dice.between(0, 2);
        if round % 2 == 0 {
            world.kill(victim);
        } else {
            world.stop(victim);
            world.until_declared_dead(victim).await;
        }
        world.served(5, 20).await;
        world.comes_back(victim);
    }
    storm.over().await;
    open.store(false, Ordering::Relaxed);
    for worker in at_work {
        worker.await.expect("a worker");
    }
    world.mend().await;
    let kinds = world.kinds;
    staff.nobody_was_told_wrong(&world.doors(), kinds).await;
    let told = staff.told.lock().expect("unpoisoned").clone();
    assert!(told.values().any(Told::was_cancelled) && told.values().any(Told::was_shipped));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_and_shipments_hold_whoever_dies() {
    while_replicas_die(Idempotency::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_and_shipments_among_neighbours_that_repeat_hold_whoever_dies() {
    while_replicas_die(Idempotency::REPEATING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_cancels_and_a_hundred_shipments_one_kind_wins() {
    let world = World::start("ship or cancel", Books::Postgres, either(14), 2).await;
    let (staff, doors) = (Staff::new(&world.clients), world.doors());
    for round in 0..setting("CRASH_ROUNDS", 4) {
        let id = world.clients.ordered(doors[0]).await;
        let first = usize::try_from(round % 2).expect("0 or 1");
        let race = (0..200).map(|number| {
            let (staff, door) = (staff.clone(), doors[number / 2 % 2]);
            async move {
                if number % 2 == first {
                    staff.cancel(door, id, 30).await
                } else {
                    staff.ship(door, id, number).await
                }
            }
        });
        join_all(race).await;
        let told = staff.told.lock().expect("unpoisoned")[&id].clone();
        assert_eq!((told.cancels.len(), told.shipments.len()), (100, 100), "all are answered");
        let parcels = told.shipments.iter().filter(|(status, _)| *status == 201).count();
        let cancels = told.cancels.iter().filter(|(status, _)| *status == 200).count();
        assert!(matches!((cancels, parcels), (100, 0) | (0, 1)), "{cancels}, {parcels}: {told:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_cancels_race_the_end_of_a_checkout() {
    let mut world = World::start("cancels race", Books::Postgres, either(15), 2).await;
    world.sandbox.inject(json!({"call": "*", "fault": "slow", "millis": 20, "chance": 0.5})).await;
    let (staff, doors) = (Staff::new(&world.clients), world.doors());
    for round in 0..setting("CRASH_ROUNDS", 6) {
        let id = world.clients.begun(doors[0]).await;
        // Each round strikes a little later in the life of the checkout.
        let pause = Duration::from_millis(15 * round);
        world.clock.sleep(pause).await;
        let race = (0..200).map(|number| staff.cancel(doors[number % 2], id, 30));
        join_all(race).await;
        let told = staff.told.lock().expect("unpoisoned")[&id].clone();
        assert_eq!(told.cancels.len(), 200, "all are answered");
        let last = staff.cancel(doors[1], id, 30).await.expect("it runs");
        assert!(matches!(last.0, 200 | 409), "{last:?}");
        told.agrees_with(id, &last);
    }
    world.finish().await;
}

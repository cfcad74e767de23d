//! Replicas that are stopped for longer than their lease. When they wake up, their sagas have other
//! owners, and they neither write nor call for them; the ledgers would show it.

use order_service::sandbox::Idempotency;
use serde_json::json;

use super::world::{Books, World, either};

async fn put_to_sleep(kinds: Idempotency) {
    let mut world = World::start("put to sleep", Books::Postgres, kinds, 2).await;
    world.sandbox.inject(json!({"call": "*", "fault": "slow", "millis": 50, "chance": 0.5})).await;
    let (sleeper, other) = (world.replicas[0].address, world.replicas[1].address);
    let storm = world.clients.storm(&[sleeper], 12);
    world.served(30, 30).await;
    world.stop(0);
    storm.over().await;
    world.clients.everybody_gets_one_answer(&[other], kinds).await;
    world.replicas[0].wake();
    world.clients.everybody_gets_one_answer(&[sleeper], kinds).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_put_to_sleep_loses_its_sagas_and_does_no_harm_when_it_wakes() {
    put_to_sleep(Idempotency::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_put_to_sleep_among_neighbours_that_repeat_does_no_harm_when_it_wakes() {
    put_to_sleep(Idempotency::REPEATING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_sleeps_while_another_dies_and_nothing_is_lost_or_doubled() {
    let what = "one sleeps, one dies";
    let mut world = World::start(what, Books::Postgres, either(0), 3).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    world.served(10, 40).await;
    let sleeper = world.dice.between(0, 2);
    let victim = (sleeper + world.dice.between(1, 2)) % 3;
    world.stop(sleeper);
    world.kill(victim);
    world.until_declared_dead(sleeper).await;
    world.served(5, 20).await;
    world.replicas[victim].revive();
    world.replicas[sleeper].wake();
    world.served(10, 40).await;
    storm.over().await;
    world.finish().await;
}

//! One replica: killed, or asked to stop, under load, and started again.

use std::time::Duration;

use order_service::sandbox::Kinds;
use serde_json::json;

use super::world::{Books, World, setting};

async fn killed_in_a_storm(books: Books, kinds: Kinds) {
    let mut world = World::start("killed in a storm", books, kinds, 1).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 3) {
        world.served(10, 30).await;
        world.kill(0);
        world.replicas[0].revive();
        // And again while it starts: it may be opening, migrating, or taking its former self over.
        let into_it = u64::try_from(world.dice.between(0, 200)).expect("few");
        world.clock.sleep(Duration::from_millis(into_it)).await;
        world.kill(0);
        world.replicas[0].revive();
    }
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_it_is_killed_in_a_storm_on_sqlite() {
    killed_in_a_storm(Books::Sqlite, Kinds::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_it_is_killed_in_a_storm_on_postgresql() {
    killed_in_a_storm(Books::Postgres, Kinds::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_when_it_is_killed_among_neighbours_that_repeat_on_sqlite() {
    killed_in_a_storm(Books::Sqlite, Kinds::REPEATING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_when_it_is_killed_among_neighbours_that_repeat_on_postgresql() {
    killed_in_a_storm(Books::Postgres, Kinds::REPEATING).await;
}

async fn terminated_under_load(books: Books) {
    let mut world = World::start("SIGTERM under load", books, Kinds::default(), 1).await;
    world.sandbox.inject(json!({"call": "*", "fault": "slow", "millis": 20, "chance": 0.5})).await;
    let storm = world.storm();
    for _round in 0..2 {
        world.served(20, 20).await;
        world.note("SIGTERMs");
        world.replicas[0].terminate().await;
        world.replicas[0].revive();
    }
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_with_0_and_loses_nothing_on_sqlite() {
    terminated_under_load(Books::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_with_0_and_loses_nothing_on_postgresql() {
    terminated_under_load(Books::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_one_sqlite_file_is_refused_with_a_line_that_says_so() {
    let world = World::start("two on one file", Books::Sqlite, Kinds::default(), 1).await;
    let second = world.orders().refused().await;
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use by another process"), "{said}");
    world.finish().await;
}

//! PostgreSQL is stopped hard under load, so that it has to recover, and started again.

use std::time::Duration;

use order_service::sandbox::Idempotency;

use super::replica::LEASE;
use super::world::{Books, World, either, say, setting};

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_stopped_hard_twice_under_load_loses_and_doubles_nothing_and_ends_no_replica() {
    let what = "PostgreSQL stopped hard";
    let mut world = World::start(what, Books::Cluster, either(1), 3).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    let clock = world.clock.clone();
    // Once for a moment, and once for so long that every lease lapses.
    for gone in [LEASE / 10, LEASE * 3 / 2] {
        world.served(10, 40).await;
        world.stop_database();
        world.clients.answered_with(503, 10).await;
        clock.sleep(gone).await;
        world.cluster().revive();
        let began = clock.monotonic();
        world.clients.answered_with(201, 1).await;
        let took = clock.monotonic().saturating_sub(began).as_millis();
        say(&format!(
            "PostgreSQL was gone for {gone:?} and more; the next 201 came after {took} ms"
        ));
        world.clients.served(10).await;
    }
    storm.over().await;
    let books = world.books().await;
    let dead = books.executors(&clock).await.expect("the books");
    let dead = dead.iter().filter(|executor| executor.dead).count();
    books.close().await;
    say(&format!("PostgreSQL stopped hard: {dead} living replicas were held for dead after it"));
    world.finish().await;
}

/// A replica that is starting waits for the database to come back, whatever step it is at.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_starts_while_postgresql_goes_waits_for_it() {
    let kinds = Idempotency::default();
    let mut world = World::start("PostgreSQL goes at the start", Books::Cluster, kinds, 2).await;
    let clock = world.clock.clone();
    for _round in 0..setting("CRASH_ROUNDS", 3) {
        world.kill(0);
        world.replicas[0].revive();
        // By then opening, migrating, registering and reading what others left are all done.
        let into_it = u64::try_from(world.dice.between(0, 150)).expect("few");
        clock.sleep(Duration::from_millis(into_it)).await;
        world.stop_database();
        world.cluster().revive();
        world.replicas[0].ready().await;
    }
    world.finish().await;
}

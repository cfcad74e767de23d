//! PostgreSQL stopped hard under load, so that it has to recover, and started again.

use order_service::sandbox::Kinds;

use super::replica::LEASE;
use super::world::{Books, World};

async fn stopped_hard_twice(kinds: Kinds) {
    let mut world = World::start("PostgreSQL stopped hard", Books::Cluster, kinds, 3).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    let clock = world.clock.clone();
    // Once for a moment, once for so long that every lease lapses.
    for gone in [LEASE / 10, LEASE * 3 / 2] {
        world.served(40, 80).await;
        world.stop_database();
        world.clients.answered_with(503, 10).await;
        clock.sleep(gone).await;
        world.cluster().revive();
        world.clients.answered_with(201, 10).await;
    }
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_stopped_hard_twice_under_load_loses_nothing_and_ends_nobody() {
    stopped_hard_twice(Kinds::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_stopped_hard_twice_among_neighbours_that_repeat_doubles_nothing() {
    stopped_hard_twice(Kinds::REPEATING).await;
}

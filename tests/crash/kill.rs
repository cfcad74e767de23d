//! Three replicas under load, which are killed in turn, in random order.

use order_service::sandbox::Idempotency;

use super::world::{Books, World, setting};

async fn killed_at_random(kinds: Idempotency) {
    let mut world = World::start("killed at random", Books::Postgres, kinds, 3).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 3) {
        world.served(10, 40).await;
        let victim = world.dice.between(0, 2);
        world.kill(victim);
        world.served(5, 20).await;
        // The next one may be killed before this one is ready again.
        world.replicas[victim].revive();
    }
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_of_three_replicas_may_die_at_any_time_and_nothing_is_lost() {
    killed_at_random(Idempotency::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_of_three_replicas_may_die_among_neighbours_that_repeat_and_nothing_is_sent_twice() {
    killed_at_random(Idempotency::REPEATING).await;
}

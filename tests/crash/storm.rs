//! Everything at once: replicas are killed, put to sleep and woken, the database is stopped, the
//! neighbours are killed, and calls go wrong all the time.
//!
//! `CRASH_SECONDS=60` makes it a minute. The choices follow from `CRASH_SEED`, but when each strikes
//! depends on the answers that the clients get, and so on the machine.

use std::time::Duration;

use order_service::sandbox::Idempotency;

use super::world::{Books, World, setting};

/// The longest time between two strikes, also while no client is answered.
const LULL: Duration = Duration::from_millis(400);

async fn all_at_once(kinds: Idempotency) {
    let mut world = World::start("all at once", Books::Cluster, kinds, 3).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    let until = world.clock.monotonic() + Duration::from_secs(setting("CRASH_SECONDS", 6));
    while world.clock.monotonic() < until {
        let more = world.dice.between(3, 20);
        // Whether or not it was in time, what strikes next is random.
        let _in_time = world.clock.within(LULL, world.clients.answered(more)).await;
        strike(&mut world).await;
    }
    storm.over().await;
    world.finish().await;
}

/// Breaks one more thing, or mends one; what all clients need is mended soonest.
async fn strike(world: &mut World) {
    let (database_is_up, sandbox_is_up) = (world.cluster().is_up(), world.sandbox.is_up());
    match world.dice.between(0, 9) {
        0..=4 if !database_is_up => world.cluster().revive(),
        0..=4 if !sandbox_is_up => world.sandbox.revive().await,
        0..=6 => strike_replica(world),
        7 if database_is_up => world.stop_database(),
        8 | 9 if sandbox_is_up => world.kill_sandbox(),
        _lull => {}
    }
}

/// A replica that is up is killed or put to sleep, unless it is the last; any other comes back.
fn strike_replica(world: &mut World) {
    let (at, coin) = (world.dice.between(0, 2), world.dice.between(0, 1));
    let up = world.replicas.iter().filter(|replica| replica.is_up()).count();
    let replica = &mut world.replicas[at];
    replica.lives();
    if replica.is_asleep() {
        replica.wake();
    } else if !replica.is_up() {
        replica.revive();
    } else if up > 1 && coin == 0 {
        world.kill(at);
    } else if up > 1 {
        world.stop(at);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_at_once_nothing_is_lost() {
    all_at_once(Idempotency::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_at_once_among_neighbours_that_repeat_nothing_is_sent_twice() {
    all_at_once(Idempotency::REPEATING).await;
}

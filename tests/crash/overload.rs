//! Twenty times as many clients as a replica has permits.

use order_service::sandbox::Idempotency;
use serde_json::json;

use super::world::{Books, World, all_turns, say, setting};

const PLACES: usize = 16;
const CLIENTS: usize = 20 * PLACES;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_times_as_many_clients_as_permits_are_served_or_turned_away() {
    let _alone = all_turns().await;
    let tell = |orders: super::replica::Orders| {
        orders.with("ORDER_SERVICE__EXECUTOR__CONCURRENCY", &PLACES)
    };
    let (books, kinds) = (Books::Postgres, Idempotency::default());
    let mut world = World::start_with("overload", books, kinds, 1, tell).await;
    world.sandbox.inject(json!({"call": "*", "fault": "slow", "millis": 20})).await;
    let door = world.replicas[0].address;

    world.clients.rush(door, CLIENTS, "wait=60").await;
    let rush = world.clients.tally();
    let served = rush.of(201) + rush.of(409);
    assert!(served >= PLACES, "those who found a place are served: {rush}");
    assert!(rush.of(429) > 0, "the others are told to come again: {rush}");
    assert_eq!(rush.answers(), CLIENTS, "everybody is answered: {rush}");

    // The same with clients that come again at once when they are turned away.
    let storm = world.clients.storm(&[door], CLIENTS);
    let more = usize::try_from(setting("CRASH_ANSWERS", 800)).expect("fits");
    world.clients.answered(more).await;
    storm.over().await;
    let tally = world.clients.tally();
    let memory = world.replicas[0].peak_memory_mib();
    say(&format!("overload: the rush got {rush}; in all {tally}; at most {memory} MiB"));
    assert!(memory < 512, "it took {memory} MiB");
    world.finish().await;
}

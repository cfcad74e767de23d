//! How soon another replica has the sagas of one that is gone (promise 30). No test asserts on time: the
//! figures are printed. They should be below a lease and a second.

use order_service::sandbox::Idempotency;
use order_service::store::{Found, Store};
use serde_json::json;
use uuid::Uuid;

use super::audit::all_sagas;
use super::replica::LEASE;
use super::world::{Books, World, say};

const SAGAS: usize = 40;

/// Puts forty checkouts in flight at one replica, does `this` to it, and prints how long it took until
/// the last of them had another owner.
async fn taken_over(what: &str, this: impl FnOnce(&mut World)) -> World {
    let mut world = World::start(what, Books::Postgres, Idempotency::default(), 2).await;
    // Longer than any takeover, so that the charges stay in flight.
    world.sandbox.inject(json!({"call": "process", "fault": "slow", "millis": 5000})).await;
    let books = world.books().await;
    let owner = executor(&world, &books, 0).await;
    world.clients.rush(world.replicas[0].address, SAGAS, "respond-async").await;
    // Checkouts that cost nothing, or are refused, do not wait for the charge.
    let charged = async || {
        let sagas = all_sagas(&books).await;
        let waits = |saga: &Found| saga.is_at_rest() || saga.state == "Priced";
        sagas.len() == SAGAS && sagas.iter().all(waits)
    };
    world.until("whoever pays is being charged", charged).await;
    let held = owned(&books, owner).await;
    assert!(held > SAGAS / 2, "{held}");
    this(&mut world);
    let began = world.clock.monotonic();
    world.until("none of them is its own", async || owned(&books, owner).await == 0).await;
    let took = world.clock.monotonic().saturating_sub(began);
    say(&format!("{what}: {held} sagas were taken over {} ms after", took.as_millis()));
    books.close().await;
    world
}

async fn executor(world: &World, books: &Store, replica: usize) -> Uuid {
    let name = world.replicas[replica].name_ends_with();
    let heard = books.executors(&world.clock).await.expect("the books");
    heard.iter().find(|heard| heard.name.ends_with(&name)).expect("it is registered").id
}

async fn owned(books: &Store, owner: Uuid) -> usize {
    books.owned(owner, 1000).await.expect("the books").len()
}

/// Replicas on the same machine can know that the process is gone, and don't wait for its lease.
#[tokio::test(flavor = "multi_thread")]
async fn forty_sagas_of_a_replica_that_was_killed_are_taken_over() {
    taken_over("killed with forty in flight", |world| world.kill(0)).await.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_sagas_of_a_replica_that_sleeps_are_taken_over() {
    let what = format!("put to sleep with forty in flight and a lease of {LEASE:?}");
    taken_over(&what, |world| world.stop(0)).await.finish().await;
}

//! The reader of our log stalls, like a log driver whose disk is full.

use order_service::sandbox::Idempotency;

use super::replica::Orders;
use super::world::{Books, World};

/// How much a pipe holds that nobody reads.
const PIPE: usize = 64 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_up_neither_checkouts_nor_probes_nor_the_shutdown() {
    let talkative = |orders: Orders| orders.with("RUST_LOG", &"debug");
    let (books, kinds) = (Books::Sqlite, Idempotency::default());
    let mut world = World::start_with("stalled log", books, kinds, 1, talkative).await;
    let words = world.replicas[0].words.clone();
    let stalled = words.stall().await;
    let before = words.heard().len();
    world.note("stalled readers");
    let storm = world.storm();
    world.clients.served(150).await;
    storm.over().await;
    world.until_ready_says(0, 200).await;
    let heard = words.heard().len() - before;
    assert!(heard < PIPE, "nobody reads: {heard}");
    world.replicas[0].terminate().await;
    // Everything that it wrote before its end can be read, and it logged more than a pipe holds.
    drop(stalled);
    world.until("the pipe is read", async || words.heard().len() - before > PIPE / 2).await;
    world.replicas[0].revive();
    world.finish().await;
}

//! The primary is lost and its standby promoted, while connections to the old one may stay open.
//! The standby is synchronous: it has everything that was answered.

use std::time::Duration;

use super::proxy::Proxy;
use super::silence::by_a_proxy;
use super::world::{World, either, say};

/// How long it may take from the promotion to the first order.
const GOES_ON: Duration = Duration::from_secs(10);

/// A cluster with a synchronous standby, behind a proxy; and the standby's URL.
async fn with_a_standby(what: &str, scenario: u32) -> (World, Proxy, String) {
    let (mut world, proxy) = by_a_proxy(what, either(scenario), 2).await;
    let standby = world.cluster().add_standby();
    world.cluster().sql("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
    world.cluster().sql("SELECT pg_reload_conf()").await;
    (world, proxy, standby)
}

async fn the_next_order_comes_soon(world: &World, what: &str) {
    let began = world.clock.monotonic();
    world.clock.within(GOES_ON, world.clients.answered_with(201, 1)).await.expect("it goes on");
    let took = world.clock.monotonic().saturating_sub(began).as_millis();
    say(&format!("{what}: the first 201 came {took} ms after the promotion"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_is_lost_is_replaced_by_its_standby_and_nothing_answered_is_lost() {
    let what = "primary lost";
    let (mut world, proxy, standby) = with_a_standby(what, 6).await;
    let storm = world.storm();
    world.served(20, 60).await;
    world.stop_database();
    // Connections already go to the standby before it is promoted.
    proxy.lead_to(&standby);
    world.clients.answered_with(503, 20).await;
    world.until_ready_says(0, 503).await;
    world.cluster().promote();
    the_next_order_comes_soon(&world, what).await;
    world.until_ready_says(0, 200).await;
    world.clients.served(20).await;
    storm.over().await;
    world.finish().await;
}

/// As if a pooler or a provider keeps connections alive across the failover.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_on_a_primary_that_became_read_only_are_replaced_by_ones_on_the_new_primary() {
    let what = "primary read-only";
    let (mut world, proxy, standby) = with_a_standby(what, 7).await;
    let storm = world.storm();
    world.served(20, 60).await;
    world.note("changes of roles");
    world.cluster().sql("ALTER SYSTEM SET default_transaction_read_only = on").await;
    world.cluster().sql("SELECT pg_reload_conf()").await;
    world.clients.answered_with(503, 20).await;
    world.until_ready_says(0, 503).await;
    proxy.lead_to(&standby);
    world.cluster().promote();
    the_next_order_comes_soon(&world, what).await;
    world.until_ready_says(0, 200).await;
    world.clients.served(20).await;
    storm.over().await;
    world.finish().await;
}

/// The primary's machine freezes: its connections stay open and silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_freezes_is_replaced_by_its_standby_and_nothing_answered_is_lost() {
    let what = "primary frozen";
    let (mut world, proxy, standby) = with_a_standby(what, 12).await;
    let storm = world.storm();
    world.served(20, 60).await;
    world.note("frozen primaries");
    proxy.fall_silent();
    proxy.lead_to(&standby);
    world.cluster().promote();
    let began = world.clock.monotonic();
    world.clock.within(GOES_ON * 2, world.clients.answered_with(201, 20)).await.expect("goes on");
    let took = world.clock.monotonic().saturating_sub(began).as_millis();
    say(&format!("{what}: the twentieth 201 came {took} ms after the promotion"));
    storm.over().await;
    world.finish().await;
}

/// A commit that waits for an absent standby is only on the primary's own disk, even if its wait is
/// cancelled and it can be read back. It is lost with the primary, so no client may have heard of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_lost_primary_had_was_answered_to_nobody() {
    const OURS_THAT_WAIT: &str =
        "FROM pg_stat_activity WHERE application_name = 'order-service' AND wait_event = 'SyncRep'";
    let (mut world, proxy, standby) = with_a_standby("standby away", 8).await;
    let storm = world.storm();
    world.served(20, 60).await;
    world.note("absences of the standby");
    world.cluster().stop_standby();
    // Answers on their way to a client may still arrive.
    world.clients.answered_with(503, 10).await;
    for end in ["pg_terminate_backend", "pg_cancel_backend", "restart", "pg_terminate_backend"] {
        let waits = async || {
            let waiting = world.cluster.as_ref().expect("its own");
            waiting.number(&format!("SELECT count(*) {OURS_THAT_WAIT}")).await > 0
        };
        world.until("a commit waits", waits).await;
        if end == "restart" {
            world.stop_database();
            world.cluster().revive();
        } else {
            world.cluster().sql(&format!("SELECT {end}(pid) {OURS_THAT_WAIT}")).await;
        }
        // Enough time to read the commit back, and to answer what must not be answered.
        world.clients.answered_with(503, 10).await;
    }
    world.until_ready_says(0, 503).await;
    world.stop_database();
    world.cluster().start_standby();
    proxy.lead_to(&standby);
    world.cluster().promote();
    the_next_order_comes_soon(&world, "standby away").await;
    storm.over().await;
    world.finish().await;
}

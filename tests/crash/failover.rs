//! The primary is lost and its standby promoted, while connections to the old one may stay open.
//! The standby is synchronous: it has everything that was answered.

use std::time::Duration;

use super::cluster::Cluster;
use super::proxy::Proxy;
use super::silence::by_a_proxy;
use super::world::{World, either, say, setting};

/// How long at most the first order after a promotion is waited for: it says how long it took.
const GOES_ON: Duration = Duration::from_secs(30);

/// A cluster with a synchronous standby, behind a proxy; and the standby's URL.
async fn with_a_standby(what: &str, scenario: u32) -> (World, Proxy, String) {
    let (mut world, proxy) = by_a_proxy(what, either(scenario), 2).await;
    let standby = world.cluster().add_standby();
    world.cluster().wait_for_standby().await;
    (world, proxy, standby)
}

/// Says how long after the switch the first order comes, and the twentieth: more than were on their way.
pub async fn the_next_order_comes_soon(world: &World, what: &str) {
    let began = world.clock.monotonic();
    let mut took = Vec::new();
    for more in [1, 19] {
        let answered = world.clients.answered_with(201, more);
        world.clock.within(GOES_ON, answered).await.expect("it goes on");
        took.push(world.clock.monotonic().saturating_sub(began).as_millis());
    }
    say(&format!(
        "{what}: after the switch, the first 201 came in {} ms, the twentieth in {} ms",
        took[0], took[1]
    ));
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

/// There and back: the primary's machine dies, its standby is promoted, the old primary is built anew as the
/// standby of the new one, and that dies, too. Each time a replica dies with the primary, so that its sagas are
/// taken over on a server that was a standby when their leases began.
#[tokio::test(flavor = "multi_thread")]
async fn two_failovers_under_load_there_and_back_lose_nothing_that_was_answered() {
    let what = "there and back";
    let (mut world, proxy, _standby) = with_a_standby(what, 9).await;
    let storm = world.storm();
    for round in 0..setting("CRASH_ROUNDS", 2) {
        world.served(20, 60).await;
        let dies = usize::try_from(round % 2).expect("two");
        world.kill(dies);
        world.note("dead primaries");
        world.cluster().kill();
        world.cluster().promote();
        let promoted = world.cluster().url.clone();
        proxy.lead_to(&promoted);
        the_next_order_comes_soon(&world, what).await;
        world.comes_back(dies);
        world.clients.served(20).await;
        world.cluster().rejoin();
        // From here on commits wait for it, and those before are there once one has come through.
        world.cluster().wait_for_standby().await;
        world.clients.served(20).await;
    }
    storm.over().await;
    world.finish().await;
}

/// The old primary lives on, and knows of nothing: the proxy leads new connections to the promoted standby, and
/// leaves the open ones where they are. What is written over those waits for a standby that is none any more.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_primary_that_lives_on_is_left_once_another_one_is_there() {
    // Those that still wait in a commit are not among them: nobody ends those, and whoever sent them is gone.
    const OURS: &str = "SELECT count(*) FROM pg_stat_activity \
         WHERE application_name = 'order-service' AND state = 'idle'";
    let what = "old primary lives";
    let (mut world, proxy, standby) = with_a_standby(what, 13).await;
    let storm = world.storm();
    world.served(20, 60).await;
    world.note("primaries that live on");
    let old = world.cluster().url.clone();
    world.cluster().promote();
    proxy.lead_to(&standby);
    the_next_order_comes_soon(&world, what).await;
    world.clients.served(20).await;
    world
        .until("the old primary is left", async || Cluster::number_at(&old, OURS).await == 0)
        .await;
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
    the_next_order_comes_soon(&world, what).await;
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

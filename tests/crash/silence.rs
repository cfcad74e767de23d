//! Connections to the database that no longer work, some without any sign of it.

use std::cell::OnceCell;
use std::time::Duration;

use order_service::sandbox::Idempotency;

use super::proxy::Proxy;
use super::replica::Orders;
use super::world::{Books, World, either, say, setting};

/// How long it may take until the service goes on, whatever connections were in use.
const GOES_ON: Duration = Duration::from_secs(20);

/// A world whose replicas reach their cluster through a proxy.
pub async fn by_a_proxy(what: &str, kinds: Idempotency, replicas: usize) -> (World, Proxy) {
    let proxy = OnceCell::new();
    let tell = |orders: Orders| {
        let proxy = proxy.get_or_init(|| Proxy::before(&orders.url));
        let url = proxy.url(&orders.url);
        orders.at(&url)
    };
    let world = World::start_with(what, Books::Cluster, kinds, replicas, tell).await;
    (world, proxy.into_inner().expect("it was told"))
}

/// As behind a frozen pooler, or a NAT that has forgotten them: no FIN, no RST, no answer.
#[tokio::test(flavor = "multi_thread")]
async fn open_connections_that_fall_silent_under_load_are_replaced_and_the_service_goes_on() {
    no_answer_comes("silent connections", 5, Proxy::fall_silent).await;
}

/// Requests are carried out and committed, but no answer arrives.
#[tokio::test(flavor = "multi_thread")]
async fn open_connections_whose_answers_are_lost_under_load_are_replaced_and_nothing_is_doubled() {
    no_answer_comes("lost answers", 11, Proxy::keep_answers).await;
}

async fn no_answer_comes(what: &'static str, scenario: u32, strike: impl Fn(&Proxy)) {
    let (mut world, proxy) = by_a_proxy(what, either(scenario), 1).await;
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 1) {
        world.served(20, 60).await;
        world.note("times");
        strike(&proxy);
        let began = world.clock.monotonic();
        // More clients than were in the middle of a request.
        let goes_on = world.clients.answered_with(201, 20);
        world.clock.within(GOES_ON, goes_on).await.expect("it goes on");
        let took = world.clock.monotonic().saturating_sub(began).as_millis();
        say(&format!("{what}: the twentieth 201 came after {took} ms"));
    }
    storm.over().await;
    world.finish().await;
}

/// A pause without traffic, after which nobody should be turned away.
async fn quiet_spell(what: &str, end: impl AsyncFn(&World, &Proxy)) {
    const BUYERS: usize = 10;
    let (mut world, proxy) = by_a_proxy(what, Idempotency::default(), 1).await;
    let door = world.replicas[0].address;
    for _round in 0..setting("CRASH_ROUNDS", 3) {
        world.clients.rush(door, BUYERS, "wait=10").await;
        world.note("quiet spells");
        end(&world, &proxy).await;
        world.clients.rush(door, BUYERS, "wait=10").await;
        let tally = world.clients.tally();
        assert_eq!(tally.of(503), 0, "nobody is turned away: {tally}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_a_balancer_has_reset_fail_no_checkout() {
    quiet_spell("reset connections", async |world, proxy| {
        world.clock.sleep(Duration::from_secs(1)).await;
        proxy.reset();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_postgresql_has_ended_fail_no_checkout() {
    quiet_spell("ended sessions", async |world, _proxy| {
        let idle = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'order-service' AND state = 'idle'";
        world.cluster.as_ref().expect("its own").sql(idle).await;
    })
    .await;
}

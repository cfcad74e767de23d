//! A second click and a second tab: an equal request without a key joins the one in flight (promise 43).

use futures::future::join_all;
use order_service::app::Running;
use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, CUP, MEENA, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Answer, BOTH, Books, World, WorldBuilder, cart, on_both, on_both_with};

const AT_ONCE: [(&str, &str); 1] = [("Prefer", "respond-async")];

/// Makes payments hang, so that what is accepted stays in flight.
fn held(world: &World) {
    world.fault(Fault::on(Call::Process, FaultKind::HangBefore));
}

/// Lets the checkout finish.
async fn confirmed(world: &World, id: Uuid) {
    world.sandbox.clear_faults();
    world.until(async || world.status(id).await["status"] == "Confirmed").await;
}

#[tokio::test]
async fn equal_requests_at_the_same_time_are_one_checkout() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        held(world);
        let answers = join_all((0..10).map(|_| world.create_with(&cart, &AT_ONCE))).await;
        let ids: Vec<_> = answers.iter().map(|answer| answer.is_accepted(ASHA)).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let first = answers.iter().filter(|answer| !answer.is_replayed()).count();
        assert_eq!(first, 1, "one began it, and the others joined");
        confirmed(world, ids[0]).await;
    })
    .await;
}

#[tokio::test]
async fn once_it_has_come_to_rest_the_same_cart_is_another_checkout() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        let ids = [world.create(&cart).await, world.create(&cart).await];
        assert!(ids.iter().all(|answer| !answer.is_replayed()));
        assert_ne!(ids[0].is_created(ASHA, 14_900), ids[1].is_created(ASHA, 14_900));
    })
    .await;
}

#[tokio::test]
async fn a_double_click_joins_a_checkout_that_waits_or_is_stuck_also_after_a_restart() {
    for books in BOTH {
        let world = World::build(books).not_idempotent().start().await;
        world.fault(Fault::once(Call::Process, FaultKind::DropBefore));
        let plain = cart(ASHA, &[(TEA, 1)]);
        let id = world.create(&plain).await.is_accepted(ASHA);
        for prefer in ["respond-async", "wait=1", "wait=0"] {
            let double = world.create_with(&plain, &[("Prefer", prefer)]).await;
            assert_eq!(double.is_accepted(ASHA), id);
            assert!(double.is_replayed());
        }
        let world = world.restart().await;
        assert_eq!(world.create(&plain).await.is_accepted(ASHA), id);
        assert_eq!(world.sent(Call::Process).len(), 1);
        // Requests with another cart, another user, another expected total or a key are checkouts of their own.
        let others = [
            (cart(ASHA, &[(TEA, 2)]), ASHA, 29_800),
            (cart(ASHA, &[(CUP, 1)]), ASHA, 24_950),
            (
                json!({"userId": ASHA, "items": plain["items"], "expectedTotal": 14_900}),
                ASHA,
                14_900,
            ),
        ];
        for (other, user, total) in others {
            let answer = world.create(&other).await;
            assert_ne!(answer.is_created(user, total), id);
        }
        assert_ne!(world.create(&cart(RAVI, &[(TEA, 1)])).await.id(), id);
        assert_ne!(world.create_keyed(&plain, "k").await.is_created(ASHA, 14_900), id);
        world.finish().await;
    }
}

#[tokio::test]
async fn doubles_on_two_replicas_are_one_checkout() {
    let world = World::build(Books::Postgres).start().await;
    let other = Running::start(world.config.clone(), Clock::system()).await.expect("a replica");
    for quantity in 1..=10 {
        held(&world);
        let cart = cart(MEENA, &[(TEA, quantity)]);
        let there = async || {
            let url = format!("http://{}/api/orders/create", other.address);
            let request = world.http.post(url).json(&cart).header("Prefer", "respond-async");
            Answer::of(request.send().await.expect("an answer")).await
        };
        let answers = futures::future::join4(
            world.create_with(&cart, &AT_ONCE),
            there(),
            there(),
            world.create_with(&cart, &AT_ONCE),
        )
        .await;
        let answers: [Answer; 4] = answers.into();
        let ids = answers.each_ref().map(Answer::id);
        assert!(ids.iter().all(|id| *id == ids[0]), "{answers:?}");
        confirmed(&world, ids[0]).await;
    }
    other.stop(world.config.shutdown.grace).await;
    world.finish().await;
}

#[tokio::test]
async fn a_double_click_gets_its_answer_while_new_requests_are_turned_away() {
    let narrow = |world: WorldBuilder| world.set(|config| config.executor.concurrency = 1);
    on_both_with(narrow, async |world| {
        held(world);
        let cart = cart(ASHA, &[(TEA, 1)]);
        let answers = join_all((0..4).map(|_| world.create_with(&cart, &AT_ONCE))).await;
        let ids: Vec<_> = answers.iter().map(Answer::id).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{answers:?}");
        confirmed(world, ids[0]).await;
    })
    .await;
}

#[tokio::test]
async fn without_joining_each_request_is_a_checkout_of_its_own() {
    on_both_with(WorldBuilder::no_joining, async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        let answers = join_all((0..4).map(|_| world.create(&cart))).await;
        let mut ids: Vec<_> = answers.iter().map(Answer::id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4);
    })
    .await;
}

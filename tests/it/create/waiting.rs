//! How long a client waits, and what goes on without it (promise 37).

use std::time::Duration;

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use uuid::Uuid;

use crate::harness::{Answer, BOTH, World, WorldBuilder, cart, on_both, on_both_with};

/// A checkout whose payment is held until the faults are cleared.
async fn held(world: &World, prefer: Option<&str>) -> Answer {
    world.fault(Fault::on(Call::Process, FaultKind::HangBefore));
    let headers = prefer.map(|prefer| ("Prefer", prefer));
    let headers: Vec<_> = [("Idempotency-Key", "k")].into_iter().chain(headers).collect();
    let answer = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await;
    world.sandbox.clear_faults();
    answer
}

async fn ends_as(world: &World, id: Uuid) {
    let joined = world.decided(&cart(ASHA, &[(TEA, 1)]), "k").await;
    assert_eq!(joined.is_created(ASHA, 14_900), id);
    assert!(joined.is_replayed());
}

#[tokio::test]
async fn a_client_that_prefers_respond_async_gets_a_202_and_the_checkout_goes_on() {
    on_both(async |world| {
        let answer = held(world, Some("respond-async")).await;
        assert_eq!(answer.header("preference-applied"), Some("respond-async"));
        let id = answer.is_accepted(ASHA);
        ends_as(world, id).await;
        assert_eq!(world.status(id).await["status"], "Confirmed");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_waits_for_no_time_gets_a_202() {
    on_both(async |world| {
        let answer = held(world, Some("wait=0")).await;
        assert_eq!(answer.header("preference-applied"), Some("wait=0"));
        let id = answer.is_accepted(ASHA);
        assert!(!answer.is_replayed());
        ends_as(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn a_client_without_a_preference_waits_as_long_as_is_configured() {
    let hasty =
        |world: WorldBuilder| world.set(|config| config.checkout.wait = Duration::from_millis(50));
    on_both_with(hasty, async |world| {
        let answer = held(world, None).await;
        assert_eq!(answer.header("preference-applied"), None);
        let id = answer.is_accepted(ASHA);
        // A client that asks for it waits longer.
        ends_as(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn nobody_waits_longer_than_a_minute() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        for wish in ["wait=61", "wait=100000000000000000000000"] {
            let answer = world.create_with(&cart, &[("Prefer", wish)]).await;
            assert_eq!(answer.header("preference-applied"), Some("wait=60"));
            answer.is_created(ASHA, 14_900);
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_preference_is_ignored() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        for wish in ["", "wait", "wait=-1", "wait=soon", "handling=lenient", ",,;=,"] {
            world.create_with(&cart, &[("Prefer", wish)]).await.is_created(ASHA, 14_900);
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_its_checkout() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        tokio::select! {
            answer = world.create_keyed(&cart, "k") => panic!("answered: {answer:?}"),
            () = world.until_sent(Call::Process, 1) => {}
        }
        world.sandbox.clear_faults();
        let joined = world.decided(&cart, "k").await;
        joined.is_created(ASHA, 14_900);
        assert!(joined.is_replayed());
        assert_eq!(world.sandbox.ledger().totals.charged, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_waits_when_the_service_stops_gets_its_202_at_once() {
    for books in BOTH {
        let world = World::build(books)
            .set(|config| config.shutdown.grace = Duration::from_millis(100))
            .start()
            .await;
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "wait=60")];
        let waiting = tokio::spawn(world.creation(&cart, &headers).send());
        world.until_sent(Call::Process, 1).await;
        let world = world.restart().await;
        let answer = waiting.await.expect("no panic").expect("an answer");
        let id = Answer::of(answer).await.is_accepted(ASHA);
        // The call that was cut off is made again at once, under its key.
        let joined = world.decided(&cart, "k").await;
        assert_eq!(joined.is_created(ASHA, 14_900), id);
        let keys: Vec<_> = world.sent(Call::Process).into_iter().map(|sent| sent.key).collect();
        assert!(keys.len() >= 2 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        world.finish().await;
    }
}

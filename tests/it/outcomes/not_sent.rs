//! Calls that surely never reached their neighbour: they may be made again freely (promise 10).

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{BOTH, Gate, World, WorldBuilder, cart};

const FAILED: &str = "Order creation failed";

/// What came of each attempt at a step.
async fn outcomes(world: &World, id: Uuid, step: &str) -> Vec<Value> {
    let saga = world.inspect(id).await;
    let steps = saga["steps"].as_array().expect("a log").iter();
    steps.filter(|entry| entry["step"] == step).map(|entry| entry["outcome"].clone()).collect()
}

fn pays_at(world: WorldBuilder, gate: &Gate) -> WorldBuilder {
    let url = gate.url();
    world.set(move |config| config.services.payment.url = url.parse().expect("a URL"))
}

#[tokio::test]
async fn a_payment_that_was_never_sent_is_given_up_at_the_deadline_with_nothing_to_undo() {
    for books in BOTH {
        for keeps_keys in [true, false] {
            let gate = Gate::shut();
            let world = pays_at(World::build(books).deadline(300), &gate);
            let world = if keeps_keys { world } else { world.not_idempotent() };
            let world = world.start().await;
            let answer = world.create(&cart(ASHA, &[(TEA, 1)])).await;
            let id = answer.is_refusal(502, FAILED, json!({}));
            assert_eq!(world.status(id).await["state"], "Rejected");
            assert_eq!(world.sandbox.ledger().records, []);
            let tried = outcomes(&world, id, "charge_payment").await;
            assert!(!tried.is_empty() && tried.iter().all(|of| *of == "notSent"), "{tried:?}");
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn a_payment_that_was_never_sent_is_sent_once_its_neighbour_can_be_reached() {
    for books in BOTH {
        let mut gate = Gate::shut();
        let world = pays_at(World::build(books).not_idempotent(), &gate).start().await;
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        world.until(async || outcomes(&world, id, "charge_payment").await.len() > 2).await;
        gate.open(&world.sandbox.payment_url());
        assert_eq!(world.decided(&cart, "k").await.is_created(ASHA, 14_900), id);
        assert_eq!(world.sent(Call::Process).len(), 1);
        world.finish().await;
    }
}

#[tokio::test]
async fn reads_at_an_unreachable_neighbour_end_in_a_502_at_the_deadline() {
    for books in BOTH {
        for is_user in [true, false] {
            let gate = Gate::shut();
            let url = gate.url();
            let world = World::build(books).deadline(300).set(move |config| {
                let services = &mut config.services;
                let it = if is_user { &mut services.user.url } else { &mut services.product.url };
                *it = url.parse().expect("a URL");
            });
            let world = world.start().await;
            let answer = world.create(&cart(ASHA, &[(TEA, 1)])).await;
            let id = answer.is_refusal(502, FAILED, json!({}));
            assert_eq!(world.status(id).await["state"], "Rejected");
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn a_reservation_that_was_never_sent_is_given_up_at_the_deadline_and_refunded() {
    for books in BOTH {
        let mut gate = Gate::shut();
        let url = gate.url();
        let world = World::build(books).not_idempotent().deadline(700).set(move |config| {
            config.services.product.url = url.parse().expect("a URL");
        });
        let world = world.start().await;
        gate.open(&world.sandbox.product_url());
        world.fault(Fault { millis: Some(150), ..Fault::once(Call::Process, FaultKind::Slow) });
        let cart = cart(ASHA, &[(TEA, 1)]);
        let (answer, ()) = tokio::join!(world.create(&cart), async {
            world.until_struck().await;
            gate.close().await;
        });
        let id = answer.is_refusal(502, FAILED, json!({}));
        assert_eq!(world.status(id).await["state"], "Compensated");
        assert_eq!(world.wallet(ASHA), 500_000);
        let sent = [Call::Reserve, Call::Release, Call::Refund].map(|call| world.sent(call).len());
        assert_eq!(sent, [0, 0, 1]);
        world.finish().await;
    }
}

#[tokio::test]
async fn only_where_keys_are_kept_do_effects_share_a_connection() {
    for books in BOTH {
        for (keeps_keys, connections) in [(true, 1), (false, 3)] {
            let mut gate = Gate::shut();
            let world = pays_at(World::build(books), &gate);
            let world = if keeps_keys { world } else { world.not_idempotent() };
            let world = world.start().await;
            gate.open(&world.sandbox.payment_url());
            for _each in 0..3 {
                world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
            }
            assert_eq!(gate.passed(), connections);
            world.finish().await;
        }
    }
}

//! A failing neighbour is called only now and then, operators see it, and calls resume by themselves.

use std::time::Duration;

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};

use crate::harness::{World, cart, on_both_with};

async fn circuit(world: &World, neighbour: &str) -> Value {
    // An executor reports its breakers with its heartbeat.
    world.service.executor.heartbeat().await;
    world.operator("/summary").await.body["circuits"][neighbour].clone()
}

#[tokio::test]
async fn a_failing_neighbour_is_called_only_now_and_then_and_operators_see_it() {
    let quick = |world: crate::harness::WorldBuilder| {
        world.set(|config| {
            config.circuit.failures = 3;
            config.circuit.pause = Duration::from_millis(20);
        })
    };
    on_both_with(quick, async |world| {
        let closed = json!({"state": "closed", "since": null, "failures": 0, "executors": []});
        assert_eq!(circuit(world, "payment").await, closed);
        world.fault(Fault::on(Call::Process, FaultKind::ErrorBefore));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        world.until_sent(Call::Process, 5).await;
        let open = circuit(world, "payment").await;
        assert_ne!(open["state"], "closed", "{open}");
        assert!(open["since"].is_string() && open["failures"].as_u64() >= Some(3), "{open}");
        assert_eq!(open["executors"], json!([world.service.executor.name()]));
        assert_eq!(circuit(world, "product").await, closed);
        let metrics = world.get("/metrics").await.body.to_string();
        assert!(metrics.contains("order_service_circuit_open{neighbour=\\\"payment\\\"} 1"));
        world.sandbox.clear_faults();
        assert_eq!(world.decided(&cart, "k").await.is_created(ASHA, 14_900), id);
        assert_eq!(circuit(world, "payment").await, closed);
    })
    .await;
}

/// What is not sent while the breaker is open makes no doubt.
#[tokio::test]
async fn an_open_breaker_puts_nothing_in_doubt_at_a_neighbour_that_repeats() {
    let quick = |world: crate::harness::WorldBuilder| {
        world.not_idempotent().set(|config| {
            config.circuit.failures = 1;
            config.circuit.pause = Duration::from_millis(200);
        })
    };
    on_both_with(quick, async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        world.fault(Fault::once(Call::PaymentStatus, FaultKind::ErrorBefore));
        world.fault(Fault::once(Call::Process, FaultKind::DropBefore));
        // This one is in doubt, and opened the breaker.
        world.create_keyed(&cart, "a").await.is_accepted(ASHA);
        let answer = world.decided(&cart, "b").await;
        answer.is_created(ASHA, 14_900);
        assert_eq!(world.sent(Call::Process).len(), 2);
    })
    .await;
}

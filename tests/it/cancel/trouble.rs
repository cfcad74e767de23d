//! Giving back is never given up, and is shown where it is stuck.

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{cancel, is_cancelled, is_cancelling, moved, moves, preview};
use crate::harness::{World, cart, on_both_with};

async fn ordered(world: &World) -> Uuid {
    world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900)
}

async fn saga_of(world: &World, id: Uuid) -> Value {
    let saga = preview(world, id).await["sagaId"].as_str().unwrap_or_default().to_owned();
    world.operator(&format!("/sagas/{saga}")).await.body
}

#[tokio::test]
async fn a_refusal_of_the_refund_is_shown_and_settled_by_a_person() {
    on_both_with(
        |world| world,
        async |world| {
            let id = ordered(world).await;
            world.fault(Fault::once(Call::Refund, FaultKind::Refuse));
            // Whoever waits is told at once that it takes a person.
            is_cancelling(&cancel(world, id).await, (id, ASHA));
            let saga = saga_of(world, id).await;
            assert_eq!(saga["stuck"]["kind"], "Refused", "{saga}");
            assert_eq!(world.status(id).await["status"], "Cancelling");
            let path = format!("/sagas/{}/retry", saga["id"].as_str().unwrap_or_default());
            let retried = world.intervene(&path, &json!({"reason": "they mended it"})).await;
            assert_eq!(retried.status, 200, "{retried:?}");
            world.until(async || world.status(id).await["status"] == "Cancelled").await;
            let answer = cancel(world, id).await;
            is_cancelled(&answer, (id, ASHA), 14_900, &json!([{"productId": TEA, "quantity": 1}]));
        },
    )
    .await;
}

#[tokio::test]
async fn in_doubt_at_a_neighbour_that_acts_again_it_waits_for_a_verdict() {
    on_both_with(
        |world| world.not_idempotent().timeouts(300),
        async |world| {
            let id = ordered(world).await;
            world.fault(Fault::once(Call::Refund, FaultKind::DropAfter));
            is_cancelling(&cancel(world, id).await, (id, ASHA));
            let saga = saga_of(world, id).await;
            assert_eq!(saga["stuck"]["kind"], "InDoubt", "{saga}");
            let path = format!("/sagas/{}/resolve", saga["id"].as_str().unwrap_or_default());
            let verdict = json!({"step": "refund_payment", "happened": true, "reason": "ledger"});
            let resolved = world.intervene(&path, &verdict).await;
            assert_eq!(resolved.status, 200, "{resolved:?}");
            world.until(async || world.status(id).await["status"] == "Cancelled").await;
            assert_eq!(world.sent(Call::Refund).len(), 1, "never sent again");
            let expected = [
                ("order.confirmed", "Confirmed"),
                ("order.cancelling", "Cancelling"),
                ("order.cancelled", "Cancelled"),
            ];
            assert_eq!(moves(world, id).await, moved(&expected), "no trouble tells of a move");
        },
    )
    .await;
}

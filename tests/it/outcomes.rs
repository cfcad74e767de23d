//! What becomes of checkouts when calls to neighbours go wrong.

mod answers;
mod back;
mod deadline;
mod idempotent;
mod in_doubt;
mod not_sent;

use order_service::sandbox::sample::{KETTLE, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{World, cart};

/// The price of tea and a kettle together.
const TEA_AND_KETTLE: i64 = 14_900 + 189_900;

/// Every way in which a call ends without an answer that can be believed, and whether it acted.
const TROUBLES: [(FaultKind, bool); 10] = [
    (FaultKind::ErrorBefore, false),
    (FaultKind::ErrorAfter, true),
    (FaultKind::DropBefore, false),
    (FaultKind::DropAfter, true),
    (FaultKind::HangBefore, false),
    (FaultKind::HangAfter, true),
    (FaultKind::GarbageBefore, false),
    (FaultKind::Garbage, true),
    (FaultKind::Truncated, true),
    (FaultKind::Elsewhere, true),
];

/// This trouble with one call, once; if the call is about a product, then with the one about tea.
fn trouble(call: Call, kind: FaultKind) -> Fault {
    let is_hang = matches!(kind, FaultKind::HangBefore | FaultKind::HangAfter);
    let product_id = matches!(call, Call::Reserve | Call::Release).then_some(TEA);
    Fault { millis: is_hang.then_some(20), product_id, ..Fault::once(call, kind) }
}

/// The next checkout of a kettle goes back: its reservation is refused.
fn refuse_the_kettle(world: &World) {
    world
        .fault(Fault { product_id: Some(KETTLE), ..Fault::once(Call::Reserve, FaultKind::Refuse) });
}

/// Tea, and a kettle whose reservation may be refused.
fn tea_and_kettle(user: Uuid) -> Value {
    cart(user, &[(TEA, 1), (KETTLE, 1)])
}

/// Stuck with this kind, as operators see; for clients it is still pending.
async fn is_stuck(world: &World, id: Uuid, state: &str, kind: &str, step: &str) -> Value {
    let saga = world.inspect(id).await;
    assert_eq!((&saga["state"], &saga["stuck"]["kind"]), (&state.into(), &kind.into()), "{saga}");
    assert_eq!(saga["stuck"]["step"], step, "{saga}");
    assert!(saga["stuck"]["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    assert!(saga["stuck"]["since"].is_string());
    let status = world.status(id).await;
    assert_eq!((&status["status"], &status["state"]), (&"Pending".into(), &state.into()));
    assert_eq!(world.get(&format!("/api/orders/{id}")).await.status, 404);
    saga
}

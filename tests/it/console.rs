//! The console, as a browser without JavaScript sees it.

mod action;
mod audit;
mod browser;
mod bulk;
mod hostile;
mod order;
mod pages;
mod session;
mod webhooks;

use std::time::Duration;

use order_service::config::{NamedToken, Role, TokenDigest};
use order_service::sandbox::sample::{ASHA, CUP, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::harness::{TOKEN, World, WorldBuilder, cart};
pub use browser::Browser;
use browser::Page;

/// A world in which sagas wait for an hour after a failure.
fn patient(world: WorldBuilder) -> WorldBuilder {
    world.set(|config| {
        config.retry.initial = Duration::from_hours(1);
        config.retry.max = Duration::from_hours(1);
        config.checkout.deadline = Duration::from_hours(24);
    })
}

/// The same, with a token of the form `token-of-ROLE` for each role.
fn with_roles(world: WorldBuilder) -> WorldBuilder {
    patient(world).set(|config| config.operator.tokens = ROLES.map(named).into())
}

const ROLES: [Role; 4] = [Role::Viewer, Role::Operator, Role::Fulfilment, Role::Admin];

fn named(role: Role) -> NamedToken {
    let sha256 = base16ct::lower::encode_string(&Sha256::digest(format!("token-of-{role}")));
    let sha256 = TokenDigest::parse(&sha256).expect("a digest");
    NamedToken { name: role.to_string(), role, sha256 }
}

/// A checkout that waits for its charge, an hour after it failed once.
async fn failing_charge(world: &World, key: &str) -> Uuid {
    world.fault(Fault::once(Call::Process, FaultKind::ErrorBefore));
    parked(world, key).await
}

/// A checkout whose second line was refused, and whose refund fails.
async fn failing_refund(world: &World, key: &str) -> Uuid {
    world.fault(Fault::once(Call::Refund, FaultKind::ErrorBefore));
    world.fault(Fault { product_id: Some(CUP), ..Fault::once(Call::Reserve, FaultKind::Refuse) });
    parked(world, key).await
}

async fn parked(world: &World, key: &str) -> Uuid {
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    let cart = cart(ASHA, &[(TEA, 2), (CUP, 1)]);
    let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
    let is_parked = async || {
        let saga = world.inspect(id).await;
        saga["nextAttemptAt"].is_string() && saga["owner"].is_null()
    };
    world.until(is_parked).await;
    id
}

/// Has a saga tried again that waits, and comes back when it is at rest.
async fn retried(world: &World, id: Uuid) {
    let path = format!("/api/operator/sagas/{id}/retry");
    let retry = world.http.post(world.url(&path)).bearer_auth(TOKEN);
    let retry = retry.json(&serde_json::json!({"reason": "it is back"})).send().await;
    assert_eq!(retry.expect("an answer").status(), 200);
    world.until(async || world.inspect(id).await["next"].is_null()).await;
}

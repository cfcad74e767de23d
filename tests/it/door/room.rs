//! How many connections may be open, and which are closed to make room for new ones.

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};

use super::{Client, LIVE, with};
use crate::harness::{World, cart};

/// A client that waits for its order until the faults are cleared.
async fn waiting(world: &World) -> Client {
    let before = world.sandbox.ledger().totals.reads.user;
    let body = cart(ASHA, &[(TEA, 1)]).to_string();
    let mut client = Client::of(world).await;
    let head = "POST /api/orders/create HTTP/1.1\r\nhost: x\r\nprefer: wait=60\r\n\
                content-type: application/json\r\n";
    let key = format!("idempotency-key: {before}\r\n");
    client.say(format!("{head}{key}content-length: {}\r\n\r\n{body}", body.len())).await;
    world.until(async || world.sandbox.ledger().totals.reads.user > before).await;
    client
}

#[tokio::test]
async fn the_connection_that_has_been_idle_longest_is_closed_to_make_room() {
    with(
        |config| config.http.connections = 3,
        async |world| {
            let (mut first, mut second) = (Client::of(world).await, Client::of(world).await);
            first.gets_live().await;
            second.gets_live().await;
            let mut silent = Client::of(world).await;
            // This one is used again, so the other one has been idle for longer.
            first.gets_live().await;
            let mut new = Client::of(world).await;
            new.gets_live().await;
            assert_eq!(second.until_ended().await, b"");
            first.gets_live().await;
            // More and more connections come and send nothing; none of them keeps others out.
            let mut others = Vec::new();
            for _each in 0..20 {
                others.push(Client::of(world).await);
            }
            assert_eq!(silent.until_ended().await, b"");
            Client::of(world).await.gets_live().await;
        },
    )
    .await;
}

#[tokio::test]
async fn if_no_connection_is_idle_new_ones_get_a_503_and_probes_are_answered() {
    with(
        |config| config.http.connections = 2,
        async |world| {
            world.fault(Fault::on(Call::GetUser, FaultKind::HangBefore));
            let (mut one, mut other) = (waiting(world).await, waiting(world).await);
            for path in ["/health/live", "/Health/Ready/", "/api/health", "/metrics"] {
                let mut probe = Client::of(world).await;
                probe.say(LIVE.replace("/health/live", path)).await;
                let heard = probe.hear().await;
                assert_eq!(heard.status, 200, "{path}: {heard:?}");
                assert_eq!(probe.until_ended().await, b"");
            }
            let mut late = Client::of(world).await;
            late.say(LIVE.replace("/health/live", "/docs")).await;
            let heard = late.hear().await;
            assert_eq!((heard.status, &heard.body["error"]), (503, &"Too many connections".into()));
            assert!(heard.head.contains("retry-after: 1\r\n"), "{heard:?}");
            assert!(heard.head.contains("connection: close\r\n"), "{heard:?}");
            assert_eq!(late.until_ended().await, b"");
            // However many come and send nothing, a probe gets an answer.
            let mut silent = Vec::new();
            for _each in 0..100 {
                silent.push(Client::of(world).await);
            }
            Client::of(world).await.gets_live().await;
            world.sandbox.clear_faults();
            assert_eq!(one.hear().await.status, 201);
            assert_eq!(other.hear().await.status, 201);
            // There is room again.
            let mut new = Client::of(world).await;
            new.say(LIVE.replace("/health/live", "/docs")).await;
            assert_eq!(new.hear().await.status, 200);
        },
    )
    .await;
}

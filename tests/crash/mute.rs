//! Clients that connect and say nothing, or only half of what they want.

use futures::future::join_all;
use order_service::sandbox::Idempotency;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::replica::Orders;
use super::world::{Books, World};

/// How many files the replica may have open, sockets included.
const DESCRIPTORS: &str = "--nofile=160";
/// Silent clients of each sort: more than there are descriptors.
const CLIENTS: usize = 120;

async fn connect(world: &World, says: &[u8]) -> Vec<TcpStream> {
    let one = async |_| {
        let mut client = TcpStream::connect(world.replicas[0].address).await.expect("in line");
        // The connection may have been turned away.
        let _said = client.write_all(says).await;
        client
    };
    join_all((0..CLIENTS).map(one)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_send_nothing_or_half_a_request_use_up_no_descriptors() {
    let tell = |orders: Orders| {
        let orders = orders.through(&["prlimit", DESCRIPTORS]);
        let orders = orders.with("ORDER_SERVICE__HTTP__HEADER_TIMEOUT", &"1s");
        orders.with("ORDER_SERVICE__HTTP__BODY_TIMEOUT", &"1s")
    };
    let (books, kinds) = (Books::Postgres, Idempotency::default());
    let mut world = World::start_with("mute clients", books, kinds, 1, tell).await;
    world.note("crowds of mute clients");
    let _silent = connect(&world, b"").await;
    let _half = connect(&world, b"POST /api/orders/create HTTP/1.1\r\nHost: a\r\nX-").await;
    let body = b"POST /api/orders/create HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{";
    let _without_body = connect(&world, body).await;
    let storm = world.storm();
    world.clients.served(50).await;
    world.until_ready_says(0, 200).await;
    // A second crowd comes while the first is still there.
    let _more = connect(&world, b"G").await;
    world.clients.served(50).await;
    storm.over().await;
    let heard = world.replicas[0].words.heard();
    assert!(heard.contains("connections"), "a line says so: {heard}");
    world.finish().await;
}

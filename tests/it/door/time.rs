//! How long a client may keep the service waiting.

use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use tokio::io::AsyncWriteExt;

use super::{Client, LIVE, NEVER, SOON, is_end, with};
use crate::harness::cart;

#[tokio::test]
async fn a_client_that_sends_nothing_or_half_a_head_is_ended() {
    with(
        |config| config.http.header_timeout = SOON,
        async |world| {
            for half in ["", "G", "GET /health/live HTTP/1.1\r\nhost: x\r\n", "PRI * HTTP/2.0\r\n"]
            {
                let mut client = Client::of(world).await;
                client.say(half).await;
                assert_eq!(client.until_ended().await, b"", "{half:?}");
            }
            // The same limit applies after a request that was answered.
            let mut client = Client::of(world).await;
            client.gets_live().await;
            client.say("GET /health").await;
            assert_eq!(client.until_ended().await, b"");
        },
    )
    .await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_gets_no_extra_time() {
    with(
        |config| config.http.header_timeout = SOON,
        async |world| {
            let mut client = Client::of(world).await;
            client.say("GET /health/live HTTP/1.1\r\nx: ").await;
            let (mut from, mut to) = client.0.split();
            let trickle = async {
                while let Ok(()) = to.write_all(b"x").await {
                    Clock::system().sleep(Duration::from_millis(5)).await;
                }
            };
            let ended = async {
                let mut bytes = Vec::new();
                let read = tokio::io::AsyncReadExt::read_to_end(&mut from, &mut bytes).await;
                assert!(read.is_ok_and(|length| length == 0) || bytes.is_empty());
            };
            tokio::join!(trickle, ended);
        },
    )
    .await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408_and_ends_the_connection() {
    with(
        |config| config.http.body_timeout = SOON,
        async |world| {
            let head = "POST /api/orders/create HTTP/1.1\r\nhost: x\r\n\
                        content-type: application/json\r\n";
            for half in
                ["content-length: 9\r\n\r\n{", "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"]
            {
                let mut client = Client::of(world).await;
                client.say(format!("{head}{half}")).await;
                let heard = client.hear().await;
                assert_eq!(heard.status, 408, "{heard:?}");
                assert_eq!(heard.body["error"], "the body did not come within 100ms");
                assert_eq!(client.until_ended().await, b"");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_connection_is_kept_for_a_while_between_requests_and_then_ended() {
    with(
        |config| {
            // The first request comes at once; more time for it would hide the limit that is tested.
            config.http.header_timeout = NEVER;
            config.http.idle_timeout = SOON;
        },
        async |world| {
            let mut client = Client::of(world).await;
            client.gets_live().await;
            assert_eq!(client.until_ended().await, b"");
        },
    )
    .await;
    with(
        |config| config.http.header_timeout = SOON,
        async |world| {
            let mut idle = Client::of(world).await;
            idle.gets_live().await;
            // A new connection without a request is ended; between two requests there is more time.
            assert_eq!(Client::of(world).await.until_ended().await, b"");
            idle.gets_live().await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_client_that_waits_for_its_order_is_not_cut_off() {
    with(
        |config| {
            let http = &mut config.http;
            (http.header_timeout, http.body_timeout) = (SOON, SOON);
            (http.write_timeout, http.idle_timeout) = (SOON, SOON);
        },
        async |world| {
            world
                .fault(Fault { millis: Some(1000), ..Fault::once(Call::Process, FaultKind::Slow) });
            let body = cart(ASHA, &[(TEA, 1)]).to_string();
            let mut client = Client::of(world).await;
            let head = "POST /api/orders/create HTTP/1.1\r\nhost: x\r\nprefer: wait=60\r\n\
                        content-type: application/json\r\n";
            client.say(format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await;
            assert_eq!(client.hear().await.status, 201);
        },
    )
    .await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_ended() {
    with(
        |config| config.http.write_timeout = SOON,
        async |world| {
            let mut client = Client::of(world).await;
            let many = LIVE.replace("/health/live", "/openapi.json").repeat(100);
            // The client reads nothing: once the socket is full, the service reads no requests either, until it
            // ends the connection.
            let error = loop {
                if let Err(error) = client.0.write_all(many.as_bytes()).await {
                    break error;
                }
            };
            assert!(is_end(&error), "{error}");
            Client::of(world).await.gets_live().await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    with(
        |config| config.http.header_bytes = 8192,
        async |world| {
            let mut client = Client::of(world).await;
            let long = "x".repeat(7000);
            client.say(LIVE.replace("host: x", &format!("host: x\r\nx: {long}"))).await;
            assert_eq!(client.hear().await.status, 200);
            client.say(LIVE.replace("host: x", &format!("host: x\r\nx: {long}{long}"))).await;
            let answer = String::from_utf8(client.until_ended().await).expect("text");
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        },
    )
    .await;
}

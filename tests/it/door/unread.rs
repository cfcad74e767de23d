//! Requests that are answered by their head, before their body has come.

use super::{Client, with};

const HEAD: &str = "POST /api/orders/create HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n";
const KIB: usize = 1024;

#[tokio::test]
async fn a_body_that_nobody_read_does_not_stand_in_the_way_of_the_next_request() {
    with(
        |_config| {},
        async |world| {
            let mut client = Client::of(world).await;
            for length in [0, 1, 100 * KIB, 256 * KIB] {
                client.say(format!("{HEAD}content-length: {length}\r\n\r\n")).await;
                client.say(vec![b'x'; length]).await;
                let heard = client.hear().await;
                assert_eq!(heard.status, 415, "{heard:?}");
                assert!(!heard.head.contains("connection: close"), "{heard:?}");
                client.gets_live().await;
            }
            client
                .say(format!("{HEAD}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"))
                .await;
            assert_eq!(client.hear().await.status, 415);
            client.gets_live().await;
        },
    )
    .await;
}

#[tokio::test]
async fn who_sends_a_body_that_is_too_long_to_pass_over_is_told_that_the_connection_ends() {
    with(
        |_config| {},
        async |world| {
            for rest in [
                format!("content-length: {}\r\n\r\n", 256 * KIB + 1),
                // It would come once it is asked for, or not at all.
                "expect: 100-continue\r\ncontent-length: 9\r\n\r\n".to_owned(),
                "content-length: 9\r\n\r\nx".to_owned(),
            ] {
                let mut client = Client::of(world).await;
                client.say(format!("{HEAD}{rest}")).await;
                let heard = client.hear().await;
                assert_eq!(heard.status, 415, "{rest}: {heard:?}");
                assert!(heard.head.contains("connection: close"), "{rest}: {heard:?}");
                assert_eq!(client.until_ended().await, b"");
            }
        },
    )
    .await;
}

//! HTTP/2, frame by frame.

use tokio::io::AsyncReadExt;

use super::{Client, SOON, with};
use crate::harness::World;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
/// The flag that says that this frame is the whole request.
const WHOLE: u8 = 5;
/// `:method: GET`, `:scheme: http`, `:path: /`.
const ROOT: &[u8] = &[0x82, 0x86, 0x84];
const MAX_CONCURRENT_STREAMS: u16 = 3;
const MAX_HEADER_LIST_SIZE: u16 = 6;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Client {
    /// Begins to speak HTTP/2; returns the service's settings.
    async fn begin(world: &World) -> (Self, Vec<(u16, u32)>) {
        Self::of(world).await.switched().await
    }

    pub(super) async fn switched(mut self) -> (Self, Vec<(u16, u32)>) {
        let client = &mut self;
        client.say([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
        let settings = client.frame().await.expect("its settings");
        assert_eq!((settings.kind, settings.flags), (SETTINGS, 0));
        client.say(frame(SETTINGS, ACK, 0, &[])).await;
        let setting = |bytes: &[u8]| {
            let value = u32::from_be_bytes(bytes[2..6].try_into().expect("four bytes"));
            (u16::from_be_bytes([bytes[0], bytes[1]]), value)
        };
        (self, settings.payload.chunks(6).map(setting).collect())
    }

    /// The next frame; `None` if the connection ends.
    async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        let mut payload = vec![0; usize::try_from(number(&head[..3])).expect("it fits")];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame { kind: head[3], flags: head[4], stream: number(&head[5..]), payload })
    }

    /// The next frame of one type.
    async fn frame_of(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.frame().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// GETs the root, which does not exist, and reads the answer.
    pub(super) async fn asks(&mut self, stream: u32) {
        self.say(frame(HEADERS, WHOLE, stream, ROOT)).await;
        let head = self.frame_of(HEADERS).await.expect("an answer");
        assert_eq!(head.stream, stream);
        let body = self.frame_of(DATA).await.expect("a body");
        assert!(String::from_utf8_lossy(&body.payload).contains("Not found"));
        // Lets the service send as much again as it has sent.
        let length = u32::try_from(body.payload.len()).expect("short").to_be_bytes();
        self.say(frame(WINDOW_UPDATE, 0, 0, &length)).await;
    }
}

#[tokio::test]
async fn a_client_is_told_how_many_requests_it_may_send_at_once() {
    with(
        |config| (config.http.http2_streams, config.http.header_bytes) = (7, 9000),
        async |world| {
            let (mut client, settings) = Client::begin(world).await;
            assert!(settings.contains(&(MAX_CONCURRENT_STREAMS, 7)), "{settings:?}");
            assert!(settings.contains(&(MAX_HEADER_LIST_SIZE, 9000)), "{settings:?}");
            client.asks(1).await;
            client.asks(3).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_client_that_cancels_request_after_request_is_ended() {
    with(
        |config| config.http.http2_resets = 5,
        async |world| {
            let (mut client, _) = Client::begin(world).await;
            let flood = (0..200).flat_map(|at| {
                let stream = 2 * at + 1;
                let cancel = 8_u32.to_be_bytes();
                [frame(HEADERS, WHOLE, stream, ROOT), frame(RST_STREAM, 0, stream, &cancel)]
                    .concat()
            });
            client.say(flood.collect::<Vec<_>>()).await;
            let last = client.frame_of(GOAWAY).await.expect("a last word");
            let enhance_your_calm = 11_u32.to_be_bytes();
            assert_eq!(last.payload[4..8], enhance_your_calm);
            client.until_ended().await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_ended_and_one_that_does_is_not() {
    with(
        |config| config.http.http2_ping = SOON,
        async |world| {
            let (mut alive, _) = Client::begin(world).await;
            let (mut dead, _) = Client::begin(world).await;
            let stays = async {
                for _each in 0..5 {
                    let ping = alive.frame_of(PING).await.expect("a ping");
                    alive.say(frame(PING, ACK, 0, &ping.payload)).await;
                }
                alive.asks(1).await;
            };
            tokio::join!(stays, async { dead.until_ended().await });
        },
    )
    .await;
}

#[tokio::test]
async fn a_connection_without_requests_is_ended() {
    with(
        |config| config.http.idle_timeout = SOON,
        async |world| {
            let (mut client, _) = Client::begin(world).await;
            client.asks(1).await;
            assert!(client.frame_of(GOAWAY).await.is_some());
            client.until_ended().await;
        },
    )
    .await;
    with(
        |config| config.http.header_timeout = SOON,
        async |world| {
            let (mut client, _) = Client::begin(world).await;
            client.until_ended().await;
        },
    )
    .await;
}

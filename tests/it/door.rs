//! What clients may do to their connections, tested with plain sockets: everything that the service
//! waits for from one of them has a time limit, and there is room for the others.

mod http2;
mod process;
mod room;
mod time;
mod unread;

use std::io::ErrorKind;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::config::Config;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};

use crate::harness::{Books, World};

const SOON: Duration = Duration::from_millis(100);
const NEVER: Duration = Duration::from_hours(1);
const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";

/// Runs a test against a service with this configuration. The database makes no difference here.
async fn with(set: impl FnOnce(&mut Config) + 'static, test: impl AsyncFnOnce(&World)) {
    let patient = World::build(Books::Sqlite).set(|config| {
        let http = &mut config.http;
        for timeout in [
            &mut http.header_timeout,
            &mut http.body_timeout,
            &mut http.write_timeout,
            &mut http.idle_timeout,
            &mut http.http2_ping,
        ] {
            *timeout = NEVER;
        }
    });
    let world = patient.set(set).start().await;
    let ended = Clock::system().within(Duration::from_mins(1), Box::pin(test(&world))).await;
    ended.expect("the test hangs");
    world.finish().await;
}

/// A connection.
struct Client(TcpStream);

/// An answer of HTTP/1.1.
#[derive(Debug)]
struct Heard {
    status: u16,
    head: String,
    body: Value,
}

impl Client {
    async fn connect(address: impl ToSocketAddrs) -> Self {
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    async fn of(world: &World) -> Self {
        Self::connect(world.service.address).await
    }

    async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("sent");
    }

    /// One answer with a length; `None` if the connection ends instead.
    async fn try_hear(&mut self) -> Option<Heard> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) => {
                    assert!(is_end(&error), "{error}");
                    assert!(head.is_empty(), "half an answer");
                    return None;
                }
            }
        }
        let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        let length = head.split("content-length: ").nth(1).expect("a length");
        let length = length.split("\r\n").next().expect("a line").parse().expect("a number");
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("a body");
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Some(Heard { status, head, body })
    }

    async fn hear(&mut self) -> Heard {
        self.try_hear().await.expect("an answer")
    }

    /// GETs and expects 200.
    async fn gets_live(&mut self) {
        self.say(LIVE).await;
        assert_eq!(self.hear().await.status, 200);
    }

    /// Waits until the service ends the connection; returns what came until then.
    async fn until_ended(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Err(error) = self.0.read_to_end(&mut bytes).await {
            assert!(is_end(&error), "{error}");
        }
        bytes
    }
}

fn is_end(error: &std::io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

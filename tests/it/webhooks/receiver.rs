//! An endpoint: records what it is sent, and answers as it is told.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub fn kind(&self) -> String {
        self.event()["type"].as_str().expect("a type").to_owned()
    }

    /// Whether one of its signatures is by this secret.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret"));
        let (id, time) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let message = format!("{id}.{time}.{}", self.body);
        let mac = hmac(&key.expect("base64"), message.as_bytes());
        let wanted = format!("v1,{}", STANDARD.encode(mac));
        self.header("webhook-signature").split(' ').any(|signature| signature == wanted)
    }
}

/// HMAC-SHA256 as RFC 2104 writes it.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// With a header.
    With(u16, &'static str, String),
    /// With a body.
    Saying(u16, String),
    /// Not at all.
    Never,
}

#[derive(Default)]
struct Told {
    seen: Vec<Seen>,
    /// By path; the last one is for all that follow.
    replies: HashMap<String, VecDeque<Reply>>,
}

#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let told = Arc::<Mutex<Told>>::default();
        let routes = Router::new().fallback(take).with_state(told.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, told }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How requests to a path are answered from now on, one after the other.
    pub fn answers(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let mut told = self.told.lock().expect("no panic");
        told.replies.insert(path.to_owned(), replies.into_iter().collect());
    }

    /// The requests to a path, oldest first.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let told = self.told.lock().expect("no panic");
        told.seen.iter().filter(|seen| seen.path == path).cloned().collect()
    }

    /// The types of the events that came to a path.
    pub fn kinds(&self, path: &str) -> Vec<String> {
        self.seen(path).iter().map(Seen::kind).collect()
    }
}

async fn take(
    State(told): State<Arc<Mutex<Told>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let reply = {
        let mut told = told.lock().expect("no panic");
        let replies = told.replies.entry(path.clone()).or_default();
        let reply = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
        let body = String::from_utf8(body.to_vec()).expect("text");
        told.seen.push(Seen { path, headers, body });
        reply
    };
    let code = |status: u16| StatusCode::from_u16(status).expect("a status");
    match reply.unwrap_or(Reply::Status(200)) {
        Reply::Status(status) => code(status).into_response(),
        Reply::With(status, name, value) => (code(status), [(name, value)]).into_response(),
        Reply::Saying(status, body) => (code(status), body).into_response(),
        Reply::Never => std::future::pending().await,
    }
}

//! A client on bare sockets, so that tests see every byte and notice a missing one.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request.
#[derive(Clone)]
pub struct Ask {
    method: &'static str,
    path: String,
    headers: String,
    body: String,
}

/// A complete answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Ask {
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: String::new(), body: String::new() }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path)
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers = format!("{}{name}: {value}\r\n", self.headers);
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// Sends it and leaves the connection open, unread.
    pub async fn begin(&self, url: &str) -> TcpStream {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
        let Self { method, path, headers, body } = self;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Sends it and returns every byte that comes back.
    pub async fn bytes(&self, url: &str) -> Vec<u8> {
        rest(self.begin(url).await).await
    }

    /// Sends it and returns the answer.
    pub async fn send(&self, url: &str) -> Answer {
        let bytes = String::from_utf8(self.bytes(url).await).unwrap();
        let (head, body) = bytes.split_once("\r\n\r\n").expect("a whole head");
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            // Two otherwise equal answers may differ in their date.
            head: head.lines().filter(|line| !line.starts_with("date:")).collect(),
            body: body.to_owned(),
        }
    }
}

/// Every byte until the other side closes or resets the connection.
pub async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset after some bytes counts as an ordinary end here.
    drop(stream.read_to_end(&mut bytes).await);
    bytes
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

//! The service and the sandbox as processes of their own.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use order_service::sandbox::{Kinds, Ledger};
use order_service::store::{self, Store};
use serde_json::Value;
use tokio::sync::oneshot;

const BINARY: &str = env!("CARGO_BIN_EXE_order-service");

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

/// Opens books that no service has open.
pub async fn open_books(url: &str) -> Store {
    let options = store::Options {
        url,
        max_connections: 4,
        silence: Duration::from_secs(5),
        access: store::Access::Owner,
        gate: None,
    };
    store::open(options).await.expect("the books")
}

/// A child that does not outlive its test.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _buried = self.0.wait();
    }
}

/// `order-service serve`.
pub struct Service {
    pub address: SocketAddr,
    child: Kept,
}

fn serve(url: &str, address: SocketAddr) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["serve", "--listen", &address.to_string(), "--database-url", url]);
    let log = std::env::var("CRASH_LOG");
    command.env("RUST_LOG", log.unwrap_or_else(|_| "warn,order_service::app=info".to_owned()));
    command
}

/// What a service says that can't have these books.
pub async fn refused(url: &str) -> Output {
    let mut command = serve(url, free_address());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || command.output().expect("the binary")).await.expect("runs")
}

impl Service {
    /// Returns once it is ready.
    pub async fn start(url: &str, sandbox: &SandboxProcess, kinds: Kinds) -> Self {
        let address = free_address();
        let child = serve(url, address)
            .env("ORDER_SERVICE__OPERATOR__TOKEN", "t")
            .env("ORDER_SERVICE__SERVICES__PRODUCT__IDEMPOTENT", kinds.product.to_string())
            .env("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", kinds.payment.to_string())
            .env("ORDER_SERVICE__RETRY__INITIAL", "10ms")
            .env("ORDER_SERVICE__RETRY__MAX", "200ms")
            .env("ORDER_SERVICE__EXECUTOR__LEASE", "2s")
            .env("ServiceUrls__UserService", format!("http://{}", sandbox.user))
            .env("ServiceUrls__ProductService", format!("http://{}", sandbox.product))
            .env("ServiceUrls__PaymentService", format!("http://{}", sandbox.payment))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut this = Self { address, child: Kept(child) };
        ready(this.child.0.stderr.take().expect("piped"), "\"ready\"").await;
        this
    }

    /// kill -9.
    pub fn kill(self) {
        drop(self);
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.0.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// SIGTERM; it ends by itself, with 0.
    pub async fn terminate(mut self) {
        self.signal("TERM");
        let ended = tokio::task::spawn_blocking(move || self.child.0.wait());
        let status = ended.await.expect("waits").expect("ends");
        assert_eq!(status.code(), Some(0), "SIGTERM ends it with 0");
    }
}

/// `order-service sandbox`, with its state in a file.
pub struct SandboxProcess {
    pub user: SocketAddr,
    pub product: SocketAddr,
    pub payment: SocketAddr,
    http: reqwest::Client,
    _child: Kept,
}

impl SandboxProcess {
    pub async fn start(directory: &Path, kinds: Kinds) -> Self {
        let [user, product, payment] = [free_address(), free_address(), free_address()];
        let mut command = Command::new(BINARY);
        command
            .arg("sandbox")
            .args(["--user", &user.to_string(), "--product", &product.to_string()])
            .args(["--payment", &payment.to_string()])
            .args(["--seed", "7", "--file"])
            .arg(directory.join("sandbox.db"))
            .stdout(Stdio::piped());
        if kinds != Kinds::default() {
            command.args(["--not-idempotent", "user,product,payment"]);
        }
        let mut child = Kept(command.spawn().expect("the binary"));
        ready(child.0.stdout.take().expect("piped"), "payment").await;
        Self { user, product, payment, http: reqwest::Client::new(), _child: child }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.payment)
    }

    pub async fn inject(&self, fault: &Value) {
        let answer = self.http.post(self.url("/_sandbox/faults")).json(fault).send().await;
        assert!(answer.expect("the sandbox").status().is_success(), "{fault}");
    }

    pub async fn calm_down(&self) {
        let answer = self.http.delete(self.url("/_sandbox/faults")).send().await;
        assert!(answer.expect("the sandbox").status().is_success());
    }

    pub async fn ledger(&self) -> Ledger {
        self.ask("/_sandbox/ledger").await
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.http.get(self.url(path)).send().await.expect("the sandbox");
        answer.json().await.expect("JSON")
    }
}

/// Reads a child's words until one says that it is ready, and passes the rest on.
async fn ready(from: impl Read + Send + 'static, word: &'static str) {
    let (say, heard) = oneshot::channel();
    std::thread::spawn(move || {
        let mut say = Some(say);
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if line.contains(word)
                && let Some(say) = say.take()
            {
                let _test_ended = say.send(());
            } else if line.contains("ERROR") || std::env::var_os("CRASH_LOG").is_some() {
                eprintln!("{line}");
            }
        }
    });
    let within = Duration::from_mins(1);
    tokio::time::timeout(within, heard).await.expect("in time").expect("it gets ready");
}

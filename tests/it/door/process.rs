//! The binary with few resources: few descriptors, and a log that nobody reads.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{self, Sandbox};
use tempfile::TempDir;

use super::Client;
use crate::harness::{cart, terminated};

const BINARY: &str = env!("CARGO_BIN_EXE_order-service");

/// A service as a process, which ends with its test.
struct Service {
    child: Child,
    address: SocketAddr,
    log: BufReader<ChildStderr>,
    sandbox: Sandbox,
    _directory: TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _buried = self.child.wait();
    }
}

impl Service {
    /// Started by a line of shell, in which `$0` is the service. Its log is read only until the service is
    /// ready.
    async fn start(line: &str, settings: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::start(sandbox::Config::on_free_ports()).await.expect("a sandbox");
        let directory = tempfile::tempdir().expect("a directory");
        let mut child = Command::new("sh")
            .args(["-c", line, BINARY])
            .current_dir(directory.path())
            .env_remove("DATABASE_URL")
            .env("ORDER_SERVICE__HTTP__LISTEN", "127.0.0.1:0")
            .env("ServiceUrls__UserService", sandbox.user_url())
            .env("ServiceUrls__ProductService", sandbox.product_url())
            .env("ServiceUrls__PaymentService", sandbox.payment_url())
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let mut address = None;
        loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).expect("text") > 0, "it ended");
            if let Some((_, rest)) = line.split_once("\"address\":\"") {
                address = rest.split('"').next().map(|text| text.parse().expect("an address"));
            }
            if line.contains("\"ready\"") {
                break;
            }
        }
        let address = address.expect("it said where it listens");
        Self { child, address, log, sandbox, _directory: directory }
    }

    async fn create(&self) {
        let body = cart(ASHA, &[(TEA, 1)]).to_string();
        let head = "POST /api/orders/create HTTP/1.1\r\nhost: x\r\nprefer: wait=60\r\n\
                    content-type: application/json\r\n";
        let mut client = Client::connect(self.address).await;
        client.say(format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await;
        let heard = client.hear().await;
        assert_eq!(heard.status, 201, "{heard:?}");
    }

    /// Ends it by SIGTERM.
    async fn terminate(&mut self) {
        terminated(&mut self.child).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_silent_connections_than_descriptors_keep_nobody_out() {
    let mut service = Service::start("ulimit -n 256 && exec \"$0\" serve", &[]).await;
    let mut silent = Vec::new();
    for _each in 0..600 {
        silent.push(Client::connect(service.address).await);
        if silent.len() % 100 == 0 {
            service.create().await;
        }
    }
    Client::connect(service.address).await.gets_live().await;
    service.terminate().await;
    let mut log = String::new();
    service.log.read_to_string(&mut log).expect("text");
    assert!(log.contains("as many connections are open as may be"), "{log}");
    service.sandbox.clear_faults();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_log_reader_stalls_nothing_else_and_is_told_how_much_it_missed() {
    let settings = [("RUST_LOG", "trace")];
    let mut service = Service::start("exec \"$0\" serve", &settings).await;
    // Far more than a pipe holds or than is buffered for the reader: HTTP/2 logs much for each request.
    let (mut client, _settings) = Client::connect(service.address).await.switched().await;
    for at in 0..1000 {
        client.asks(2 * at + 1).await;
    }
    service.create().await;
    // The reader reads again.
    let mut lines = service.log.by_ref().lines().map(|line| line.expect("text"));
    let told = lines.find(|line| line.contains("log lines were dropped")).expect("a line");
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["level"], "WARN");
    assert!(told["dropped"].as_u64().is_some_and(|dropped| dropped > 0), "{told}");
    // It stalls again, this time for good.
    for at in 1000..2000 {
        client.asks(2 * at + 1).await;
    }
    service.create().await;
    service.terminate().await;
}

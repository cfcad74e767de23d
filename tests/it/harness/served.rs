//! `serve` as a process of its own, for what its environment says and its log shows.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{self, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use super::cart;

/// A service, which ends with its test.
pub struct Served {
    child: Child,
    url: String,
    pub sandbox: Sandbox,
    directory: TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may already have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Served {
    /// Returns when it is ready.
    pub async fn start(settings: &[(&str, impl AsRef<str>)]) -> Self {
        let sandbox = Sandbox::start(sandbox::Config::on_free_ports()).await.expect("a sandbox");
        let directory = tempfile::tempdir().expect("a directory");
        let log = File::create(directory.path().join("log")).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_order-service"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(directory.path())
            .env_clear()
            .env("ServiceUrls__UserService", sandbox.user_url())
            .env("ServiceUrls__ProductService", sandbox.product_url())
            .env("ServiceUrls__PaymentService", sandbox.payment_url())
            .envs(settings.iter().map(|(name, value)| (*name, value.as_ref())))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary can be run");
        let mut served = Self { child, url: String::new(), sandbox, directory };
        served.line(|line| line["message"] == "ready").await;
        let listens = served.line(|line| line["message"] == "listens").await;
        served.url = format!("http://{}", listens["address"].as_str().expect("an address"));
        served
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).expect("the log")
    }

    /// The first line of the log for which this holds, once there is one.
    pub async fn line(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let log = self.log();
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = lines.into_iter().find(&is_it) {
                return line;
            }
            tokio::task::yield_now().await;
        }
    }

    pub async fn create(&self) {
        let request = reqwest::Client::new().post(format!("{}/api/orders/create", self.url));
        let request = request.header("Prefer", "wait=60").json(&cart(ASHA, &[(TEA, 1)]));
        assert_eq!(request.send().await.expect("an answer").status(), 201);
    }

    pub async fn metrics(&self) -> String {
        let answer = reqwest::get(format!("{}/metrics", self.url)).await.expect("an answer");
        answer.text().await.expect("text")
    }

    /// Ends it. Returns its log.
    pub async fn terminate(mut self) -> String {
        terminated(&mut self.child).await;
        self.sandbox.clear_faults();
        self.log()
    }
}

/// Sends SIGTERM, upon which a service ends by itself, with exit code 0.
pub async fn terminated(child: &mut Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    let ended = async {
        loop {
            if let Some(status) = child.try_wait().expect("our child") {
                return status;
            }
            tokio::task::yield_now().await;
        }
    };
    let status = Clock::system().within(Duration::from_secs(30), ended).await.expect("it ends");
    assert_eq!(status.code(), Some(0));
}

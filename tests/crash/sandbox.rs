//! The sandbox as a process: its state is in a file, and outlives it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use order_service::sandbox::{Idempotency, Ledger, sample};
use serde_json::{Value, json};

use super::process::{BINARY, Kept, Ready, Words, free_address};

/// `order-service sandbox`, always at the same three addresses.
pub struct SandboxProcess {
    pub user: SocketAddr,
    pub product: SocketAddr,
    pub payment: SocketAddr,
    file: PathBuf,
    kinds: Idempotency,
    /// The faults, which it is told again after a kill because they are not in the file.
    faults: Vec<Value>,
    http: reqwest::Client,
    child: Option<Kept>,
}

impl SandboxProcess {
    /// Returns once it is ready.
    pub async fn start(directory: &Path, kinds: Idempotency) -> Self {
        // A connection that was kept from before a kill would fail the first call after it.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy().build();
        let mut this = Self {
            user: free_address(),
            product: free_address(),
            payment: free_address(),
            file: directory.join("sandbox.db"),
            kinds,
            faults: Vec::new(),
            http: http.expect("a client"),
            child: None,
        };
        this.revive().await;
        this
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child = None;
    }

    pub fn is_up(&self) -> bool {
        self.child.is_some()
    }

    /// Starts it again with the same arguments and faults.
    pub async fn revive(&mut self) {
        let mut command = Command::new(BINARY);
        command
            .arg("sandbox")
            .args(["--user", &self.user.to_string(), "--product", &self.product.to_string()])
            .args(["--payment", &self.payment.to_string(), "--seed", "7", "--file"])
            .arg(&self.file)
            .stdout(Stdio::piped());
        if self.kinds != Idempotency::default() {
            command.args(["--not-idempotent", "user,product,payment"]);
        }
        let mut child = Kept::spawn(&mut command);
        let words = child.child().stdout.take().expect("piped");
        Ready::when(words, "payment", Words::default()).wait().await;
        self.child = Some(child);
        for fault in &self.faults {
            self.post("faults", fault).await;
        }
    }

    /// Stock and money for any storm, except kettles.
    pub async fn stock_up(&self) {
        for (id, price) in [(sample::TEA, 14_900), (sample::CUP, 24_950), (sample::STICKER, 0)] {
            let much = json!({"id": id, "name": "Much", "price": price, "stock": 10_000_000});
            self.post("products", &much).await;
        }
        let (user, profile) = (sample::MEENA, sample::MEENA_PROFILE);
        let rich = json!({
            "userId": user, "profileId": profile, "name": "Meena", "email": "meena@shop.example",
            "wallet": 10_i64.pow(14),
        });
        self.post("users", &rich).await;
    }

    pub async fn inject(&mut self, fault: Value) {
        self.post("faults", &fault).await;
        self.faults.push(fault);
    }

    /// Many faults: every sort of missing answer, and refusals that make sagas go back.
    pub async fn make_flaky(&mut self) {
        for fault in [
            json!({"call": "*", "fault": "error_before", "status": 500, "chance": 0.05}),
            json!({"call": "*", "fault": "error_after", "status": 503, "chance": 0.05}),
            json!({"call": "*", "fault": "drop_before", "chance": 0.04}),
            json!({"call": "*", "fault": "drop_after", "chance": 0.04}),
            json!({"call": "*", "fault": "garbage", "chance": 0.03}),
            json!({"call": "reserve", "fault": "refuse", "chance": 0.04}),
            json!({"call": "process", "fault": "refuse", "chance": 0.02}),
            json!({"call": "*", "fault": "slow", "millis": 30, "chance": 0.2}),
        ] {
            self.inject(fault).await;
        }
    }

    pub async fn calm_down(&mut self) {
        self.faults.clear();
        let answer = self.http.delete(self.url("faults")).send().await;
        assert!(answer.expect("the sandbox").status().is_success());
    }

    pub async fn ledger(&self) -> Ledger {
        let answer = self.http.get(self.url("ledger")).send().await.expect("the sandbox");
        answer.json().await.expect("JSON")
    }

    fn url(&self, what: &str) -> String {
        format!("http://{}/_sandbox/{what}", self.payment)
    }

    async fn post(&self, what: &str, body: &Value) {
        let answer = self.http.post(self.url(what)).json(body).send().await;
        assert!(answer.expect("the sandbox").status().is_success(), "{body}");
    }
}

//! A release's binary as a process with its neighbours, for making a recording.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command};

use order_service::clock::Clock;
use order_service::sandbox::{self, Effect, Fault, Record, RecordResult, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::answers::Checkout;
use crate::harness::{Answer, Books, Postgres, TOKEN};

/// An address where nobody listens.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// The configuration of every process of a recording: a saga whose attempt failed waits for an hour, so
/// that it stays as it is while others are brought to their states.
const SETTINGS: [(&str, &str); 8] = [
    ("ORDER_SERVICE__RETRY__INITIAL", "1h"),
    ("ORDER_SERVICE__RETRY__MAX", "1h"),
    ("ORDER_SERVICE__RETRY__JITTER", "0.0"),
    ("ORDER_SERVICE__RETRY__STUCK_AFTER", "2h"),
    ("ORDER_SERVICE__CHECKOUT__DEADLINE", "3h"),
    ("ORDER_SERVICE__CHECKOUT__DEADLINE_ATTENDED", "3h"),
    ("ORDER_SERVICE__SERVICES__PRODUCT__IDEMPOTENT", "true"),
    ("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", "true"),
];

/// A release with its neighbours.
pub struct Release {
    binary: PathBuf,
    pub books: Books,
    /// The URL of the database.
    pub database: String,
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    /// The checkouts that were asked for, by name.
    pub checkouts: BTreeMap<String, Checkout>,
    running: Option<Child>,
    /// The address of the running process.
    pub url: String,
    _directory: TempDir,
}

impl Drop for Release {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Release {
    /// A release with an empty database.
    pub async fn new(binary: PathBuf, books: Books) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let database = match books {
            Books::Sqlite => format!("sqlite://{}", directory.path().join("books.db").display()),
            Books::Postgres => Postgres::shared().database().await,
        };
        let sandbox = Sandbox::start(sandbox::Config::on_free_ports()).await.expect("a sandbox");
        Self {
            binary,
            books,
            database,
            sandbox,
            http: reqwest::Client::new(),
            checkouts: BTreeMap::new(),
            running: None,
            url: String::new(),
            _directory: directory,
        }
    }

    /// Starts a process with this configuration besides.
    pub async fn serve(&mut self, settings: &[(&str, &str)]) {
        assert!(self.running.is_none(), "one at a time");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--listen", &address.to_string(), "--database-url", &self.database])
            .env("RUST_LOG", "error")
            .env("ORDER_SERVICE__OPERATOR__TOKEN", TOKEN)
            .env("ServiceUrls__UserService", self.sandbox.user_url())
            .env("ServiceUrls__ProductService", self.sandbox.product_url())
            .env("ServiceUrls__PaymentService", self.sandbox.payment_url())
            .envs(SETTINGS)
            .envs(settings.iter().copied());
        self.running = Some(command.spawn().expect("the binary"));
        self.url = format!("http://{address}");
        let ready = format!("{}/health/ready", self.url);
        let is_ready = async || match self.http.get(&ready).send().await {
            Ok(answer) => answer.status() == 200,
            Err(_not_yet) => false,
        };
        while !is_ready().await {
            tokio::task::yield_now().await;
        }
    }

    /// SIGTERM: the process hands over its sagas.
    pub async fn stop(&mut self) {
        let mut child = self.running.take().expect("it runs");
        let pid = child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(sent.success());
        let ended = tokio::task::spawn_blocking(move || child.wait()).await.expect("waits");
        assert!(ended.expect("ends").success());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().expect("our child");
            child.wait().expect("our child");
        }
    }

    /// A checkout with this name, which is also its key. `prefer` says whether its client waits.
    pub async fn begin(&mut self, name: &str, cart: Value, prefer: &str) -> Answer {
        self.ask(name, cart, prefer, Some(name.to_owned())).await
    }

    /// The same with these faults, until it is left in this state (see [`Release::until`]).
    pub async fn leave(
        &mut self,
        name: &str,
        cart: Value,
        prefer: &str,
        faults: impl IntoIterator<Item = Fault>,
        state: &str,
    ) {
        faults.into_iter().for_each(|fault| self.fault(fault));
        self.begin(name, cart, prefer).await;
        self.until(name, state).await;
    }

    /// As [`Release::begin`], without a key.
    pub async fn begin_keyless(&mut self, name: &str, cart: Value, prefer: &str) -> Answer {
        self.ask(name, cart, prefer, None).await
    }

    async fn ask(&mut self, name: &str, cart: Value, prefer: &str, key: Option<String>) -> Answer {
        let request = self.http.post(format!("{}/api/orders/create", self.url)).json(&cart);
        let request = request.header("Prefer", prefer);
        let request = match &key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        let id = answer.id();
        self.checkouts.insert(name.to_owned(), Checkout { id, cart, key });
        answer
    }

    /// An operator's action.
    pub async fn say(&self, name: &str, action: &str, body: Value) {
        let url = format!("{}/api/operator/sagas/{}/{action}", self.url, self.checkouts[name].id);
        let request = self.http.post(url).bearer_auth(TOKEN).header("X-Operator", "Asha");
        let answer = Answer::of(request.json(&body).send().await.expect("an answer")).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }

    /// A verdict.
    pub async fn resolve(&self, name: &str, step: &str, line: Option<u16>, happened: bool) {
        let reason = "seen in their ledger";
        let body = json!({"step": step, "line": line, "happened": happened, "reason": reason});
        self.say(name, "resolve", body).await;
    }

    /// Returns when nobody drives the checkout and it is in this state: `Priced`, or `Priced InDoubt` if it is
    /// stuck.
    pub async fn until(&self, name: &str, state: &str) {
        let (state, stuck) = match state.split_once(' ') {
            Some((state, stuck)) => (state, Some(stuck)),
            None => (state, None),
        };
        self.until_it(name, |saga| {
            let is_stuck = saga["stuck"]["kind"].as_str() == stuck;
            saga["state"] == state && is_stuck && saga["owner"].is_null()
        })
        .await;
    }

    /// Returns when the saga, as operators see it, is like this.
    pub async fn until_it(&self, name: &str, is: impl Fn(&Value) -> bool) {
        let url = format!("{}/api/operator/sagas/{}", self.url, self.checkouts[name].id);
        let looks = async || {
            let answer = self.http.get(&url).bearer_auth(TOKEN).send().await.expect("an answer");
            Answer::of(answer).await.body
        };
        let last = std::cell::RefCell::default();
        let reached = async {
            loop {
                let saga = looks().await;
                if is(&saga) {
                    return;
                }
                last.replace(saga);
                tokio::task::yield_now().await;
            }
        };
        let in_time = Clock::system().within(std::time::Duration::from_secs(20), reached).await;
        assert!(in_time.is_some(), "{name} does not get there: {:#}", last.take());
    }

    /// Injects faults into calls.
    pub fn fault(&self, fault: Fault) {
        self.sandbox.inject(fault).expect("a fault");
    }

    /// Returns when every fault has struck as often as it is meant to.
    pub async fn until_struck(&self) {
        let url = format!("{}/_sandbox/faults", self.sandbox.user_url());
        let left = async || {
            let answer = Answer::of(self.http.get(&url).send().await.expect("an answer")).await;
            answer.body["faults"].as_array().expect("a list").len()
        };
        while left().await > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// The calls that the neighbours have carried out, oldest first.
    pub fn moved(&self) -> Vec<Value> {
        let records = self.sandbox.ledger().records;
        records.iter().filter(|record| record.result == RecordResult::Acted).map(moved).collect()
    }
}

fn moved(record: &Record) -> Value {
    let (path, body) = match &record.effect {
        Effect::Process(payment) => ("/api/payments/process".to_owned(), json!(payment)),
        Effect::Refund(payment) => ("/api/payments/refund".to_owned(), json!(payment)),
        Effect::Reserve(units) => of_product(units.product_id, "reserve", units.quantity),
        Effect::Release(units) => of_product(units.product_id, "release", units.quantity),
    };
    json!({"service": record.service, "path": path, "key": record.key, "body": body})
}

fn of_product(product: uuid::Uuid, call: &str, quantity: i64) -> (String, Value) {
    (format!("/api/products/{product}/{call}"), json!({"quantity": quantity}))
}

//! A fresh browser for each test, and the page that it opens.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use order_service::clock::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::webdriver::Session;

/// Where a developer's machine serves the platform's web client.
pub const CLIENT: &str = "http://localhost:3000";

/// How long to wait for the page: the service behind it may have to retry.
const PATIENCE: Duration = Duration::from_secs(30);

/// A child process that is asked to end when its test does.
pub struct Ends(pub Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // It is asked, not killed, so that it ends its own children.
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            drop(self.0.kill());
        }
        drop(self.0.wait());
    }
}

/// A browser with one page.
pub struct Browser {
    session: Session,
    _process: Ends,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser that finds the web client at [`CLIENT`], whatever uses that port on this machine.
    pub async fn start() -> Self {
        let site = serve_page().await;
        let process = Command::new("chromedriver")
            .args(["--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = process.unwrap_or_else(|error| {
            panic!("no chromedriver ({error}): apt-get install chromium chromium-driver, as scripts/test does")
        });
        let mut said = BufReader::new(process.stdout.take().expect("piped")).lines();
        let process = Ends(process);
        let port = said.find_map(|line| {
            let line = line.expect("text");
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver says where it is");
        let profile = tempfile::tempdir().expect("a directory");
        let arguments = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            format!("--user-data-dir={}", profile.path().display()),
            format!("--host-resolver-rules=MAP localhost:3000 {site}"),
        ]);
        let session = Session::begin(&format!("http://127.0.0.1:{port}"), &arguments).await;
        Self { session, _process: process, _profile: profile }
    }

    /// Opens the web client for a user, with the addresses of the services to call.
    pub async fn open(&self, services: &Services, user: uuid::Uuid) {
        let Services { orders, products, users, .. } = services;
        let query = format!("orders={orders}&products={products}&users={users}&user={user}");
        self.session.post("/url", json!({"url": format!("{CLIENT}/?{query}")})).await;
    }

    /// Clicks an element. A disabled button can't be clicked.
    pub async fn click(&self, id: &str) {
        assert!(!self.is_grey(id).await, "{id} is grey");
        let element = self.session.element(id).await;
        self.session.post(&format!("{element}/click"), json!({})).await;
    }

    pub async fn write(&self, id: &str, text: &str) {
        let element = self.session.element(id).await;
        self.session.post(&format!("{element}/value"), json!({"text": text})).await;
    }

    pub async fn is_grey(&self, id: &str) -> bool {
        let element = self.session.element(id).await;
        self.session.get(&format!("{element}/enabled")).await == json!(false)
    }

    pub async fn text(&self, id: &str) -> String {
        let element = self.session.element(id).await;
        let text = self.session.get(&format!("{element}/text")).await;
        text.as_str().expect("text").to_owned()
    }

    /// Waits until the page shows a message; returns it.
    pub async fn message(&self) -> String {
        let said = async {
            loop {
                let message = self.text("message").await;
                if !message.is_empty() {
                    return message;
                }
            }
        };
        Clock::system().within(PATIENCE, said).await.expect("the page says nothing")
    }

    /// Makes the page call a service: `[status, data, headers]` as far as it can read them, or the error.
    pub async fn call(&self, method: &str, url: &str, body: Value, headers: Value) -> Value {
        let script = r#"
            const [method, url, body, headers, done] = arguments;
            const read = (response) => [response.status, response.data, {
                location: response.header("location"),
                replayed: response.header("idempotent-replayed"),
                retryAfter: response.header("retry-after"),
                applied: response.header("preference-applied"),
                link: response.header("link"),
            }];
            call(method, url, body ?? undefined, headers)
                .then(read, (error) => error.response ? read(error.response) : error.message)
                .then(done);
        "#;
        let args = json!([method, url, body, headers]);
        self.session.post("/execute/async", json!({"script": script, "args": args})).await
    }

    pub async fn quit(self) {
        self.session.end().await;
    }
}

/// The services that the page calls.
pub struct Services {
    pub orders: String,
    pub products: String,
    pub users: String,
    pub payments: String,
}

async fn serve_page() -> SocketAddr {
    let page = Router::new().route("/", get(async || Html(include_str!("page.html"))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(axum::serve(listener, page).into_future());
    address
}

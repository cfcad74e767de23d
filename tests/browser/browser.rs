//! A browser of its own for each test, with nothing in it, and the page that it opens.

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

/// Where the platform serves its web client at a developer's.
pub const CLIENT: &str = "http://localhost:3000";

/// A page's answer may need a retry of the service behind it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A child that is asked to end when its test does.
pub struct Ends(pub Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // Asked, so that it takes its own children along.
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
    /// Starts one for which the web client is at [`CLIENT`], whoever has that port here.
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

    /// Opens the client for a user, with the services that it is to call.
    pub async fn open(&self, services: &Services, user: uuid::Uuid) {
        let Services { orders, products, users, .. } = services;
        let query = format!("orders={orders}&products={products}&users={users}&user={user}");
        self.session.post("/url", json!({"url": format!("{CLIENT}/?{query}")})).await;
    }

    /// Clicks it. A grey button can't be.
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

    /// What the page says once it has something to say.
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

    /// Has the page make a call: `[status, data, headers]` of what it could read, or the error's words.
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

/// What the page calls.
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

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
pub const PATIENCE: Duration = Duration::from_secs(30);

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

    /// Opens a page.
    pub async fn go(&self, url: &str) {
        self.session.post("/url", json!({"url": url})).await;
    }

    /// What a script returns that runs in the page.
    pub async fn script(&self, script: &str) -> Value {
        self.session.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Waits until such a script returns true, also while pages come and go.
    pub async fn until(&self, script: &str) {
        let holds = async { while self.script(script).await != json!(true) {} };
        let held = Clock::system().within(PATIENCE, holds).await;
        held.unwrap_or_else(|| panic!("it never comes true: {script}"));
    }

    /// Presses these keys one after the other, wherever the focus is.
    pub async fn keys(&self, keys: &[&str]) {
        let presses = keys.iter().flat_map(|keys| keys.chars()).flat_map(|key| {
            ["keyDown", "keyUp"].map(|what| json!({"type": what, "value": key.to_string()}))
        });
        let actions: Vec<Value> = presses.collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.session.post("/actions", json!({"actions": [keyboard]})).await;
    }

    /// Has pages think that the screen is so wide, and that their reader prefers this theme.
    pub async fn emulate(&self, theme: &str, width: u32) {
        let theme = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        self.devtools("Emulation.setEmulatedMedia", theme).await;
        let screen =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// The page from top to bottom, as WebP in base64.
    pub async fn picture(&self) -> String {
        self.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
        let size = "return [innerWidth, document.documentElement.scrollHeight]";
        let size = self.script(size).await;
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let how =
            json!({"format": "webp", "quality": 45, "captureBeyondViewport": true, "clip": clip});
        let shot = self.devtools("Page.captureScreenshot", how).await;
        shot["data"].as_str().expect("a picture").to_owned()
    }

    /// Has pages reach no server, or reach them again.
    pub async fn online(&self, is_online: bool) {
        let limits = json!({
            "offline": !is_online, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", limits).await;
    }

    async fn devtools(&self, command: &str, params: Value) -> Value {
        let command = json!({"cmd": command, "params": params});
        self.session.post("/goog/cdp/execute", command).await
    }

    /// Checks that no page has logged an error, which the violation of a policy is, too, and that no request
    /// has left this host.
    pub async fn is_clean(&self, host: &str) {
        let log = self.session.post("/se/log", json!({"type": "browser"})).await;
        let errors = log.as_array().expect("a log").iter();
        let errors: Vec<_> = errors.filter(|entry| entry["level"] == "SEVERE").collect();
        assert!(errors.is_empty(), "{errors:?}");
        let log = self.session.post("/se/log", json!({"type": "performance"})).await;
        let mut requests = 0;
        for entry in log.as_array().expect("a log") {
            let message = entry["message"].as_str().expect("text");
            let message: Value = serde_json::from_str(message).expect("JSON");
            if message["message"]["method"] == "Network.requestWillBeSent" {
                let url = message["message"]["params"]["request"]["url"].as_str().expect("a URL");
                // The browser's own new tab is no page of ours.
                if !url.starts_with("chrome://") {
                    assert!(url.starts_with(host) || url.starts_with("data:"), "{url}");
                    requests += 1;
                }
            }
        }
        assert!(requests > 3, "they are logged");
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

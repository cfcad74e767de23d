//! The processes of a comparison, none of which outlives it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::{Fault as Misbehaviour, FaultKind, Ledger};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::Fault;
use crate::load::{Load, cart};

/// The operators' token.
pub const TOKEN: &str = "bench";
const BINARY: &str = env!("CARGO_BIN_EXE_order-service");
/// The longest that any of these processes takes to be ready.
const READY_WITHIN: Duration = Duration::from_mins(5);

fn free_address() -> Result<SocketAddr, Fault> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A child process that is killed when this is dropped.
#[derive(Debug)]
pub struct Kept(Child);

impl Kept {
    fn spawn(command: &mut Command) -> Result<Self, Fault> {
        Ok(Self(command.spawn()?))
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// The lines of its standard output, as they come.
    fn lines(&mut self) -> mpsc::UnboundedReceiver<String> {
        let (say, heard) = mpsc::unbounded_channel();
        if let Some(output) = self.0.stdout.take() {
            std::thread::spawn(move || {
                let mut lines = BufReader::new(output).lines().map_while(Result::ok);
                while lines.next().is_some_and(|line| say.send(line).is_ok()) {}
            });
        }
        heard
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _buried = self.0.wait();
    }
}

/// The neighbours: `order-service sandbox`.
pub struct Sandbox {
    pub user: SocketAddr,
    pub product: SocketAddr,
    pub payment: SocketAddr,
    http: reqwest::Client,
    pub child: Kept,
}

impl Sandbox {
    pub async fn start() -> Result<Self, Fault> {
        let [user, product, payment] = [free_address()?, free_address()?, free_address()?];
        let mut command = Command::new(BINARY);
        command.args(["sandbox", "--empty", "--user", &user.to_string()]);
        command.args(["--product", &product.to_string(), "--payment", &payment.to_string()]);
        command.env("RUST_LOG", "warn").stdout(Stdio::piped());
        let mut child = Kept::spawn(&mut command)?;
        let mut lines = child.lines();
        while !lines.recv().await.ok_or("the sandbox does not start")?.starts_with("payment") {}
        Ok(Self { user, product, payment, http: reqwest::Client::new(), child })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/_sandbox/{path}", self.payment)
    }

    /// Resets it to an empty ledger and neighbours that take this long for each call.
    pub async fn renew(&self, pause: Duration) -> Result<(), Fault> {
        let (users, products) = cart::world();
        let world = json!({"users": users, "products": products});
        self.http.post(self.url("reset")).json(&world).send().await?.error_for_status()?;
        if !pause.is_zero() {
            let millis = u64::try_from(pause.as_millis()).ok();
            let slow = Misbehaviour { millis, ..Misbehaviour::anywhere(FaultKind::Slow) };
            self.inject(&slow).await?;
        }
        Ok(())
    }

    pub async fn inject(&self, fault: &Misbehaviour) -> Result<(), Fault> {
        self.http.post(self.url("faults")).json(fault).send().await?.error_for_status()?;
        Ok(())
    }

    /// Clears the faults; calls that they held are cut off.
    pub async fn calm_down(&self) -> Result<(), Fault> {
        self.http.delete(self.url("faults")).send().await?.error_for_status()?;
        Ok(())
    }

    /// The ledger's totals since the reset.
    pub async fn ledger(&self) -> Result<Ledger, Fault> {
        let url = self.url(&format!("ledger?since={}", u64::MAX));
        Ok(self.http.get(url).send().await?.json().await?)
    }
}

/// The systems that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// `order-service serve`, with neighbours that keep keys.
    Saga,
    /// The same with neighbours that are taken to act on every call, which is the default: each intent is
    /// durable before its call, and each outcome before what follows.
    Careful,
    /// [`crate::plain`].
    Plain,
    /// The same with a new connection for each effect, as the careful saga has.
    PlainFresh,
}

/// A running system.
pub struct Service {
    pub system: System,
    pub address: SocketAddr,
    http: reqwest::Client,
    pub child: Kept,
}

impl Service {
    /// Starts it; returns once it is ready. Its log goes to a file in `directory`; `set` is the rest of its
    /// environment.
    pub async fn start(
        system: System,
        database_url: &str,
        sandbox: &Sandbox,
        directory: &Path,
        set: &[(&str, &str)],
    ) -> Result<Self, Fault> {
        let address = free_address()?;
        let url = |address: SocketAddr| format!("http://{address}");
        let mut command = match system {
            System::Saga | System::Careful => {
                let mut command = Command::new(BINARY);
                command.arg("serve");
                command.env("ORDER_SERVICE__OPERATOR__TOKEN", TOKEN);
                command.env("ServiceUrls__UserService", url(sandbox.user));
                command.env("ServiceUrls__ProductService", url(sandbox.product));
                command.env("ServiceUrls__PaymentService", url(sandbox.payment));
                let keep_keys = if let System::Saga = system { "true" } else { "false" };
                command.env("ORDER_SERVICE__SERVICES__PRODUCT__IDEMPOTENT", keep_keys);
                command.env("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", keep_keys);
                command
            }
            System::Plain | System::PlainFresh => {
                migrate(database_url)?;
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["plain", "--user", &url(sandbox.user)]);
                command.args(["--product", &url(sandbox.product)]);
                command.args(["--payment", &url(sandbox.payment)]);
                if let System::PlainFresh = system {
                    command.arg("--fresh-connections");
                }
                command
            }
        };
        command.args(["--listen", &address.to_string(), "--database-url", database_url]);
        command.envs(set.iter().copied());
        let log: PathBuf = directory.join(format!("{system:?}.log"));
        command.current_dir(directory).stdout(Stdio::null()).stderr(File::create(&log)?);
        let child = Kept::spawn(&mut command)?;
        let this = Self { system, address, http: reqwest::Client::new(), child };
        let ready = Clock::system().within(READY_WITHIN, this.ready()).await;
        ready.ok_or_else(|| format!("{system:?} does not get ready: {}", log.display()))?;
        Ok(this)
    }

    async fn ready(&self) {
        let (url, clock) = (format!("http://{}/health/ready", self.address), Clock::system());
        while !self.http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {
            clock.sleep(Duration::from_millis(5)).await;
        }
    }

    /// A value from its `/metrics`, by name and labels; 0 if it was never counted.
    pub async fn metric(&self, name: &str) -> Result<f64, Fault> {
        let metrics = self.get("/metrics").await?.text().await?;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.map_or(Ok(0.0), |value| value.trim().parse())?)
    }

    /// Sends a checkout with `Prefer: respond-async`.
    pub async fn accept(&self, body: String) -> Result<(), Fault> {
        let request = self.http.post(format!("http://{}/api/orders/create", self.address));
        let request = request.header("content-type", "application/json").body(body);
        let answer = request.header("prefer", "respond-async").send().await?;
        if answer.status() == 202 { Ok(()) } else { Err(answer.text().await?.into()) }
    }

    /// Gets a page of a list; returns the path of the next page, if there is one.
    pub async fn page(&self, path: &str) -> Result<Option<String>, Fault> {
        let answer = self.get(path).await?;
        let link = answer.headers().get("link").and_then(|link| link.to_str().ok());
        if let Some(next) = link.and_then(|link| link.split(['<', '>']).nth(1)) {
            return Ok(Some(next.to_owned()));
        }
        let body: Value = answer.json().await?;
        let join = if path.contains('?') { '&' } else { '?' };
        Ok(body["next"].as_str().map(|next| format!("{path}{join}cursor={next}")))
    }

    /// Adds a webhook.
    pub async fn add_webhook(&self, url: &str) -> Result<(), Fault> {
        let request = self.http.post(format!("http://{}/api/operator/webhooks", self.address));
        let request = request.bearer_auth(TOKEN).json(&json!({"url": url}));
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Gets a path with the operators' token.
    pub async fn get(&self, path: &str) -> Result<reqwest::Response, Fault> {
        let request = self.http.get(format!("http://{}{path}", self.address));
        Ok(request.bearer_auth(TOKEN).send().await?.error_for_status()?)
    }
}

fn migrate(database_url: &str) -> Result<(), Fault> {
    let status = Command::new(BINARY).args(["migrate", "--database-url", database_url]).status()?;
    if status.success() { Ok(()) } else { Err("could not migrate".into()) }
}

/// A load under way: its process and its output.
pub fn load(load: &Load) -> Result<(Kept, mpsc::UnboundedReceiver<String>), Fault> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("load").args(["--address", &load.address.to_string()]);
    let mut flag = |name: &str, value: String| {
        command.args([name, &value]);
    };
    flag("--connections", load.connections.to_string());
    flag("--warmup-ms", load.warmup_ms.to_string());
    flag("--measured-ms", load.measured_ms.to_string());
    flag("--seed", load.seed.to_string());
    if let Some(rate) = load.rate {
        flag("--rate", rate.to_string());
    }
    let mut child = Kept::spawn(command.stdout(Stdio::piped()))?;
    let lines = child.lines();
    Ok((child, lines))
}

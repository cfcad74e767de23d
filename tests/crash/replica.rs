//! The service as a process: started, killed, put to sleep, and started again where it was.

use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use order_service::checkout::DEFINITION;
use order_service::clock::Clock;
use order_service::reversal::{CANCELLATION, RETURN};
use order_service::saga::{Catalogue, Definition};
use order_service::sandbox::Idempotency;
use order_service::store::{self, Store};

use super::process::{BINARY, Kept, Ready, Words, free_address};
use super::sandbox::SandboxProcess;

/// The lease: the silence after which others take over a replica's sagas.
pub const LEASE: Duration = Duration::from_secs(2);

/// Every kind of saga that the service has.
static TABLES: [&Definition; 3] = [&DEFINITION, &CANCELLATION, &RETURN];

/// Opens a database beside the services that use it (PostgreSQL), or after them (SQLite).
pub async fn open_books(url: &str) -> Store {
    store::open(options(url)).await.expect("the books")
}

/// Opens a database for reading only, whoever else uses it.
pub async fn look_into_books(url: &str) -> Store {
    store::open_to_read(options(url)).await.expect("the books")
}

fn options(url: &str) -> store::Options<'_> {
    store::Options {
        url,
        max_connections: 4,
        silence: Duration::from_secs(5),
        access: store::Access::Owner,
        clock: Clock::system(),
        catalogue: Catalogue::of(&TABLES),
        failpoints: None,
    }
}

/// The environment and the command with which a replica starts.
#[derive(Clone)]
pub struct Orders {
    pub url: String,
    environment: Vec<(String, String)>,
    /// A command that starts the replica: it gets the replica's own command as its arguments.
    through: Vec<&'static str>,
}

impl Orders {
    pub fn new(url: &str, sandbox: &SandboxProcess, kinds: Idempotency) -> Self {
        let base = Self { url: url.to_owned(), environment: Vec::new(), through: Vec::new() };
        base.with("ORDER_SERVICE__OPERATOR__TOKEN", &"t")
            .with("ORDER_SERVICE__SERVICES__PRODUCT__IDEMPOTENT", &kinds.product)
            .with("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", &kinds.payment)
            .with("ORDER_SERVICE__RETRY__INITIAL", &"10ms")
            .with("ORDER_SERVICE__RETRY__MAX", &"200ms")
            .with("ORDER_SERVICE__EXECUTOR__LEASE", &format!("{}s", LEASE.as_secs()))
            .with("ServiceUrls__UserService", &format!("http://{}", sandbox.user))
            .with("ServiceUrls__ProductService", &format!("http://{}", sandbox.product))
            .with("ServiceUrls__PaymentService", &format!("http://{}", sandbox.payment))
    }

    pub fn with(mut self, name: &str, value: &impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// The same, with another database.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The same, started by way of another command.
    pub fn through(&self, command: &[&'static str]) -> Self {
        Self { through: command.to_vec(), ..self.clone() }
    }

    fn serve(&self, address: SocketAddr) -> Command {
        let mut command = self.command("serve");
        command.args(["--listen", &address.to_string(), "--database-url", &self.url]);
        command
    }

    fn command(&self, name: &str) -> Command {
        let mut words = self.through.iter().copied().chain([BINARY]);
        let mut command = Command::new(words.next().expect("one at least"));
        command.args(words).arg(name).env("DATABASE_URL", &self.url);
        let log = std::env::var("CRASH_LOG");
        command.env("RUST_LOG", log.unwrap_or_else(|_| "warn,order_service::app=info".to_owned()));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What a service prints that is refused this database.
    pub async fn refused(&self) -> Output {
        output(self.serve(free_address())).await
    }

    /// What a command prints that ends by itself.
    pub async fn run(&self, name: &str) -> Output {
        output(self.command(name)).await
    }
}

async fn output(mut command: Command) -> Output {
    let output = move || command.output().expect("the binary");
    tokio::task::spawn_blocking(output).await.expect("runs")
}

/// The state of a replica's process.
enum Condition {
    Up(Kept),
    Asleep(Kept),
    Down,
}

/// `order-service serve`, always at the same address.
pub struct Replica {
    pub address: SocketAddr,
    /// Its log since its last start.
    pub words: Words,
    orders: Orders,
    condition: Condition,
    ready: Option<Ready>,
}

impl Replica {
    /// Returns once it is ready.
    pub async fn start(orders: Orders) -> Self {
        let condition = Condition::Down;
        let words = Words::default();
        let mut this = Self { address: free_address(), words, orders, condition, ready: None };
        this.revive();
        this.ready().await;
        this
    }

    fn child(&self) -> &Kept {
        match &self.condition {
            Condition::Up(child) | Condition::Asleep(child) => child,
            Condition::Down => panic!("it is down"),
        }
    }

    pub fn is_up(&self) -> bool {
        matches!(self.condition, Condition::Up(_))
    }

    pub fn is_asleep(&self) -> bool {
        matches!(self.condition, Condition::Asleep(_))
    }

    /// Its name in the database.
    pub fn name_ends_with(&self) -> String {
        format!(":{}", self.child().pid())
    }

    /// Adds to its environment, from its next start on.
    pub fn tell(&mut self, name: &str, value: &impl ToString) {
        self.orders = self.orders.clone().with(name, value);
    }

    /// Sets a limit on the running process, as an argument of `prlimit`.
    pub fn limit(&self, what: &str, limit: &str) {
        let pid = self.child().pid().to_string();
        let mut command = Command::new("prlimit");
        let set = command.args(["--pid", &pid, &format!("--{what}={limit}")]).status();
        assert!(set.expect("prlimit").success());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.lives();
        self.condition = Condition::Down;
        self.ready = None;
    }

    /// Starts it again at its address; it may have to wait for its database to be ready.
    pub fn revive(&mut self) {
        let mut child = Kept::spawn(self.orders.serve(self.address).stderr(Stdio::piped()));
        let words = child.child().stderr.take().expect("piped");
        self.words = Words::default();
        self.ready = Some(Ready::when(words, "\"ready\"", self.words.clone()));
        self.condition = Condition::Up(child);
    }

    /// Returns once it is ready.
    pub async fn ready(&mut self) {
        if let Some(ready) = self.ready.take() {
            ready.wait().await;
        }
    }

    /// SIGSTOP.
    pub fn stop(&mut self) {
        self.lives();
        self.condition = match std::mem::replace(&mut self.condition, Condition::Down) {
            Condition::Up(child) => {
                child.signal("STOP");
                Condition::Asleep(child)
            }
            other @ (Condition::Asleep(_) | Condition::Down) => other,
        };
    }

    /// SIGCONT.
    pub fn wake(&mut self) {
        self.condition = match std::mem::replace(&mut self.condition, Condition::Down) {
            Condition::Asleep(child) => {
                child.signal("CONT");
                Condition::Up(child)
            }
            other @ (Condition::Up(_) | Condition::Down) => other,
        };
    }

    /// Panics if it ended by itself.
    pub fn lives(&mut self) {
        if let Condition::Up(child) | Condition::Asleep(child) = &mut self.condition {
            assert_eq!(child.ended(), None, "{}: a replica ended by itself", self.address);
        }
    }

    pub fn peak_memory_mib(&self) -> u64 {
        self.child().peak_memory_mib()
    }

    /// SIGTERM; it has to end by itself, with exit code 0.
    pub async fn terminate(&mut self) {
        self.lives();
        let Condition::Up(mut child) = std::mem::replace(&mut self.condition, Condition::Down)
        else {
            panic!("it is not up");
        };
        child.signal("TERM");
        let ended = tokio::task::spawn_blocking(move || child.child().wait());
        let status = ended.await.expect("waits").expect("ends");
        assert_eq!(status.code(), Some(0), "SIGTERM ends it with 0");
    }
}

//! The service as a process: started, killed, put to sleep, and started again where it was.

use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::Kinds;
use order_service::store::{self, Store};

use super::process::{BINARY, Kept, Ready, Words, free_address};
use super::sandbox::SandboxProcess;

/// The silence after which others take a replica's sagas over.
pub const LEASE: Duration = Duration::from_secs(2);

/// Opens books beside the services that have them open (PostgreSQL), or after them.
pub async fn open_books(url: &str) -> Store {
    store::open(options(url)).await.expect("the books")
}

/// Opens books only to look, whoever has them open.
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
        gate: None,
    }
}

/// What a replica is told at every start.
#[derive(Clone)]
pub struct Orders {
    pub url: String,
    environment: Vec<(String, String)>,
    /// A command that becomes the replica: it is given the replica's own as its arguments.
    through: Vec<&'static str>,
}

impl Orders {
    pub fn new(url: &str, sandbox: &SandboxProcess, kinds: Kinds) -> Self {
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

    /// The same, with books elsewhere.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The same, started by way of another command, which becomes it.
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

    /// What a service says that can't have these books.
    pub async fn refused(&self) -> Output {
        output(self.serve(free_address())).await
    }

    /// What a command says that comes to an end by itself.
    pub async fn run(&self, name: &str) -> Output {
        output(self.command(name)).await
    }
}

async fn output(mut command: Command) -> Output {
    let output = move || command.output().expect("the binary");
    tokio::task::spawn_blocking(output).await.expect("runs")
}

/// How a replica is.
enum Condition {
    Up(Kept),
    Asleep(Kept),
    Down,
}

/// `order-service serve`, at one address for ever.
pub struct Replica {
    pub address: SocketAddr,
    /// What it has logged since its last start.
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

    /// As it is called in the books.
    pub fn name_ends_with(&self) -> String {
        format!(":{}", self.child().pid())
    }

    /// Is told more, from its next start on.
    pub fn tell(&mut self, name: &str, value: &impl ToString) {
        self.orders = self.orders.clone().with(name, value);
    }

    /// Sets a limit of the running process, in the words of `prlimit`.
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

    /// Started again at its address; it may have to wait for its database to be ready.
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

    /// SIGTERM; it ends by itself, with 0.
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

//! One PostgreSQL for all tests of this process; a database of its own for each.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use order_service::clock::Clock;
use sea_orm::{ConnectionTrait, Database};

/// A running cluster. It ends with this process, because its standard input is closed then.
pub struct Postgres {
    admin_url: String,
    _input: ChildStdin,
    _child: Child,
}

impl Postgres {
    /// The cluster of this process, started on first use.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// One whose settings a test changes.
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let mut child = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres"))
            .arg(port.port().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/postgres");
        let input = child.stdin.take().expect("piped");
        let mut url = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        output.read_line(&mut url).expect("its output");
        let admin_url = url.trim().to_owned();
        assert!(!admin_url.is_empty(), "PostgreSQL did not start; its words are above");
        Self { admin_url, _input: input, _child: child }
    }

    /// The URL of a new, empty database.
    pub async fn database(&self) -> String {
        let name = format!("t{}", Clock::system().fresh_id().simple());
        let admin = Database::connect(&self.admin_url).await.expect("the cluster");
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
        admin.close().await.expect("closing");
        let (cluster, _admin) = self.admin_url.rsplit_once('/').expect("a URL with a database");
        format!("{cluster}/{name}")
    }
}

//! The built binary, as the demo and as the service in the platform's compose file.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use order_service::sandbox::Sandbox;
use tempfile::TempDir;

use crate::browser::{Ends, Services};

const BINARY: &str = env!("CARGO_BIN_EXE_order-service");

/// `demo` without the orders that it starts with, configured only with a free port and a directory for its
/// files.
pub struct Demo {
    pub services: Services,
    _process: Ends,
    _directory: TempDir,
}

impl Demo {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut process = Command::new(BINARY)
            .args(["demo", "--listen", "127.0.0.1:0", "--file", "demo.db", "--empty"])
            .current_dir(directory.path())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let process = Ends(process);
        let mut printed = Vec::new();
        while !printed.last().is_some_and(|line: &String| line.contains("Ctrl-c stops it")) {
            printed.push(lines.next().expect("more lines").expect("text"));
        }
        let after = |name: &str| {
            let line = printed.iter().find(|line| line.trim_start().starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)).expect("a URL").to_owned()
        };
        let services = Services {
            orders: after("API"),
            products: after("product"),
            users: after("user"),
            payments: after("payment"),
        };
        Self { services, _process: process, _directory: directory }
    }
}

/// `serve`, configured by what the platform's compose file and its override set.
pub struct Served {
    pub services: Services,
    _process: Ends,
    _directory: TempDir,
}

impl Served {
    pub async fn start(neighbours: &Sandbox) -> Self {
        Self::with_payments(neighbours, &neighbours.payment_url()).await
    }

    /// With the payment service at this address.
    pub async fn with_payments(neighbours: &Sandbox, payments: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let url = format!("http://localhost:{}", port.port());
        let ado = "Server=mssql,1433;Database=orderdb;User Id=sa;Password=secret;";
        let process = Command::new(BINARY)
            .arg("serve")
            .current_dir(directory.path())
            .env("RUST_LOG", "warn")
            .env("ASPNETCORE_ENVIRONMENT", "Development")
            .env("ASPNETCORE_URLS", format!("{url};https://+:443"))
            .env("ConnectionStrings__DefaultConnection", ado)
            .env("DATABASE_URL", "sqlite://orders.db")
            .env("ServiceUrls__UserService", neighbours.user_url())
            .env("ServiceUrls__ProductService", neighbours.product_url())
            .env("ServiceUrls__PaymentService", payments)
            .env("ORDER_SERVICE__SERVICES__PRODUCT__IDEMPOTENT", "false")
            .env("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", "false")
            .env("ORDER_SERVICE__CHECKOUT__UNDECIDED", "error")
            .env("ORDER_SERVICE__OPERATOR__TOKEN", "demo")
            // Not from the override: the default would take too long here.
            .env("ORDER_SERVICE__CHECKOUT__WAIT", "4s")
            .spawn()
            .expect("the binary");
        let process = Ends(process);
        let ready = format!("{url}/health/ready");
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status() == 200) {
            tokio::task::yield_now().await;
        }
        let services = Services {
            orders: url,
            products: neighbours.product_url(),
            users: neighbours.user_url(),
            payments: neighbours.payment_url(),
        };
        Self { services, _process: process, _directory: directory }
    }
}

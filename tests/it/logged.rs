//! What the log says: at start which neighbours are taken to keep keys, and why a checkout waits.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{self, Call, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};

use crate::harness::cart;

/// `serve`, whose log goes to a file.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It may already have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn serve(sandbox: &Sandbox, directory: &Path) -> Served {
    let log = File::create(directory.join("log")).expect("a file");
    let child = Command::new(env!("CARGO_BIN_EXE_order-service"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(directory)
        .env_clear()
        .env("ServiceUrls__UserService", sandbox.user_url())
        .env("ServiceUrls__ProductService", sandbox.product_url())
        .env("ServiceUrls__PaymentService", sandbox.payment_url())
        .env("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", "true")
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Served(child.expect("the binary can be run"))
}

/// Waits for the first log line for which this holds.
async fn line(directory: &Path, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        let log = std::fs::read_to_string(directory.join("log")).expect("the log");
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(line) = lines.into_iter().find(&is_it) {
            return line;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_log_says_which_neighbours_keep_keys_and_why_a_checkout_waits() {
    let directory = tempfile::tempdir().expect("a directory");
    let sandbox = Sandbox::start(sandbox::Config::on_free_ports()).await.expect("a sandbox");
    let served = serve(&sandbox, directory.path());
    let of = |neighbour: &'static str| {
        move |line: &Value| line["neighbour"] == neighbour && !line["idempotent"].is_null()
    };
    let told = line(directory.path(), of("payment")).await;
    assert_eq!((&told["level"], &told["idempotent"]), (&json!("INFO"), &json!(true)));
    let nobody_said = line(directory.path(), of("product")).await;
    assert_eq!(
        (&nobody_said["level"], &nobody_said["idempotent"]),
        (&json!("WARN"), &json!(false))
    );
    let words = nobody_said["message"].as_str().expect("a sentence");
    assert!(words.contains("services.product.idempotent"), "{words}");

    let listens = line(directory.path(), |line| line["message"] == "listens").await;
    let url = format!("http://{}", listens["address"].as_str().expect("an address"));
    line(directory.path(), |line| line["message"] == "ready").await;
    sandbox.inject(Fault::once(Call::Process, FaultKind::ErrorBefore)).expect("a fault");
    let request = reqwest::Client::new().post(format!("{url}/api/orders/create"));
    let answer = request.json(&cart(ASHA, &[(TEA, 1)])).send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let waits = line(directory.path(), |line| line["message"] == "waits").await;
    for (field, value) in [
        ("why", "a call failed"),
        ("step", "charge_payment"),
        ("neighbour", "payment"),
        ("outcome", "unknown"),
    ] {
        assert_eq!(waits[field], json!(value), "{field} of {waits}");
    }
    let error = waits["error"].as_str().expect("a sentence");
    assert!(error.contains("500"), "{error}");
    drop(served);
    sandbox.shutdown().await;
}

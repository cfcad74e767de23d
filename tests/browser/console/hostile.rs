//! Texts that others wrote and that have no end: no page becomes wider than its window by them, and none of its
//! words too narrow to read.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use order_service::sandbox::sample::{ASHA, CUP, RAVI, TEA};
use order_service::sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::situations::picture;
use super::{WIDTHS, look, post, sign_in};
use crate::ONE;
use crate::browser::{Browser, Services};
use crate::process::Served;

/// Shows all of the page.
const UNFOLD: &str = "for (const one of document.querySelectorAll('details')) one.open = true";

/// A text without a place to break it.
fn endless(length: usize) -> String {
    "Zxy_".repeat(length / 4)
}

/// The payment service, except that it refuses refunds with such a text.
async fn refusing_payments(sandbox: &Sandbox) -> String {
    let (url, http) = (sandbox.payment_url(), reqwest::Client::new());
    let answer = async move |request: Request<Body>| forwarded(&http, &url, request).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
    format!("http://{address}")
}

async fn forwarded(http: &reqwest::Client, url: &str, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path().contains("refund") && parts.method == Method::POST {
        let said = json!({"error": endless(500)}).to_string();
        return (StatusCode::NOT_FOUND, said).into_response();
    }
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let mut headers = parts.headers;
    headers.remove("host");
    let sent =
        http.request(parts.method, format!("{url}{}", parts.uri)).headers(headers).body(body);
    let answer = sent.send().await.expect("an answer");
    let (status, answer) = (answer.status(), answer.bytes().await.expect("a body"));
    (status, [("content-type", "application/json")], answer).into_response()
}

/// What one person writes who never presses the space bar.
struct Writer<'a> {
    services: &'a Services,
}

impl Writer<'_> {
    async fn get(&self, path: &str) -> Value {
        let asked = reqwest::Client::new().get(format!("{}{path}", self.services.orders));
        let asked = asked.bearer_auth("demo").send().await;
        asked.expect("an answer").json().await.expect("JSON")
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let asked =
            reqwest::Client::new().post(format!("{}{path}", self.services.orders)).json(body);
        let asked = asked.bearer_auth("demo").header("x-operator", endless(80));
        let answer = asked.send().await.expect("an answer");
        let (status, said) = (answer.status(), answer.json().await.unwrap_or_default());
        assert!(status.is_success(), "{path}: {status} {said}");
        said
    }

    /// A checkout whose refund is refused.
    async fn stuck(&self) -> String {
        let faults = format!("{}/_sandbox/faults", self.services.payments);
        let refused = json!({"call": "reserve", "fault": "refuse", "productId": CUP, "times": 1});
        post(faults, &refused).await;
        let items = json!([{"productId": TEA, "quantity": 2}, {"productId": CUP, "quantity": 1}]);
        let cart = json!({"userId": ASHA, "items": items});
        let made = post(format!("{}/api/orders/create", self.services.orders), &cart).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        while self.get(&format!("/api/operator/sagas/{id}")).await["stuck"].is_null() {}
        id
    }

    /// A confirmed order with a parcel.
    async fn shipped(&self) -> String {
        let cart = json!({"userId": ASHA, "items": [{"productId": TEA, "quantity": 1}]});
        let made = post(format!("{}/api/orders/create", self.services.orders), &cart).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        while self.get(&format!("/api/orders/{id}/status")).await["status"] != "Confirmed" {}
        let parcel = json!({"carrier": endless(60), "trackingNumber": endless(100)});
        self.post(&format!("/api/orders/{id}/shipments"), &parcel).await;
        id
    }

    /// A bulk run that halts, as what it tries comes back.
    async fn halted_run(&self, saga: &str) -> String {
        let run = json!({"action": "retry", "reason": endless(500), "ids": [saga]});
        let run = self.post("/api/operator/bulk", &run).await;
        let id = run["id"].as_str().expect("an id").to_owned();
        self.post(&format!("/api/operator/bulk/{id}/start"), &json!({})).await;
        while self.get(&format!("/api/operator/bulk/{id}")).await["state"] == "running" {}
        id
    }

    /// Checkouts that the user service fails until it is called no more.
    async fn open_circuit(&self) {
        let faults = format!("{}/_sandbox/faults", self.services.payments);
        post(faults, &json!({"call": "get_user", "fault": "error_before"})).await;
        for quantity in 1..=20 {
            let items = json!([{"productId": TEA, "quantity": quantity}]);
            let cart = json!({"userId": RAVI, "items": items});
            post(format!("{}/api/orders/create", self.services.orders), &cart).await;
        }
        let is_closed = async || {
            let summary = self.get("/api/operator/summary").await;
            summary["circuits"]["user"]["state"] == "closed"
        };
        while is_closed().await {}
    }

    async fn webhook(&self) -> String {
        let url = format!("https://{}.example/{}", "a".repeat(60), endless(400));
        let hook = json!({"url": url, "types": ["order.*"], "description": endless(500)});
        let hook = self.post("/api/operator/webhooks", &hook).await;
        hook["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn no_text_makes_a_page_wider_than_its_window() {
    let _one = ONE.lock().await;
    let sandbox = Sandbox::start(Config::on_free_ports()).await.expect("a sandbox");
    let payments = refusing_payments(&sandbox).await;
    let served = Served::with_payments(&sandbox, &payments).await;
    let (browser, services) = (Browser::start().await, &served.services);
    let writer = Writer { services };
    let (saga, order, webhook) =
        (writer.stuck().await, writer.shipped().await, writer.webhook().await);
    let run = writer.halted_run(&saga).await;
    let note = json!({"text": endless(2_000)});
    writer.post(&format!("/api/operator/sagas/{saga}/notes"), &note).await;
    let hold = json!({"reason": endless(500)});
    writer.post(&format!("/api/operator/sagas/{saga}/hold"), &hold).await;
    writer.open_circuit().await;
    sign_in(&browser, services).await;
    let long = endless(60);
    let pages = [
        String::new(),
        "/sagas".to_owned(),
        "/sagas?stuck=true".to_owned(),
        format!("/sagas?idempotencyKey={long}"),
        format!("/sagas/{saga}"),
        format!("/sagas/{saga}/release"),
        format!("/orders/{saga}"),
        format!("/orders/{order}"),
        "/bulk".to_owned(),
        format!("/bulk/{run}"),
        "/webhooks".to_owned(),
        format!("/webhooks/{webhook}"),
        "/audit".to_owned(),
        format!("/audit?who={long}"),
        "/sign-in".to_owned(),
        format!("/{long}"),
    ];
    let mut found = Vec::new();
    for width in WIDTHS {
        browser.emulate("light", width).await;
        for path in &pages {
            browser.go(&format!("{}/console{path}", services.orders)).await;
            browser.script(UNFOLD).await;
            picture(&browser, &format!("hostile{}-{width}", path.replace('/', "_"))).await;
            found.extend(look::fits(&browser, &format!("{path} at {width}")).await);
        }
    }
    assert_eq!(found, Vec::<String>::new());
    browser.quit().await;
    drop(served);
    sandbox.shutdown().await;
}

//! The platform's web client in a real browser: a page from another origin makes the same calls, with the
//! same headers and bodies, through a whole visit. It runs against the demo, and against the service
//! with the platform's own environment.

mod browser;
mod console;
mod process;
mod webdriver;

use order_service::sandbox::sample::{ASHA, CUP, KETTLE, MEENA, RAVI, SAMOVAR, TEA};
use order_service::sandbox::{Config, Idempotency, Sandbox};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use browser::{Browser, CLIENT, Services};
use process::{Demo, Served};

/// One browser at a time is enough for a small machine.
pub static ONE: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn the_web_client_works_with_the_demo() {
    let _one = ONE.lock().await;
    let demo = Demo::start();
    let browser = Browser::start().await;
    a_visit(&browser, &demo.services).await;
    keys_and_headers(&browser, &demo.services).await;
    browser.quit().await;
}

#[tokio::test]
async fn the_web_client_works_with_the_platforms_environment_and_services_that_keep_no_keys() {
    let _one = ONE.lock().await;
    let neighbours = Config { idempotent: Idempotency::REPEATING, ..Config::on_free_ports() };
    let sandbox = Sandbox::start(neighbours).await.expect("a sandbox");
    let served = Served::start(&sandbox).await;
    let browser = Browser::start().await;
    a_visit(&browser, &served.services).await;
    a_checkout_that_takes_too_long(&browser, &served.services).await;
    keys_and_headers(&browser, &served.services).await;
    let ledger = sandbox.ledger();
    assert_eq!((ledger.repeated, ledger.totals.unreadable), (Vec::new(), 0));
    browser.quit().await;
    drop(served);
    sandbox.shutdown().await;
}

/// A customer buys, is refused, adds money, buys again and looks at the orders.
async fn a_visit(browser: &Browser, services: &Services) {
    browser.open(services, ASHA).await;
    assert_eq!(browser.message().await, "ready");
    assert_eq!(browser.text("wallet").await, "500000");
    assert!(browser.is_grey("checkout").await, "the cart is empty");
    assert!(browser.is_grey("add-Samovar").await, "sold out");
    for product in ["add-Tea", "add-Tea", "add-Kettle"] {
        browser.click(product).await;
    }
    assert_eq!(browser.text("total").await, "219700");
    browser.click("checkout").await;
    assert_eq!(browser.message().await, "Order placed successfully!");
    assert_eq!(browser.text("wallet").await, "280300", "debited by the amount as it is");
    assert_eq!(browser.text("items").await, "0");
    assert!(browser.text("add-Tea").await.ends_with("998 left"));
    browser.click("history").await;
    assert_eq!(browser.message().await, "1 orders");
    let order = browser.text("orders").await;
    assert!(order.ends_with("aaaaaaaa 2 x 14900, bbbbbbbb 1 x 189900: 219700"), "{order}");

    fault(services, json!({"call": "reserve", "fault": "refuse", "times": 1})).await;
    browser.click("add-Cup").await;
    browser.click("checkout").await;
    assert_eq!(browser.message().await, "Reservation failed");
    assert_eq!(browser.text("items").await, "1", "the cart is kept");
    browser.click("history").await;
    assert_eq!(browser.message().await, "1 orders");

    browser.open(services, RAVI).await;
    assert_eq!(browser.message().await, "ready");
    browser.click("add-Tea").await;
    assert!(browser.is_grey("checkout").await, "1200 don't pay 14900");
    browser.write("amount", "20000.5").await;
    browser.click("add-balance").await;
    let added = "Successfully added ₹20000.50 to wallet. New balance: ₹21200.50";
    assert_eq!(browser.message().await, added);
    browser.click("checkout").await;
    assert_eq!(browser.message().await, "Order placed successfully!");
    assert_eq!(browser.text("wallet").await, "6300.5");
    newcomer(browser, services).await;
}

/// Injects a fault into a neighbour.
async fn fault(services: &Services, fault: Value) {
    let url = format!("{}/_sandbox/faults", services.payments);
    let answer = reqwest::Client::new().post(url).json(&fault).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
}

/// The wait ends before the payment does. The web client hears of no order, keeps the cart, and its next
/// click joins the same checkout.
async fn a_checkout_that_takes_too_long(browser: &Browser, services: &Services) {
    browser.open(services, MEENA).await;
    assert_eq!(browser.message().await, "ready");
    browser.click("add-Tea").await;
    // The payment's answer is lost after 5 s, and the look-up takes 2 s more: the first click has no
    // decision by then, and one of the later clicks gets it.
    let lost = json!({"call": "process", "fault": "hang_after", "millis": 5000, "times": 1});
    fault(services, lost).await;
    let late = json!({"call": "payment_status", "fault": "slow", "millis": 2000, "times": 1});
    fault(services, late).await;
    browser.click("checkout").await;
    assert_eq!(browser.message().await, "Order is still being processed");
    assert_eq!(browser.text("items").await, "1");
    let mut message = "Order is still being processed".to_owned();
    while message == "Order is still being processed" {
        browser.click("checkout").await;
        message = browser.message().await;
    }
    assert_eq!(message, "Order placed successfully!");
    assert_eq!(browser.text("wallet").await, "9985100", "paid once");
    browser.click("history").await;
    assert_eq!(browser.message().await, "1 orders");
}

/// A customer registers, and changes the profile.
async fn newcomer(browser: &Browser, services: &Services) {
    let id = Uuid::from_u128(77);
    let users = format!("{}/api/users", services.users);
    let profile = |last: &str| {
        json!({
            "UserId": id, "FirstName": "Nila", "LastName": last, "Address": "",
            "PhoneNumber": "+919876543210",
        })
    };
    let none = || json!({});
    let phone = format!("{users}/phone-exists/%2B919876543210");
    let answer = browser.call("GET", &phone, Value::Null, none()).await;
    assert_eq!((&answer[0], &answer[1]), (&json!(200), &json!({"exists": false})));
    let answer = browser.call("GET", &format!("{users}/by-userid/{id}"), Value::Null, none()).await;
    assert_eq!(answer[0], 404);
    let made = browser.call("POST", &users, profile("Rao"), none()).await;
    assert_eq!((&made[0], &made[1]["firstName"]), (&json!(201), &json!("Nila")), "{made}");
    let own = format!("{users}/{}", made[1]["id"].as_str().expect("an id"));
    let changed = browser.call("PUT", &own, profile("Iyer"), none()).await;
    assert_eq!((&changed[0], &changed[1]["lastName"]), (&json!(200), &json!("Iyer")));
    let read = browser.call("GET", &own, Value::Null, none()).await;
    assert_eq!(read[1], changed[1]);
    for base in [&services.orders, &services.products, &services.users, &services.payments] {
        let healthy = browser.call("GET", &format!("{base}/api/health"), Value::Null, none()).await;
        assert_eq!((&healthy[0], &healthy[1]["status"]), (&json!(200), &json!("Healthy")));
    }
}

/// What other clients may send and read as well: keys, preferences, and the headers of answers.
async fn keys_and_headers(browser: &Browser, services: &Services) {
    let create = format!("{}/api/orders/create", services.orders);
    let cart = json!({"UserId": ASHA, "Items": [{"ProductId": TEA, "Quantity": 1}]});
    let keyed = json!({"Idempotency-Key": "browser-1", "Prefer": "wait=20"});
    let first = browser.call("POST", &create, cart.clone(), keyed.clone()).await;
    assert_eq!(first[0], 201, "{first}");
    let id = first[1]["id"].as_str().expect("an id");
    assert_eq!(first[2]["location"], format!("/api/orders/{id}"));
    let again = browser.call("POST", &create, cart.clone(), keyed).await;
    assert_eq!((&again[1], &again[2]["replayed"]), (&first[1], &json!("true")));
    let later = json!({"Idempotency-Key": "browser-2", "Prefer": "respond-async"});
    let pending = browser.call("POST", &create, cart, later).await;
    assert_eq!((&pending[0], &pending[2]["applied"]), (&json!(202), &json!("respond-async")));
    assert!(pending[2]["retryAfter"].is_string(), "{pending}");
    let list = format!("{}/api/orders/user/{ASHA}?limit=1", services.orders);
    let page = browser.call("GET", &list, Value::Null, json!({})).await;
    assert!(page[2]["link"].as_str().is_some_and(|link| link.contains("next")), "{page}");
    // The page can read refusals, instead of seeing a network error.
    for (product, status, error) in
        [(SAMOVAR, 409, "Insufficient stock"), (Uuid::from_u128(9), 404, "Product not found")]
    {
        let cart = json!({"UserId": ASHA, "Items": [{"ProductId": product, "Quantity": 1}]});
        let answer = browser.call("POST", &create, cart, json!({})).await;
        assert_eq!((&answer[0], &answer[1]["error"]), (&json!(status), &json!(error)));
    }
    let broken = browser.call("POST", &create, json!({"UserId": "x"}), json!({})).await;
    assert_eq!(broken[0], 400);
    let nowhere = format!("{}/api/nowhere", services.orders);
    assert_eq!(browser.call("GET", &nowhere, Value::Null, json!({})).await[0], 404);
    let unknown = browser.call("GET", &list, Value::Null, json!({"X-Unknown": "1"})).await;
    assert_eq!(unknown, "Network Error", "a header that nobody allows");
    let lines = [(CUP, 1), (KETTLE, 1)].map(|(id, n)| json!({"ProductId": id, "Quantity": n}));
    let text = json!({"UserId": ASHA, "Items": lines});
    assert_eq!(browser.call("POST", &create, text, json!({})).await[0], 201, "{CLIENT}");
}

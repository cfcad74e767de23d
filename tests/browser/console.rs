//! The console in a real browser: with the keyboard alone, while things change, in both themes and all widths.

mod hostile;
mod look;
mod orders;
mod situations;

use order_service::sandbox::sample::{ASHA, CUP, TEA};
use serde_json::{Value, json};

use crate::ONE;
use crate::browser::{Browser, Services};
use crate::process::Demo;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// Looks from here, in the order in which a person would meet them.
const THEMES: [&str; 2] = ["light", "dark"];
const WIDTHS: [u32; 3] = [360, 900, 1600];

async fn post(url: String, body: &Value) -> Value {
    let asked = reqwest::Client::new().post(url).bearer_auth("demo").json(body);
    let asked = asked.header("prefer", "respond-async");
    let answer = asked.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    answer.json().await.unwrap_or_default()
}

async fn inspect(services: &Services, id: &str) -> Value {
    let url = format!("{}/api/operator/sagas/{id}", services.orders);
    let asked = reqwest::Client::new().get(url).bearer_auth("demo").send().await;
    asked.expect("an answer").json().await.expect("JSON")
}

/// A checkout whose refund fails, and is not tried again for some seconds.
async fn failing_refund(services: &Services) -> String {
    let faults = format!("{}/_sandbox/faults", services.payments);
    let refused = json!({"call": "reserve", "fault": "refuse", "productId": CUP, "times": 1});
    post(faults.clone(), &refused).await;
    post(faults, &json!({"call": "refund", "fault": "error_before"})).await;
    let items = json!([{"productId": TEA, "quantity": 2}, {"productId": CUP, "quantity": 1}]);
    let cart = json!({"userId": ASHA, "items": items});
    let made = post(format!("{}/api/orders/create", services.orders), &cart).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    // Pauses grow; by then the next attempt is some seconds off.
    while inspect(services, &id).await["attempts"].as_u64() < Some(7) {}
    while !inspect(services, &id).await["owner"].is_null() {}
    id
}

/// The refund works from now on.
async fn mend(services: &Services) {
    let url = format!("{}/_sandbox/faults", services.payments);
    let cleared = reqwest::Client::new().delete(url).send().await.expect("an answer");
    assert!(cleared.status().is_success());
}

async fn sign_in(browser: &Browser, services: &Services) {
    browser.go(&format!("{}/console", services.orders)).await;
    // The field has the focus already.
    browser.keys(&["demo", ENTER]).await;
    browser.until("return location.pathname === '/console'").await;
}

#[tokio::test]
async fn a_saga_is_retried_by_keyboard_alone() {
    let _one = ONE.lock().await;
    let demo = Demo::start();
    let browser = Browser::start().await;
    sign_in(&browser, &demo.services).await;
    let id = failing_refund(&demo.services).await;
    browser.go(&format!("{}/console/sagas/{id}", demo.services.orders)).await;
    let focused =
        "return document.activeElement.dataset.testid ?? document.activeElement.textContent.trim()";
    let mut seen = Vec::new();
    while seen.last().map(String::as_str) != Some("action-retry") {
        browser.keys(&[TAB]).await;
        let at = browser.script(focused).await;
        seen.push(at.as_str().unwrap_or_default().to_owned());
        let outline = "return getComputedStyle(document.activeElement).outlineStyle";
        assert_ne!(browser.script(outline).await, "none", "{seen:?}");
        assert!(seen.len() < 40, "{seen:?}");
    }
    assert_eq!(seen[..3], ["Skip to content", "Orders", "Overview"], "the focus comes in order");
    browser.keys(&[ENTER, TAB]).await;
    assert_eq!(browser.script(focused).await, "reason");
    browser.keys(&["the payment service is back", TAB]).await;
    assert_eq!(browser.script(focused).await, "confirm");
    mend(&demo.services).await;
    browser.keys(&[ENTER]).await;
    browser.until("return document.querySelector('[data-testid=did]') !== null").await;
    assert_eq!(browser.script(focused).await, "did", "what was done has the focus");
    let state = "return document.querySelector('[data-testid=saga-state]').textContent";
    browser.until(&format!("{state} === 'Compensated'")).await;
    let said =
        browser.script("return document.querySelector('[data-testid=did]').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("refund_payment")), "{said}");
    browser.is_clean(&demo.services.orders).await;
    browser.quit().await;
}

#[tokio::test]
async fn what_is_live_follows_and_an_open_form_stays() {
    let _one = ONE.lock().await;
    let demo = Demo::start();
    let browser = Browser::start().await;
    sign_in(&browser, &demo.services).await;
    let id = failing_refund(&demo.services).await;
    browser.go(&format!("{}/console/sagas/{id}", demo.services.orders)).await;
    browser
        .script("window.isSame = true; document.querySelector('details.action').open = true")
        .await;
    let reason = "document.querySelector('[data-testid=reason]')";
    browser.script(&format!("{reason}.focus()")).await;
    browser.keys(&["I am writing"]).await;
    let version = "return document.querySelector('details[open] [name=version]').value";
    let before = browser.script(version).await;
    let hold = json!({"reason": "somebody else"});
    post(format!("{}/api/operator/sagas/{id}/hold", demo.services.orders), &hold).await;
    browser.until("return !document.querySelector('[data-testid=changed]').hidden").await;
    browser.until("return document.querySelector('[data-testid=held]') !== null").await;
    assert_eq!(browser.script(&format!("return {reason}.value")).await, "I am writing");
    assert_eq!(browser.script(version).await, before);
    // Sent all the same, it is refused, and says so with what was written.
    browser.script("document.querySelector('details[open] [data-testid=confirm]').click()").await;
    browser.until("return document.querySelector('[data-testid=error]') !== null").await;
    assert_eq!(
        browser.script("return document.querySelector('details[open] textarea').value").await,
        "I am writing"
    );
    assert_eq!(browser.script("return document.activeElement.dataset.testid").await, "error");
    browser.script("document.querySelector('details[open]').open = false").await;
    mend(&demo.services).await;
    post(format!("{}/api/operator/sagas/{id}/release", demo.services.orders), &hold).await;
    let state = "return document.querySelector('[data-testid=saga-state]').textContent";
    browser.until(&format!("{state} === 'Compensated'")).await;
    assert_eq!(browser.script("return window.isSame").await, true, "without loading the page");
    // A page that can't be refreshed says so, and no longer once it can.
    let stale = "return document.querySelector('#stale').hidden";
    browser.online(false).await;
    browser.until(&format!("{stale} === false")).await;
    browser.online(true).await;
    browser.until(&format!("{stale} === true")).await;
    // When the session ends, the page says so by itself.
    let out = "fetch('/console/sign-out', {method: 'POST', redirect: 'manual'})";
    browser.script(out).await;
    browser.until("return location.pathname === '/console/sign-in'").await;
    browser.quit().await;
}

#[tokio::test]
async fn pages_are_readable_in_both_themes_and_all_widths() {
    let _one = ONE.lock().await;
    let demo = Demo::start();
    let browser = Browser::start().await;
    let orders = &demo.services.orders;
    browser.go(&format!("{orders}/console/sign-in")).await;
    look::is_in_order(&browser, "sign-in").await;
    sign_in(&browser, &demo.services).await;
    let id = failing_refund(&demo.services).await;
    for path in [
        "",
        "/sagas",
        &format!("/sagas/{id}"),
        &format!("/sagas/{id}/hold"),
        &format!("/orders/{id}"),
        "/bulk",
        "/webhooks",
        "/audit",
        "/nothing",
    ] {
        for theme in THEMES {
            browser.emulate(theme, 900).await;
            browser.go(&format!("{orders}/console{path}")).await;
            look::can_be_read(&browser, &format!("{path} {theme}")).await;
        }
        look::is_in_order(&browser, path).await;
        for width in WIDTHS {
            browser.emulate("light", width).await;
            let faults = look::fits(&browser, &format!("{path} at {width}")).await;
            assert_eq!(faults, Vec::<String>::new());
        }
    }
    mend(&demo.services).await;
    browser.quit().await;
}

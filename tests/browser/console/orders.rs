//! An order that is cancelled at the console, with a note that would like to be a script, and the trail that
//! tells of it.

use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::json;

use super::{inspect, post, sign_in};
use crate::ONE;
use crate::browser::Browser;
use crate::process::Demo;

/// What would run, if any page took it for markup.
const HOSTILE: &str = "</textarea></script><script>window.ran = 1</script>\
                       <img src=x onerror='window.ran = 2'>";

#[tokio::test]
async fn an_order_is_cancelled_and_the_trail_tells_of_it_in_so_many_words() {
    let _one = ONE.lock().await;
    let demo = Demo::start();
    let (browser, orders) = (Browser::start().await, &demo.services.orders);
    sign_in(&browser, &demo.services).await;
    let cart = json!({"userId": ASHA, "items": [{"productId": TEA, "quantity": 1}]});
    let made = post(format!("{orders}/api/orders/create"), &cart).await;
    let id = made["id"].as_str().expect("an id");
    while inspect(&demo.services, id).await["state"] != "Completed" {}
    browser.go(&format!("{orders}/console/orders/{id}")).await;
    let click = |name: &str| format!("document.querySelector('[data-testid={name}]').click()");
    browser.script(&click("action-cancel")).await;
    let will = browser.script("return document.querySelector('#cancel .will').innerText").await;
    assert!(will.as_str().is_some_and(|will| will.contains("149.00")), "{will}");
    let note = json!(HOSTILE);
    browser.script(&format!("document.querySelector('#cancel-note').value = {note}")).await;
    browser.script(&click("confirm")).await;
    let status = "return document.querySelector('[data-testid=order-status]')?.textContent.trim()";
    browser.until(&format!("{status} === 'Cancelled'")).await;
    // The form is gone with what it could do.
    let forms = "return document.querySelectorAll('[data-testid=action-cancel]').length";
    assert_eq!(browser.script(forms).await, 0);

    let noted = json!({"text": HOSTILE});
    post(format!("{orders}/api/operator/sagas/{id}/notes"), &noted).await;
    browser.go(&format!("{orders}/console/sagas/{id}")).await;
    let shown = "return document.querySelector('[data-testid=note]').innerText";
    let shown = browser.script(shown).await;
    assert!(
        shown.as_str().is_some_and(|shown| shown.contains("<script>window.ran = 1")),
        "{shown}"
    );
    browser.script(&click("audit-of")).await;
    browser.until("return location.pathname === '/console/audit'").await;
    let rows = "return [...document.querySelectorAll('[data-testid=audit-row]')]\
                .map((row) => row.cells[2].innerText.trim())";
    assert_eq!(browser.script(rows).await, json!(["note", "cancel"]), "newest first");
    let link = "return document.querySelector('[data-testid=audit-row] a.id').getAttribute('href')";
    assert_eq!(browser.script(link).await, json!(format!("/console/sagas/{id}")));
    assert_eq!(browser.script("return window.ran ?? null").await, json!(null));
    browser.is_clean(orders).await;
    browser.quit().await;
}

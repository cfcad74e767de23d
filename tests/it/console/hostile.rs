//! What others wrote is shown as text, whatever they wrote.

use axum::http::StatusCode;
use axum::{Json, Router};
use order_service::config::Config;
use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::json;
use tokio::net::TcpListener;

use super::{Browser, failing_charge, patient};
use crate::harness::{BOTH, TOKEN, World, cart, on_both_with};

/// Markup, an attribute's end, a right-to-left override, an isolate, an escape sequence.
const HOSTILE: &str = "</textarea></script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\
                       \u{202e}dlog\u{2066}\u{1b}[31mred\u{7}";

async fn reads(world: &World, path: &str) -> String {
    let browser = Browser::signed_in(world, TOKEN).await;
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{page:?}");
    for bad in ["<script>alert", "<img", "\u{202e}", "\u{2066}", "\u{1b}", "\u{7}"] {
        assert!(!page.html.contains(bad), "{bad:?} in {path}");
    }
    page.html
}

#[tokio::test]
async fn what_an_operator_wrote_is_text() {
    on_both_with(patient, async |world| {
        let id = failing_charge(world, "k").await;
        let path = format!("/console/sagas/{id}");
        let note = json!({"text": HOSTILE});
        assert_eq!(world.intervene(&format!("/sagas/{id}/notes"), &note).await.status, 201);
        let reason = json!({"reason": format!("{HOSTILE}{}", "z".repeat(1_500))});
        assert_eq!(world.intervene(&format!("/sagas/{id}/hold"), &reason).await.status, 200);
        let html = reads(world, &path).await;
        assert!(html.contains("&#60;script&#62;alert(1)"), "it can be read");
        assert!(html.contains("the rest"), "and what is long is cut");
        let shown = html.split("<details").next().expect("the beginning");
        assert!(!shown.contains(&"z".repeat(501)));
        let browser = Browser::signed_in(world, TOKEN).await;
        let form = [("reason", HOSTILE), ("version", "1")];
        let page = browser.post(&format!("{path}/release"), &form).await;
        assert_eq!(page.status, 412);
        assert!(!page.html.contains("<script>alert") && !page.html.contains('\u{202e}'));
        let query = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect::<String>();
        let page = browser.get(&format!("/console/sagas?idempotencyKey={query}")).await;
        assert!(!page.html.contains("<script>alert") && !page.html.contains('\u{202e}'));
        let page = browser.post("/console/sign-in", &[("token", "x"), ("who", HOSTILE)]).await;
        assert!(!page.html.contains("<script>alert") && !page.html.contains('\u{202e}'));
        let body = json!({"reason": "done"});
        assert_eq!(world.intervene(&format!("/sagas/{id}/release"), &body).await.status, 200);
        world.until(async || world.inspect(id).await["next"].is_null()).await;
    })
    .await;
}

/// A payment service that answers everything with this.
async fn hostile_payments() -> String {
    let body = json!({"error": format!("{HOSTILE}{}", "z".repeat(1_500))});
    let answer = async move || (StatusCode::INTERNAL_SERVER_ERROR, Json(body));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
    format!("http://{address}")
}

#[tokio::test]
async fn what_a_neighbour_answered_is_text() {
    for books in BOTH {
        let payments = hostile_payments().await;
        let change = move |config: &mut Config| {
            config.services.payment.url = payments.parse().expect("a URL");
        };
        let world = patient(World::build(books)).set(change).start().await;
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
        world.until(async || world.inspect(id).await["nextAttemptAt"].is_string()).await;
        let html = reads(&world, &format!("/console/sagas/{id}")).await;
        assert!(html.contains("&#60;script&#62;alert(1)"), "it can be read");
        for path in ["/console/sagas", "/console"] {
            assert!(reads(&world, path).await.contains("&#60;script&#62;"), "{path}");
        }
        reads(&world, &format!("/console/orders/{id}")).await;
        world.stop().await;
    }
}

//! The shell at a service: what is wrong with its arguments, and texts that others wrote.

use axum::http::StatusCode;
use axum::{Json, Router};
use order_service::config::Config;
use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::books::{Ran, run};
use crate::harness::{BOTH, TOKEN, World, cart, on_both};

/// Clears a terminal, sets its title, rings, and turns the writing around; then begins a line of its own.
const HOSTILE: &str =
    "\u{1b}[2J\u{9b}2J\u{1b}]0;pwned\u{7}\u{202e}dlog\u{2066}\r\nMoney    nothing was charged";

async fn shell(world: &World, words: &[&str]) -> Ran {
    let url = world.url("/");
    run(world, &[words, &["--url", &url, "--token", TOKEN]].concat()).await
}

#[tokio::test]
async fn what_the_service_finds_wrong_with_an_argument_exits_with_2_and_its_words() {
    on_both(async |world| {
        for (words, said) in [
            (&["sagas", "list", "--state", "foo"][..], "state must be"),
            (&["sagas", "show", "nix"], "id is not a UUID"),
            (&["sagas", "retry", "nix", "--reason", "x"], "id is not a UUID"),
            (&["bulk", "show", "nix"], "id is not a UUID"),
            (&["orders", "show", "nix"], "id is not a UUID"),
            (&["trail", "--result", "foo"], "result must be"),
        ] {
            let ran = shell(world, words).await;
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{words:?}: {ran:?}");
            assert!(ran.stderr.starts_with(said), "{words:?}: {ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        }
        let nobody = shell(world, &["sagas", "show", "00000000-0000-0000-0000-000000000009"]).await;
        assert_eq!(nobody.code, Some(1), "{nobody:?}");
    })
    .await;
}

/// A payment service that answers everything with this.
async fn hostile_payments() -> String {
    let answer = async || (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"error": HOSTILE})));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
    format!("http://{address}")
}

/// What is printed for people steers no terminal, and begins no line that is not ours.
fn is_harmless(ran: &Ran) {
    let is_hostile =
        |one: char| one.is_control() && one != '\n' || matches!(one, '\u{202e}' | '\u{2066}');
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(is_hostile), "{text:?}");
    }
    let ours = ran.stdout.lines().filter(|line| line.starts_with("Money")).count();
    assert!(ours <= 1, "{ran:?}");
}

#[tokio::test]
async fn what_others_wrote_steers_no_terminal() {
    for books in BOTH {
        let payments = hostile_payments().await;
        let change = move |config: &mut Config| {
            config.services.payment.url = payments.parse().expect("a URL");
        };
        let world = World::build(books).set(change).start().await;
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
        world.until(async || world.inspect(id).await["lastError"].is_string()).await;
        let id = id.to_string();
        let [note, hold] = [json!({"text": HOSTILE}), json!({"reason": HOSTILE})];
        let noted = world.intervene(&format!("/sagas/{id}/notes"), &note).await;
        assert_eq!(noted.status, 201, "{noted:?}");
        let held = world.intervene(&format!("/sagas/{id}/hold"), &hold).await;
        assert_eq!(held.status, 200, "{held:?}");
        for words in [
            &["sagas", "show", &id][..],
            &["sagas", "list"],
            &["sagas", "groups"],
            &["trail"],
            &["orders", "show", &id],
            &["events", "tail", "--after", "0", "--once"],
        ] {
            let ran = shell(&world, words).await;
            assert_eq!(ran.code, Some(0), "{ran:?}");
            is_harmless(&ran);
        }
        let shown = shell(&world, &["sagas", "show", &id]).await.stdout;
        let held = "operator: held (\"[2J2J]0;pwneddlog Money nothing was charged\")";
        assert!(shown.contains(held), "it can be read: {shown}");
        // For programs, it is what was written.
        let json = shell(&world, &["sagas", "show", &id, "--json"]).await.stdout;
        let json: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["notes"][0]["text"], HOSTILE);
        world.stop().await;
    }
}

//! `order-service webhooks`.

use serde_json::json;

use super::receiver::{Receiver, Reply};
use super::{add, nearby, order, until};
use crate::books::run;
use crate::harness::{TOKEN, on_both_with};

#[tokio::test]
async fn webhooks_are_looked_after_from_the_shell() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        let url = world.url("/");
        let webhooks = async |arguments: &[&str]| {
            let service = ["--url", url.as_str(), "--token", TOKEN];
            let ran = run(world, &[&["webhooks"], arguments, &service].concat()).await;
            assert_eq!(ran.code, Some(0), "{ran:?}");
            ran.stdout
        };
        assert_eq!(webhooks(&["list"]).await.trim(), "no webhooks");
        let target = receiver.url("/");
        let added = webhooks(&["add", &target, "--type", "order.*", "--type", "saga.*"]).await;
        let word = |text: &str, name: &str| -> String {
            let line = text.lines().find(|line| line.starts_with(name)).expect("the line");
            line.split_whitespace().nth(1).expect("a word").to_owned()
        };
        let (id, secret) = (word(&added, "ID"), word(&added, "Secret"));
        assert!(secret.starts_with("whsec_"), "{added}");
        let list = webhooks(&["list"]).await;
        for part in [&id, &target, "enabled", "order.*,saga.*"] {
            assert!(list.contains(part), "{list}");
        }
        receiver.answers("/", [Reply::Status(500)]);
        order(world).await;
        let failed = until(world, &id, "failed", 1).await;
        let event = failed[0]["eventId"].as_str().expect("an id");
        let deliveries = webhooks(&["deliveries", &id, "--state", "failed"]).await;
        for part in [event, "order.confirmed", "answered 500"] {
            assert!(deliveries.contains(part), "{deliveries}");
        }
        receiver.answers("/", [Reply::Status(200)]);
        let resent = webhooks(&["resend", &id, event]).await;
        assert_eq!(resent.trim(), "Will be sent");
        until(world, &id, "delivered", 1).await;
        let recovered = webhooks(&["recover", &id, "--since", "2020-01-01T00:00:00Z"]).await;
        assert_eq!(recovered.trim(), "Will send 0");
        assert_ne!(word(&webhooks(&["rotate", &id]).await, "Secret"), secret);
        let tested = webhooks(&["test", &id]).await;
        assert!(tested.starts_with("Will be sent as "), "{tested}");
        until(world, &id, "delivered", 2).await;
        let (other, _) = add(world, &target, &json!({})).await;
        let paged = webhooks(&["list", "--limit", "1", "--all"]).await;
        assert!(paged.contains(&id) && paged.contains(&other), "{paged}");
        assert_eq!(webhooks(&["remove", &id]).await.trim(), "Removed");
        let service = ["--url", url.as_str(), "--token", TOKEN];
        let unknown = run(world, &[&["webhooks", "remove", &id], &service[..]].concat()).await;
        assert_eq!(unknown.code, Some(1));
        assert!(unknown.stderr.starts_with("Webhook not found"), "{unknown:?}");
    })
    .await;
}

//! Webhooks at the console: whoever reads sagas reads them, and administrators change them.

use super::{Browser, Page, with_roles};
use crate::harness::{TOKEN, World, on_both_with};

fn local(world: crate::harness::WorldBuilder) -> crate::harness::WorldBuilder {
    with_roles(world).set(|config| {
        config.webhooks.allow_http = true;
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    })
}

/// Where the endpoint is, by the only link to one.
fn link(page: &Page) -> String {
    let mut links = page.html.rsplit('"').filter(|it| it.starts_with("/console/webhooks/"));
    links.next().expect("a link").to_owned()
}

async fn page(world: &World, token: &str, path: &str) -> Page {
    Browser::signed_in(world, token).await.get(path).await
}

#[tokio::test]
async fn an_endpoint_is_added_changed_and_removed_by_forms() {
    on_both_with(local, async |world| {
        let browser = Browser::signed_in(world, TOKEN).await;
        assert!(browser.get("/console/webhooks").await.tags("webhook-row").is_empty());
        let bad = [("url", "ftp://127.0.0.1:9/x"), ("types", "order.*"), ("description", "<b>")];
        let refused = browser.post("/console/webhooks", &bad).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text("error").starts_with("url "), "{}", refused.text("error"));
        assert!(
            refused.html.contains("ftp://127.0.0.1:9/x") && refused.html.contains("&#60;b&#62;"),
            "kept"
        );
        let new = [
            ("url", "http://127.0.0.1:9/hook"),
            ("types", "order.confirmed, saga.*"),
            ("description", ""),
        ];
        let added = browser.post("/console/webhooks", &new).await;
        assert_eq!(added.status, 200, "{added:?}");
        let secret = added.text("secret");
        assert!(secret.starts_with("whsec_"));
        let list = browser.get("/console/webhooks").await;
        let row = list.text("webhook-row");
        assert!(row.contains("http://127.0.0.1:9/hook") && row.contains("order.confirmed, saga.*"));
        let path = link(&list);
        assert!(!browser.get(&path).await.html.contains(&secret), "shown once");
        let change = format!("{path}/change");
        let changed = browser.post_and_follow(&change, &[("state", "disabled")]).await;
        assert_eq!(
            (changed.text("did").as_str(), changed.text("webhook-state").as_str()),
            ("Changed; it is disabled", "disabled")
        );
        let test = browser.post(&format!("{path}/test"), &[]).await;
        assert_eq!((test.status, test.text("error").as_str()), (409, "Webhook is disabled"));
        browser.post_and_follow(&change, &[("state", "enabled")]).await;
        let test = browser.post_and_follow(&format!("{path}/test"), &[]).await;
        assert!(test.text("did").starts_with("A test will be sent"));
        world.until(async || !browser.get(&path).await.tags("delivery").is_empty()).await;
        let event = browser.get(&path).await.hidden("/resend", "event");
        let again = browser.post_and_follow(&format!("{path}/resend"), &[("event", &event)]).await;
        assert!(again.text("did").contains("will be sent again"));
        let recover = format!("{path}/recover");
        let page = browser.post_and_follow(&recover, &[("since", "2026-01-01T00:00")]).await;
        assert!(page.text("did").contains("will be sent again"), "{}", page.text("did"));
        assert_eq!(browser.post(&recover, &[("since", "soon")]).await.status, 400);
        let rotated = browser.post(&format!("{path}/rotate"), &[]).await;
        assert_ne!(rotated.text("secret"), secret);
        assert_eq!(browser.post(&format!("{path}/explode"), &[]).await.status, 404);
        let seen = self::page(world, "token-of-viewer", &path).await;
        assert!(
            seen.status == 200
                && !seen.html.contains("<form method=\"post\" action=\"/console/webhooks")
        );
        let gone = browser.post_and_follow(&format!("{path}/remove"), &[]).await;
        assert_eq!(gone.text("did"), "Removed");
        assert_eq!(browser.get(&path).await.status, 404);
    })
    .await;
}

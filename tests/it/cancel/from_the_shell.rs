//! `orders show` and `orders cancel`.

use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};

use crate::books::run;
use crate::harness::{TOKEN, cart, on_both};

#[tokio::test]
async fn an_order_is_shown_and_cancelled_from_the_shell() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 2)])).await.is_created(ASHA, 29_800);
        let (id, url) = (id.to_string(), world.url("/"));
        let service = ["--url", url.as_str(), "--token", TOKEN];
        let orders = async |arguments: &[&str]| {
            run(world, &[&["orders"], arguments, &service].concat()).await
        };
        let shown = orders(&["show", &id]).await;
        assert_eq!(shown.code, Some(0), "{shown:?}");
        for line in [
            "Status   Confirmed".to_owned(),
            format!("Cancel   would give back ₹298.00, 2 of {TEA}"),
        ] {
            assert!(shown.stdout.contains(&line), "{line} is missing in {shown:?}");
        }
        let cancelled = orders(&["cancel", &id, "--reason", "staff", "--operator", "meera"]).await;
        assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
        assert_eq!(cancelled.stdout.trim(), format!("Cancelled: gave back ₹298.00, 2 of {TEA}"));
        let shown = orders(&["show", &id, "--json"]).await;
        let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
        assert_eq!(shown["order"]["status"], "Cancelled");
        assert_eq!(shown["cancellation"]["allowed"], json!(false));
        let unknown = orders(&["show", "00000000-0000-0000-0000-000000000009"]).await;
        assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(1), ""));
        assert!(unknown.stderr.starts_with("Order not found"), "{unknown:?}");
    })
    .await;
}

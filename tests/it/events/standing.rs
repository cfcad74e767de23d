//! How far the sinks have come, for whoever watches; and `events tail`.

use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};

use super::feed::all;
use crate::books::run;
use crate::harness::{TOKEN, cart, on_both};

#[tokio::test]
async fn every_sink_is_in_the_metrics_from_the_start() {
    on_both(async |world| {
        let metrics = world.http.get(world.url("/metrics")).send().await.expect("an answer");
        let metrics = metrics.text().await.expect("text");
        for sink in ["broker", "webhooks", "mail"] {
            for name in ["order_service_sink_backlog", "order_service_sink_age_seconds"] {
                let line = format!("{name}{{sink=\"{sink}\"}} 0");
                assert!(metrics.contains(&line), "{line} is missing in\n{metrics}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn events_are_told_in_the_terminal() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        all(world, 1, 100).await;
        let url = world.url("/");
        let tail = async |flags: &[&str]| {
            let service = ["events", "tail", "--once", "--url", url.as_str(), "--token", TOKEN];
            run(world, &[&service, flags].concat()).await
        };
        let told = tail(&[]).await;
        assert_eq!((told.code, told.stdout.lines().count()), (Some(0), 1), "{told:?}");
        assert!(told.stdout.starts_with("1 ") && told.stdout.contains(&id.to_string()), "{told:?}");
        let json = tail(&["--after", "0", "--json"]).await;
        let event: Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert_eq!(event["type"], json!("order.confirmed"));
        let none = tail(&["--type", "saga.*"]).await;
        assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""), "{none:?}");
    })
    .await;
}

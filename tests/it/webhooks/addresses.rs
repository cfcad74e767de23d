//! Which addresses are called.

use serde_json::json;

use super::receiver::Receiver;
use super::{add, deliveries, nearby, order, patch, post};
use crate::harness::{WorldBuilder, on_both_with};

/// Addresses that are not of the public internet, as somebody who wants to hide them writes them.
const HOSTS: [&str; 18] = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "[fe80::1]",
];

#[tokio::test]
async fn a_url_that_may_not_be_called_is_refused() {
    on_both_with(
        |world| world,
        async |world| {
            let (id, _) = add(world, "https://shop.example/hook", &json!({})).await;
            let address = "url must not be a private or special address: address not allowed";
            let credentials = "url must not hold a user name or a password";
            let mut refused = vec![
                ("http://shop.example/".to_owned(), "url must be an https address"),
                ("https://asha@shop.example/".to_owned(), credentials),
                ("https://asha:secret@shop.example/".to_owned(), credentials),
                (
                    "ftp://shop.example/".to_owned(),
                    "url must be an https address of at most 2000 bytes",
                ),
                ("shop".to_owned(), "url must be an https address of at most 2000 bytes"),
            ];
            refused.extend(HOSTS.map(|host| (format!("https://{host}:8443/hook"), address)));
            for (url, error) in refused {
                println!("{url}");
                post(world, "", &json!({"url": url})).await.is_problem(400, error, json!({}));
                patch(world, &id, &json!({"url": url})).await.is_problem(400, error, json!({}));
            }
        },
    )
    .await;
}

#[tokio::test]
async fn what_is_allowed_by_the_configuration_lifts_one_rule_each() {
    let http = |world: WorldBuilder| world.set(|config| config.webhooks.allow_http = true);
    on_both_with(http, async |world| {
        let loopback = post(world, "", &json!({"url": "http://127.0.0.1/"})).await;
        assert_eq!(loopback.status, 400);
        add(world, "http://shop.example/", &json!({})).await;
    })
    .await;
    let networks =
        |world: WorldBuilder| nearby(world).set(|config| config.webhooks.allow_http = false);
    on_both_with(networks, async |world| {
        assert_eq!(post(world, "", &json!({"url": "http://127.0.0.1/"})).await.status, 400);
        assert_eq!(post(world, "", &json!({"url": "https://10.0.0.1/"})).await.status, 400);
        add(world, "https://127.0.0.1/", &json!({})).await;
    })
    .await;
}

#[tokio::test]
async fn a_name_is_judged_when_it_is_called() {
    let http = |world: WorldBuilder| {
        nearby(world).set(|config| config.webhooks.allow_networks = Vec::new())
    };
    on_both_with(http, async |world| {
        let receiver = Receiver::start().await;
        let url = format!("http://localhost:{}/", receiver.address.port());
        let (id, _) = add(world, &url, &json!({})).await;
        order(world).await;
        let failed = super::until(world, &id, "failed", 1).await;
        let attempts = failed[0]["attempts"].as_array().expect("a list");
        assert_eq!(attempts.len(), 3);
        assert!(attempts.iter().all(|attempt| attempt["error"] == "address not allowed"));
        assert!(receiver.seen("/").is_empty());
    })
    .await;
    // And where the network is allowed, the same name is called.
    let both = |world: WorldBuilder| {
        nearby(world).set(|config| {
            config.webhooks.allow_networks.push("::1/128".parse().expect("a network"));
        })
    };
    on_both_with(both, async |world| {
        let receiver = Receiver::start().await;
        let url = format!("http://localhost:{}/", receiver.address.port());
        let (id, _) = add(world, &url, &json!({})).await;
        order(world).await;
        super::until(world, &id, "delivered", 1).await;
        assert_eq!(receiver.seen("/").len(), 1);
        assert_eq!(deliveries(world, &id, "").await.len(), 1);
    })
    .await;
}

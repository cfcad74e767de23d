//! Endpoints that are disabled, by themselves or by a person.

use chrono::TimeDelta;
use order_service::store::{Attempt, AttemptVerdict, DeliveryLease, Settlement};
use serde_json::json;
use uuid::Uuid;

use super::receiver::{Receiver, Reply};
use super::{add, deliveries, nearby, order, patch, patient, post, until};
use crate::cancel::cancel;
use crate::events::feed;
use crate::harness::on_both_with;

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_at_once_and_others_are_told() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/gone", [Reply::Status(410)]);
        let all = json!({"types": ["*"]});
        let (gone, _) = add(world, &receiver.url("/gone"), &all).await;
        let (on_call, _) =
            add(world, &receiver.url("/call"), &json!({"types": ["webhook.*"]})).await;
        let (other, _) = add(world, &receiver.url("/other"), &json!({})).await;
        let id = order(world).await;
        until(world, &on_call, "delivered", 1).await;
        let shown = world.operator(&format!("/webhooks/{gone}")).await;
        assert_eq!(shown.body["state"], "disabled");
        assert_eq!(shown.body["disabledReason"], "gone");
        let event = receiver.seen("/call")[0].event();
        assert_eq!(event["type"], "webhook.disabled");
        assert_eq!((&event["subject"], &event["partitionkey"]), (&json!(gone), &json!(gone)));
        let url = receiver.url("/gone");
        assert_eq!(event["data"], json!({"webhookId": gone, "url": url, "reason": "gone"}));
        let in_feed = feed::all(world, 2, 100).await;
        assert_eq!(in_feed[1], event, "it has a position");
        // What comes meanwhile is given up as it comes.
        cancel(world, id).await;
        until(world, &other, "delivered", 3).await;
        let failed = until(world, &gone, "failed", 3).await;
        assert_eq!(receiver.seen("/gone").len(), 1);
        for meanwhile in &failed[..2] {
            assert_eq!(meanwhile["cause"], "disabled");
            assert_eq!(meanwhile["attempts"], json!([]));
        }
        assert_eq!(failed[2]["attempts"][0]["status"], 410);
        let refused = post(world, &format!("/{gone}/test"), &json!(null)).await;
        refused.is_problem(409, "Webhook is disabled", json!({}));
        // Enabled again, it gets what follows, and the rest if somebody asks for it.
        receiver.answers("/gone", [Reply::Status(200)]);
        let enabled = patch(world, &gone, &json!({"state": "enabled"})).await;
        assert_eq!((enabled.status, &enabled.body["state"]), (200, &json!("enabled")));
        assert!(enabled.body.get("disabledReason").is_none());
        order(world).await;
        until(world, &gone, "delivered", 1).await;
        let since = json!({"since": "2020-01-01T00:00:00Z"});
        let recovered = post(world, &format!("/{gone}/recover"), &since).await;
        assert_eq!((recovered.status, recovered.body), (202, json!({"count": 3})));
        until(world, &gone, "delivered", 4).await;
        assert!(!receiver.kinds("/gone").contains(&"webhook.disabled".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_person_disables_an_endpoint_and_nobody_is_told() {
    on_both_with(patient, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Status(500)]);
        let (id, _) = add(world, &receiver.url("/"), &json!({"types": ["*"]})).await;
        order(world).await;
        until(world, &id, "pending", 1).await;
        world.until(async || !receiver.seen("/").is_empty()).await;
        let disabled = patch(world, &id, &json!({"state": "disabled"})).await;
        assert_eq!(disabled.body["state"], "disabled");
        assert!(disabled.body.get("disabledReason").is_none(), "{disabled:?}");
        let failed = until(world, &id, "failed", 1).await;
        assert_eq!(failed[0]["cause"], "disabled");
        let page = feed::read(world, "?type=webhook.*").await;
        assert_eq!(page.body["events"], json!([]));
        // One that a person asks for is sent, once.
        receiver.answers("/", [Reply::Status(200)]);
        let event = failed[0]["eventId"].as_str().expect("an id");
        let resent = post(world, &format!("/{id}/deliveries/{event}/resend"), &json!(null)).await;
        assert_eq!(resent.status, 202);
        until(world, &id, "delivered", 1).await;
    })
    .await;
}

#[tokio::test]
async fn five_days_of_nothing_but_failures_disable_an_endpoint() {
    on_both_with(patient, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Status(500)]);
        let (id, _) = add(world, &receiver.url("/"), &json!({})).await;
        order(world).await;
        let tried = async || {
            deliveries(world, &id, "")
                .await
                .first()
                .is_some_and(|one| one["attempts"][0].is_object())
        };
        world.until(tried).await;
        let (webhook, began) = (id.parse().expect("an id"), world.clock.now());
        // The next attempts are made by a process whose clock is days ahead.
        for (days, disabled) in [(4, None), (5, Some("failing"))] {
            let now = began + TimeDelta::days(days);
            let lease =
                DeliveryLease { owner: Uuid::from_u128(1), now, until: now + TimeDelta::hours(1) };
            let claimed =
                world.store().claim_deliveries(webhook, lease, 1).await.expect("the books");
            let attempt =
                Attempt { at: now, status: Some(500), error: None, duration_ms: 1, response: None };
            let settlement = Settlement {
                attempt,
                verdict: AttemptVerdict::NotDelivered { next: Some(now) },
                now,
                fresh_id: Uuid::from_u128(days.unsigned_abs().into()),
                trace_parent: String::new(),
            };
            let attempts = [(claimed[0].clone(), settlement.clone())];
            let settled = world.store().settle_deliveries(claimed[0].webhook_id, &attempts).await;
            assert_eq!(settled.expect("the books"), disabled, "after {days} days");
        }
        let shown = world.operator(&format!("/webhooks/{id}")).await;
        assert_eq!(shown.body["disabledReason"], "failing");
        until(world, &id, "failed", 1).await;
        let events = feed::all(world, 2, 100).await;
        assert_eq!(events[1]["data"]["reason"], "failing");
    })
    .await;
}

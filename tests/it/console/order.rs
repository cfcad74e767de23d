//! Cancelling an order at the console, and a saga as it was.

use order_service::sandbox::sample::{ASHA, CUP, TEA};

use super::{Browser, failing_charge, failing_refund, patient, retried, with_roles};
use crate::harness::{TOKEN, cart, on_both, on_both_with};

#[tokio::test]
async fn an_order_is_cancelled_by_a_form_that_says_what_it_will_do() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 2), (CUP, 1)])).await.is_created(ASHA, 54_750);
        let browser = Browser::signed_in(world, TOKEN).await;
        let path = format!("/console/orders/{id}");
        let page = browser.get(&path).await;
        assert_eq!(page.text("action-preview"), "It gives back ₹547.50 and 3 pieces");
        assert!(page.tag("confirm").starts_with("<button"));
        let cancel = format!("{path}/cancel");
        let long = "x".repeat(501);
        let form = [("reason", "declined"), ("note", long.as_str())];
        let refused = browser.post(&cancel, &form).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.text("error").contains("note"), "{}", refused.text("error"));
        assert!(refused.html.contains(&long), "what was written is kept");
        assert!(refused.html.contains("<option selected>declined"), "{}", refused.html);
        let done = browser.post_and_follow(&cancel, &[("reason", "declined")]).await;
        assert_eq!(done.text("did"), "It is cancelled, and ₹547.50 given back");
        assert_eq!(done.text("order-status"), "Cancelled");
        assert!(done.tags("action-cancel").is_empty(), "it can't be cancelled any more");
        assert!(browser.get(&path).await.tags("did").is_empty(), "it is told once");
        // A repeat is harmless, and says the same.
        let again = browser.post_and_follow(&cancel, &[("reason", "fraud")]).await;
        assert_eq!(again.text("did"), "It is cancelled, and ₹547.50 given back");
        assert!(browser.get(&cancel).await.tags("action-cancel").is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_prices_of_a_checkout_are_shown_as_soon_as_they_are_known() {
    on_both_with(patient, async |world| {
        let id = failing_charge(world, "a").await;
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get(&format!("/console/orders/{id}")).await;
        assert!(page.text("order-headline").starts_with("₹547.50, pending"), "{page:?}");
        let lines = page.texts("order-line");
        assert!(lines[0].ends_with("2₹149.00") && lines[1].ends_with("1₹249.50"), "{lines:?}");
        retried(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn an_order_that_can_not_be_cancelled_says_so_and_who_may_not_gets_no_form() {
    on_both_with(with_roles, async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let viewer = Browser::signed_in(world, "token-of-viewer").await;
        assert!(
            viewer.get(&format!("/console/orders/{id}")).await.tags("action-cancel").is_empty()
        );
        let parcel = serde_json::json!({"carrier": "post", "trackingNumber": "P1"});
        let ship = world.http.post(world.url(&format!("/api/orders/{id}/shipments")));
        let ship = ship.bearer_auth("token-of-admin").json(&parcel).send().await;
        assert_eq!(ship.expect("an answer").status(), 201);
        let operator = Browser::signed_in(world, "token-of-operator").await;
        let page = operator.get(&format!("/console/orders/{id}")).await;
        assert!(page.tags("action-cancel").is_empty(), "shipped already");
        let cancel = format!("/console/orders/{id}/cancel");
        let late = operator.post(&cancel, &[("reason", "staff")]).await;
        assert_eq!((late.status, late.text("error")), (409, "Order can not be cancelled".into()));
    })
    .await;
}

#[tokio::test]
async fn a_saga_is_seen_as_it_was_after_each_entry_of_its_log() {
    on_both_with(patient, async |world| {
        let id = failing_refund(world, "a").await;
        let browser = Browser::signed_in(world, TOKEN).await;
        let path = format!("/console/sagas/{id}");
        let now = browser.get(&path).await;
        let links = now.tags("at-seq").len();
        assert!(links >= 6 && links == now.tags("attempt").len(), "{links}");
        let first = browser.get(&format!("{path}?atSeq=1")).await;
        assert!(first.text("past").contains("after entry 1 of"), "{}", first.text("past"));
        assert_eq!(first.texts("attempt").len(), 1);
        assert_eq!(first.attribute("effect-charged", "data-value"), "no");
        for gone in ["action-hold", "action-retry", "add-note", "confirm"] {
            assert!(first.tags(gone).is_empty(), "{gone}: nobody acts on the past");
        }
        assert!(!first.html.contains("data-live"), "the past does not change");
        assert_eq!(browser.get(&format!("{path}?atSeq=999")).await.status, 404);
        assert_eq!(browser.get(&format!("{path}?atSeq=x")).await.status, 400);
        retried(world, id).await;
    })
    .await;
}

//! What the pages show, and where their links lead.

use order_service::sandbox::sample::{ASHA, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;

use super::{Browser, failing_refund, patient};
use crate::fulfilment::ship;
use crate::harness::{TOKEN, cart, on_both, on_both_with};

#[tokio::test]
async fn the_overview_counts_and_each_count_leads_to_what_it_counts() {
    on_both_with(patient, async |world| {
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get("/console").await;
        assert!(page.text("count-money").contains("₹0.00"), "{}", page.text("count-money"));
        assert!(page.tags("group-row").is_empty());
        assert!(page.text("circuit").contains("payment"), "{:?}", page.texts("circuit"));
        assert!(page.text("replica").contains("alive"));
        assert_eq!(page.text("sink").split(' ').next(), Some("webhooks"));
        let id = failing_refund(world, "k").await;
        world.create(&cart(RAVI, &[(TEA, 1)])).await;
        let page = browser.get("/console").await;
        let money = page.text("count-money");
        assert!(money.contains("₹547.50") && money.contains("1 saga"), "{money}");
        for count in ["count-money", "count-oldest"] {
            let href = page.attribute(count, "href");
            let list = browser.get(&href).await;
            assert_eq!(list.tags("saga-row").len(), 1, "{href}");
            assert!(list.text("saga-row").contains("₹547.50"), "{href}");
            assert!(list.html.contains(&format!("/console/sagas/{id}")));
        }
        assert!(page.attribute("count-money", "href").contains("holds=money"));
        assert!(page.attribute("count-stock", "href").contains("holds=stock"));
        assert!(page.attribute("count-in-doubt", "href").contains("stuck=InDoubt"));
        assert!(page.attribute("count-oldest", "href").contains("sort=age"));
        let group = page.text("group-row");
        assert!(group.contains("refund of a checkout") && group.contains("₹547.50"), "{group}");
        let page = browser.get(&format!("/console/sagas/{id}")).await;
        assert_eq!(page.text("alike"), "No other saga is in the same trouble.");
        let other = failing_refund(world, "l").await;
        let page = browser.get(&format!("/console/sagas/{other}")).await;
        assert_eq!(page.text("alike"), "1 other is in the same trouble.");
        let body = json!({"reason": "well again"});
        assert_eq!(world.intervene(&format!("/sagas/{other}/retry"), &body).await.status, 200);
        assert_eq!(world.intervene(&format!("/sagas/{id}/retry"), &body).await.status, 200);
        world.until(async || world.inspect(id).await["next"].is_null()).await;
    })
    .await;
}

#[tokio::test]
async fn the_list_has_the_filters_of_the_api_in_its_address() {
    on_both(async |world| {
        let ids = [
            world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900),
            world.create(&cart(RAVI, &[(TEA, 1)])).await.id(),
            world.create(&cart(ASHA, &[(TEA, 2)])).await.is_created(ASHA, 29_800),
        ];
        let browser = Browser::signed_in(world, TOKEN).await;
        let rows = async |query: &str| {
            let page = browser.get(&format!("/console/sagas?{query}")).await;
            assert_eq!(page.status, 200, "{query}");
            page.tags("saga-row").len()
        };
        assert_eq!(rows("").await, 3);
        assert_eq!(rows("state=Completed").await, 2);
        assert_eq!(rows(&format!("orderId={}", ids[0])).await, 1);
        assert_eq!(rows("minAmount=20000&stuck=false").await, 1);
        // What a form sends for a filter that is not used is no filter.
        let page = browser.get("/console/sagas?state=Completed&kind=&orderId=").await;
        assert_eq!(
            (page.status, page.header("location")),
            (303, Some("/console/sagas?state=Completed"))
        );
        let page = browser.get("/console/sagas?kind=").await;
        assert_eq!(page.header("location"), Some("/console/sagas"));
        let page = browser.get("/console/sagas?state=Completed&minAmount=x").await;
        assert_eq!(
            (page.status, page.text("error").as_str()),
            (400, "minAmount must be a whole number of paise")
        );
        assert!(
            page.html.contains("value=\"Completed\" selected") && page.html.contains("value=\"x\"")
        );
        let first = browser.get("/console/sagas?limit=2").await;
        let next = first.attribute("page-next", "href");
        let second = browser.get(&next).await;
        assert_eq!((first.tags("saga-row").len(), second.tags("saga-row").len()), (2, 1));
        assert!(second.tags("page-next").is_empty() && second.html.contains(&ids[0].to_string()));
        let parcel = json!({"carrier": "post", "trackingNumber": "7"});
        let shipped = ship(world, ids[0], &parcel).await;
        let shipment = shipped.body["id"].as_str().expect("an id").to_owned();
        for (asked, leads) in [
            (ids[1].to_string(), format!("/console/sagas/{}", ids[1])),
            (shipment, format!("/console/orders/{}", ids[0])),
            (" some key&1".to_owned(), "/console/sagas?idempotencyKey=some+key%261".to_owned()),
        ] {
            let asked = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect::<String>();
            let page = browser.get(&format!("/console/find?q={asked}")).await;
            assert_eq!(page.header("location"), Some(leads.as_str()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_sagas_page_begins_with_the_sentence_that_says_it_all() {
    on_both_with(patient, async |world| {
        let id = failing_refund(world, "k").await;
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get(&format!("/console/sagas/{id}")).await;
        let headline = page.text("saga-headline");
        let (begins, rest) = headline.split_once(" since ").expect("since when");
        assert_eq!(begins, "₹547.50 charged, refund failing");
        let (time, rest) = rest.split_at(5);
        assert_eq!(time.as_bytes()[2], b':', "{headline}");
        assert!(
            rest.starts_with(": payment answers 500") && rest.contains("; tries again in "),
            "{headline}"
        );
        assert!(rest.ends_with("; nothing is held"), "{headline}");
        assert_eq!(page.text("saga-state"), "Compensating");
        assert_eq!(page.text("atrisk-money"), "₹547.50 at most");
        assert_eq!(page.text("atrisk-stock"), "nothing");
        assert!(page.text("next").starts_with("tries refund_payment"), "{}", page.text("next"));
        assert_eq!(page.text("owner"), "driven by nobody now");
        assert!(
            page.texts("attempt").iter().any(|entry| entry.contains("refund, on the way back"))
        );
        assert!(page.text("told").contains("http"), "{:?}", page.texts("told"));
        assert!(page.tags("related").is_empty());
        let body = json!({"reason": "well again"});
        assert_eq!(world.intervene(&format!("/sagas/{id}/retry"), &body).await.status, 200);
        world.until(async || world.inspect(id).await["next"].is_null()).await;
        let headline = browser.get(&format!("/console/sagas/{id}")).await.text("saga-headline");
        assert!(headline.starts_with("₹547.50 charged and refunded; "), "{headline}");
        assert!(headline.contains("; compensated at ") && headline.ends_with("; nothing is held"));
        let missing = browser.get(&format!("/console/sagas/{}", world.clock.fresh_id())).await;
        assert_eq!((missing.status, missing.text("error").as_str()), (404, "Saga not found"));
        assert_eq!(browser.get("/console/sagas/x").await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn an_orders_page_shows_its_life_also_before_it_is_one() {
    on_both_with(patient, async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 2)])).await.is_created(ASHA, 29_800);
        let shipping = json!({"carrier": "<post>", "trackingNumber": "P1"});
        let shipped = world.http.post(world.url(&format!("/api/orders/{id}/shipments")));
        let shipped = shipped.bearer_auth(TOKEN).json(&shipping).send().await.expect("an answer");
        assert_eq!(shipped.status(), 201);
        let back = world.http.post(world.url(&format!("/api/orders/{id}/returns")));
        let back = back.bearer_auth(TOKEN).header("idempotency-key", "r1");
        let back = back.json(&json!({"lines": [{"line": 0, "quantity": 1}], "reason": "broken"}));
        assert_eq!(back.send().await.expect("an answer").status(), 201);
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get(&format!("/console/orders/{id}")).await;
        assert_eq!(page.text("order-status"), "Shipped");
        assert!(page.text("order-headline").starts_with("₹298.00, shipped, accepted "));
        let sagas = page.texts("order-saga");
        assert!(
            sagas[0].starts_with("checkout Completed") && sagas[1].starts_with("return Returned"),
            "{sagas:?}"
        );
        assert!(page.text("shipment").starts_with("<post> P1"));
        assert!(page.html.contains("&#60;post&#62;"));
        assert!(page.text("return").starts_with("₹149.00 for 1 piece of line 0"));
        let events = page.texts("order-event");
        assert_eq!(events.len(), 3, "{events:?}");
        let related = browser.get(&format!("/console/sagas/{id}")).await;
        assert_eq!(related.text("related"), "return");

        world.fault(Fault::once(Call::Process, FaultKind::ErrorBefore));
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let pending = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
        let rejected = world.create(&cart(RAVI, &[(TEA, 1)])).await.id();
        for (id, status) in [(pending, "Pending"), (rejected, "Rejected")] {
            let page = browser.get(&format!("/console/orders/{id}")).await;
            assert_eq!((page.status, page.text("order-status").as_str()), (200, status));
        }
        let unknown = browser.get(&format!("/console/orders/{}", world.clock.fresh_id())).await;
        assert_eq!((unknown.status, unknown.text("error").as_str()), (404, "Order not found"));
        world.until(async || world.inspect(pending).await["nextAttemptAt"].is_string()).await;
        let body = json!({"reason": "well again"});
        assert_eq!(world.intervene(&format!("/sagas/{pending}/retry"), &body).await.status, 200);
        world.until(async || world.inspect(pending).await["next"].is_null()).await;
    })
    .await;
}

#[tokio::test]
async fn pages_are_kept_by_nobody_and_files_for_ever() {
    on_both(async |world| {
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get("/console").await;
        for path in
            ["/console", "/console/sagas", "/console/sign-in", "/console/x", "/console/sagas/x"]
        {
            let page = browser.get(path).await;
            assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
            assert!(!page.html.contains("style=") && !page.html.contains("<style"), "{path}");
            assert!(!page.html.contains("http://") && !page.html.contains("https://"), "{path}");
        }
        let nobody = Browser::new(world);
        let files: Vec<&str> =
            page.html.split('"').filter(|it| it.starts_with("/console/assets/")).collect();
        assert_eq!(files.len(), 3, "{files:?}");
        for (file, media_type) in files.iter().zip([
            "image/svg+xml",
            "text/css; charset=utf-8",
            "text/javascript; charset=utf-8",
        ]) {
            let file = nobody.get(file).await;
            assert_eq!((file.status, file.header("content-type")), (200, Some(media_type)));
            assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
            assert!(!file.html.contains("https://") && !file.html.contains("@import"));
        }
        assert_eq!(nobody.get("/console/assets/console-0000000000000000.css").await.status, 404);
        assert_eq!(nobody.get("/console/x/y").await.status, 404);
        let put = nobody
            .send(world.http.delete(world.url("/console")).header("sec-fetch-site", "same-origin"))
            .await;
        assert_eq!(put.status, 405);
    })
    .await;
}

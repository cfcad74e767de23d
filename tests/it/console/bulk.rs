//! Bulk runs by forms: prepared from the list, looked at, started, and followed to their end.

use super::{Browser, failing_charge, patient};
use crate::harness::{TOKEN, on_both_with};

#[tokio::test]
async fn a_run_is_prepared_from_the_list_and_does_nothing_until_it_is_started() {
    on_both_with(patient, async |world| {
        let (one, other) = (failing_charge(world, "a").await, failing_charge(world, "b").await);
        let browser = Browser::signed_in(world, TOKEN).await;
        assert!(browser.get("/console/sagas").await.tags("bulk-prepare").is_empty(), "not for all");
        let list = browser.get("/console/sagas?neighbour=payment&sort=age").await;
        assert!(list.tag("bulk-action").starts_with("<select"));
        assert_eq!(list.text("bulk-count"), "Do something to all 2 that match");
        let holding = browser.get("/console/sagas?state=Priced&limit=1").await;
        assert_eq!(holding.text("bulk-count"), "Do something to all 2 that match", "not the page");
        let filter = list.hidden("action=\"/console/bulk\"", "filter").replace("&#38;", "&");
        let form = |reason| [("action", "retry"), ("filter", filter.as_str()), ("reason", reason)];
        let page = browser.post("/console/bulk", &form("")).await;
        assert_eq!((page.status, page.text("error").as_str()), (400, "reason is required"));
        assert_eq!(page.tags("saga-row").len(), 2, "the list stays");
        let none = [("action", "retry"), ("filter", "state=Paid"), ("reason", "kept <b>")];
        let page = browser.post("/console/bulk", &none).await;
        assert_eq!((page.status, page.text("error").as_str()), (400, "filter matches no saga"));
        assert!(page.html.contains("kept &#60;b&#62;"));
        let page = browser.post_and_follow("/console/bulk", &form("payment is back")).await;
        assert_eq!(page.text("bulk-state"), "prepared");
        assert!(page.html.contains("retry for 2 sagas") && page.html.contains("payment is back"));
        assert!(page.text("action-preview").contains("tries charge_payment"));
        assert_eq!(page.texts("bulk-item").len(), 2);
        let start =
            page.html.split('"').find(|it| it.ends_with("/start")).expect("a form").to_owned();
        let run = start.trim_end_matches("/start");
        assert_eq!(world.inspect(one).await["state"], "Priced", "nothing is done yet");
        let refused = browser.post(&format!("{run}/pause"), &[]).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        let started = browser.post_and_follow(&start, &[]).await;
        assert!(started.text("did").starts_with("It is "), "{}", started.text("did"));
        world.until(async || browser.get(run).await.text("bulk-state") == "done").await;
        for id in [one, other] {
            world.until(async || world.inspect(id).await["next"].is_null()).await;
        }
        let runs = browser.get("/console/bulk").await;
        assert!(
            runs.text("bulk-row").contains("retry for 2 sagas done"),
            "{}",
            runs.text("bulk-row")
        );
        assert_eq!(browser.post(&format!("{run}/explode"), &[]).await.status, 404);
    })
    .await;
}

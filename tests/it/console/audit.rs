//! The audit trail as a page: what people did, also at the console itself.

use serde_json::Value;

use super::{Browser, failing_charge, patient, retried, with_roles};
use crate::harness::{TOKEN, World, on_both_with};

/// What the trail says, oldest first, as `who action result via`.
async fn trail(world: &World) -> Vec<String> {
    let answer = world.http.get(world.url("/api/operator/audit")).bearer_auth(TOKEN);
    let answer: Value = answer.send().await.expect("an answer").json().await.expect("JSON");
    let word = |entry: &Value, name: &str| entry[name].as_str().expect("text").to_owned();
    let said = |entry: &Value| {
        ["who", "role", "action", "result", "via"].map(|name| word(entry, name)).join(" ")
    };
    let mut all: Vec<_> = answer["items"].as_array().expect("items").iter().map(said).collect();
    all.reverse();
    all
}

#[tokio::test]
async fn signing_in_and_out_and_what_is_denied_at_the_console_are_in_the_trail() {
    on_both_with(with_roles, async |world| {
        let id = failing_charge(world, "a").await;
        let mut viewer = Browser::signed_in(world, "token-of-viewer").await;
        let retry = format!("/console/sagas/{id}/retry");
        let form = [("reason", "let me"), ("version", "1")];
        assert_eq!(viewer.post(&retry, &form).await.status, 403);
        let cancel = format!("/console/orders/{id}/cancel");
        assert_eq!(viewer.post(&cancel, &[("reason", "staff")]).await.status, 403);
        let bulk = [("action", "retry"), ("filter", "stuck=false"), ("reason", "all")];
        assert_eq!(viewer.post("/console/bulk", &bulk).await.status, 403);
        let signed_out = viewer.post("/console/sign-out", &[]).await;
        assert_eq!(signed_out.status, 303);
        // The session is over: signing out again ends nothing.
        assert_eq!(viewer.post("/console/sign-out", &[]).await.status, 303);
        viewer.cookie = None;
        assert_eq!(viewer.post("/console/sign-in", &[("token", "wrong")]).await.status, 401);
        Browser::signed_in(world, TOKEN).await;
        assert_eq!(
            trail(world).await,
            [
                "viewer viewer sign-in done console",
                "viewer viewer retry denied console",
                "viewer viewer cancel denied console",
                "viewer viewer bulk.prepare denied console",
                "viewer viewer sign-out done console",
                "asha (shared token) admin sign-in done console",
            ]
        );
        retried(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_is_in_the_trail_with_its_moves_and_its_items_in_the_role_of_who_prepared_it() {
    on_both_with(with_roles, async |world| {
        failing_charge(world, "a").await;
        let browser = Browser::signed_in(world, "token-of-admin").await;
        let form = [("action", "retry"), ("filter", "neighbour=payment"), ("reason", "it is back")];
        let prepared = browser.post("/console/bulk", &form).await;
        let run = prepared.header("location").expect("the run").to_owned();
        assert_eq!(browser.post(&format!("{run}/pause"), &[]).await.status, 409);
        let operator = Browser::signed_in(world, "token-of-operator").await;
        assert_eq!(operator.post(&format!("{run}/start"), &[]).await.status, 303);
        // Again: it changes nothing, and nothing is entered.
        assert_eq!(operator.post(&format!("{run}/start"), &[]).await.status, 303);
        world.until(async || browser.get(&run).await.text("bulk-state") == "done").await;
        assert_eq!(
            trail(world).await,
            [
                "admin admin sign-in done console",
                "admin admin bulk.prepare done console",
                "admin admin bulk.pause refused console",
                "operator operator sign-in done console",
                "operator operator bulk.start done console",
                "admin admin retry done bulk",
            ]
        );
        let page = browser.get("/console/audit?action=bulk.start").await;
        assert!(page.tag("audit-row").starts_with("<tr"));
        assert!(page.html.contains(&format!("href=\"{run}\"")), "{}", page.html);
    })
    .await;
}

#[tokio::test]
async fn the_trail_is_a_page_with_filters_that_leads_to_what_was_done() {
    on_both_with(patient, async |world| {
        let id = failing_charge(world, "a").await;
        let browser = Browser::signed_in(world, TOKEN).await;
        let saga = format!("/console/sagas/{id}");
        for note in ["first", "second <script>alert(1)</script>"] {
            browser.post_and_follow(&format!("{saga}/note"), &[("text", note)]).await;
        }
        let page = browser.get(&saga).await;
        let of_saga = page.attribute("audit-of", "href");
        let page = browser.get(&of_saga).await;
        assert_eq!(page.texts("audit-row").len(), 2);
        let newest = page.text("audit-row");
        for part in ["asha (shared token)", "note", "second", "done", &id.to_string()] {
            assert!(newest.contains(part), "{part} is not in {newest}");
        }
        assert!(!page.html.contains("<script>alert"), "what people write is text");
        assert!(page.html.contains(&format!("href=\"{saga}\"")), "it leads to the saga");
        let page = browser.get(&format!("{of_saga}&limit=1")).await;
        assert_eq!(page.texts("audit-row").len(), 1);
        let rest = browser.get(&page.attribute("page-next", "href")).await;
        assert!(rest.text("audit-row").contains("first") && rest.tags("page-next").is_empty());
        let none = browser.get("/console/audit?who=nobody").await;
        assert!(none.html.contains("Nobody has done anything like that"), "{}", none.html);
        let wrong = browser.get("/console/audit?result=perhaps").await;
        assert_eq!(wrong.status, 400);
        assert!(wrong.text("error").contains("result"), "{}", wrong.text("error"));
        let empty = browser.get("/console/audit?who=&action=note&to=").await;
        assert_eq!(empty.header("location"), Some("/console/audit?action=note"));
        retried(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn whoever_only_ships_sees_no_trail() {
    on_both_with(with_roles, async |world| {
        let browser = Browser::signed_in(world, "token-of-fulfilment").await;
        assert_eq!(browser.get("/console/audit").await.status, 403);
    })
    .await;
}

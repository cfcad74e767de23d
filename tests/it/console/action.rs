//! What an operator does with the console's forms: what is previewed is what is done, once, and only as the page
//! that was looked at said.

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;
use uuid::Uuid;

use super::{Browser, failing_charge, failing_refund, patient};
use crate::harness::{TOKEN, World, cart, on_both_with};

fn path(id: Uuid) -> String {
    format!("/console/sagas/{id}")
}

async fn at_rest(world: &World, id: Uuid) {
    world.until(async || world.inspect(id).await["next"].is_null()).await;
}

#[tokio::test]
async fn a_button_does_what_it_says_and_the_page_tells_it_once() {
    on_both_with(patient, async |world| {
        let id = failing_refund(world, "k").await;
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get(&path(id)).await;
        let form = format!("action=\"{}/retry\"", path(id));
        assert!(page.tag("action-retry").starts_with("<summary"));
        assert!(page.html.contains(&form));
        assert!(
            page.tag("reason").contains("name=\"reason\"")
                && page.tag("reason").contains("required")
        );
        assert!(page.tag("confirm").starts_with("<button"));
        let previews = world.inspect(id).await["previews"].clone();
        let will = previews.as_array().expect("a list").iter().find(|it| it["action"] == "retry");
        let will = will.expect("a retry")["will"].as_str().expect("words").to_owned();
        assert!(page.texts("action-preview").contains(&will), "{will}");
        let version = page.hidden(&form, "version");
        assert_eq!(version, world.inspect(id).await["version"].to_string());
        let form = [("reason", "the payment service is back"), ("version", version.as_str())];
        let page = browser.post_and_follow(&format!("{}/retry", path(id)), &form).await;
        assert_eq!(page.text("did"), will);
        assert!(browser.get(&path(id)).await.tags("did").is_empty(), "once");
        at_rest(world, id).await;
        let page = browser.get(&path(id)).await;
        assert_eq!(page.text("saga-state"), "Compensated");
        let log = page.texts("attempt");
        assert!(
            log.iter().any(
                |entry| entry.contains("asha") && entry.contains("the payment service is back")
            ),
            "{log:?}"
        );
        // At rest nothing is offered, and what was sent again does nothing.
        assert!(page.tags("action-retry").is_empty());
        let late = browser.post(&format!("{}/retry", path(id)), &form).await;
        assert_eq!(late.status, 412);
        assert_eq!(world.attempts(id, Call::Refund, None).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_form_that_is_not_taken_says_why_and_keeps_what_was_written() {
    on_both_with(patient, async |world| {
        let id = failing_charge(world, "k").await;
        let browser = Browser::signed_in(world, TOKEN).await;
        let version = browser.get(&path(id)).await.version();
        let sent = |action: &str| format!("{}/{action}", path(id));
        let empty = [("reason", " "), ("version", version.as_str())];
        let page = browser.post(&sent("retry"), &empty).await;
        assert_eq!((page.status, page.text("error")), (400, "reason is required".to_owned()));
        for version in ["", "x", "-1"] {
            let page =
                browser.post(&sent("hold"), &[("reason", "why not"), ("version", version)]).await;
            assert_eq!((page.status, page.text("reason").as_str()), (400, "why not"), "{version}");
        }
        let none = [("reason", "I looked"), ("version", version.as_str())];
        let page = browser.post(&sent("release"), &none).await;
        assert_eq!(page.status, 409, "{page:?}");
        assert!(page.text("error").starts_with("Not allowed now"), "{page:?}");
        let open =
            page.html.find("<details class=\"action\" name=\"action\" open").expect("a form");
        assert!(page.html[open..].contains("I looked"));
        // Somebody else holds it meanwhile: the page that I see is not the saga's any more.
        let held = world.intervene(&format!("/sagas/{id}/hold"), &json!({"reason": "mine"})).await;
        assert_eq!(held.status, 200);
        let page =
            browser.post(&sent("retry"), &[("reason", "now <b>"), ("version", &version)]).await;
        assert_eq!(page.status, 412);
        assert!(page.text("error").starts_with("The saga has changed"));
        assert!(page.html.contains("now &#60;b&#62;"), "the reason is kept, as text");
        assert_ne!(page.version(), version, "and can be sent for what is shown now");
        assert!(
            page.text("saga-headline").contains("held by operator"),
            "{}",
            page.text("saga-headline")
        );
        let unknown = browser.post(&sent("explode"), &none).await;
        assert_eq!(unknown.status, 404);
        let nobody = browser.post(&format!("{}/retry", path(Uuid::from_u128(7))), &none).await;
        assert_eq!((nobody.status, nobody.text("error").as_str()), (404, "Saga not found"));
        let bad = browser.post("/console/sagas/x/retry", &none).await;
        assert_eq!((bad.status, bad.text("error").as_str()), (400, "id is not a UUID"));
        let request = world.http.post(world.url(&sent("retry"))).json(&json!({"reason": "x"}));
        let page = browser.send(request.header("sec-fetch-site", "same-origin")).await;
        assert_eq!(page.status, 415);
        // The form has an address of its own, for whoever had to sign in first.
        let page = browser.get(&sent("release")).await;
        assert!(page.html.contains("<details class=\"action\" name=\"action\" open"));
        assert_eq!(browser.get(&sent("explode")).await.status, 404);
        let version = page.version();
        let page = browser
            .post_and_follow(&sent("release"), &[("reason", "done"), ("version", &version)])
            .await;
        assert!(page.text("did").starts_with("released"), "{}", page.text("did"));
        at_rest(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn a_verdict_names_the_effect_and_says_what_follows() {
    on_both_with(
        |world| patient(world).not_idempotent(),
        async |world| {
            world.fault(Fault::once(Call::Reserve, FaultKind::DropAfter));
            let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
            let cart = cart(ASHA, &[(TEA, 2)]);
            let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
            world.until(async || world.inspect(id).await["stuck"].is_object()).await;
            let browser = Browser::signed_in(world, TOKEN).await;
            let page = browser.get(&path(id)).await;
            let headline = page.text("saga-headline");
            assert!(
                headline.contains("₹298.00 charged, reservation in doubt since "),
                "{headline}"
            );
            assert!(headline.ends_with("waits for a person; at most 2 pieces held"), "{headline}");
            assert_eq!(page.attribute("effect-charged", "data-value"), "yes");
            assert_eq!(page.attribute("effect-refunded", "data-value"), "no");
            assert_eq!(page.attribute("line-reserved", "data-value"), "unknown");
            assert_eq!(page.attribute("line-released", "data-value"), "no");
            assert!(page.text("atrisk-stock").starts_with("at most 2 pieces"));
            let form = format!("action=\"{}/resolve\"", path(id));
            assert_eq!(page.hidden(&form, "step"), "reserve_stock");
            assert_eq!(page.hidden(&form, "line"), "0");
            assert!(page.html.contains("type=\"radio\" name=\"happened\" value=\"true\""));
            let version = page.version();
            let mut verdict = vec![("step", "reserve_stock"), ("line", "0"), ("version", &version)];
            verdict.push(("reason", "it is in their ledger"));
            let page = browser.post(&format!("{}/resolve", path(id)), &verdict).await;
            let error = "happened must be true or false";
            assert_eq!((page.status, page.text("error").as_str()), (400, error));
            assert_eq!(
                page.text("reason"),
                "it is in their ledger",
                "the first form is the verdict's"
            );
            verdict.push(("happened", "true"));
            let page = browser.post_and_follow(&format!("{}/resolve", path(id)), &verdict).await;
            assert!(
                page.text("did").starts_with("reserve_stock[0] settled as happened")
                    || page.text("did").contains("settled as happened"),
                "{}",
                page.text("did")
            );
            at_rest(world, id).await;
            assert_eq!(browser.get(&path(id)).await.text("saga-state"), "Completed");
        },
    )
    .await;
}

#[tokio::test]
async fn two_clicks_act_once_and_a_note_changes_nothing() {
    on_both_with(patient, async |world| {
        let id = failing_charge(world, "k").await;
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get(&path(id)).await;
        let version = page.version();
        let note = [("text", "asked\r\nthe payment team")];
        let page = browser.post_and_follow(&format!("{}/note", path(id)), &note).await;
        assert_eq!(page.text("did"), "Noted");
        assert!(
            page.text("note").contains("asha") && page.text("note").contains("the payment team")
        );
        assert_eq!(page.version(), version);
        let empty = browser.post(&format!("{}/note", path(id)), &[("text", "")]).await;
        assert_eq!((empty.status, empty.text("error").as_str()), (400, "text is required"));
        let form = [("reason", "well again"), ("version", version.as_str())];
        let action = format!("{}/retry", path(id));
        let (one, other) = tokio::join!(browser.post(&action, &form), browser.post(&action, &form));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert!([[303, 303], [303, 409], [303, 412]].contains(&statuses), "{statuses:?}");
        at_rest(world, id).await;
        let log = world.inspect(id).await["steps"].as_array().expect("a log").clone();
        assert_eq!(log.iter().filter(|entry| entry["phase"] == "operator").count(), 1);
        assert_eq!(world.wallet(ASHA), 500_000 - 2 * 14_900 - 24_950);
    })
    .await;
}

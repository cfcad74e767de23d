//! What a run can be asked for, and what is refused.

use order_service::sandbox::Call;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{act, many_parked, prepare, prepared, results, steady};
use crate::harness::{World, on_both_with};

async fn is_bad(world: &World, body: Value, begins: &str) {
    let answer = prepare(world, &body).await;
    assert_eq!(answer.status, 400, "{body}: {answer:?}");
    assert!(answer.error().starts_with(begins), "{body}: {}", answer.error());
}

#[tokio::test]
async fn what_can_not_be_run_is_named() {
    on_both_with(steady, async |world| {
        let id = many_parked(world, Call::Process, 1).await[0];
        let unknown = Uuid::from_u128(1);
        for (more, begins) in [
            (json!({"action": "resolve", "ids": [id]}), "action must be retry or compensate"),
            (json!({"ids": [id]}), "action must be"),
            (json!({}), "filter or ids is required"),
            (json!({"ids": [id], "filter": {"stuck": true}}), "filter and ids must not"),
            (json!({"ids": []}), "ids must have 1 to 100000 ids"),
            (json!({"ids": "all"}), "ids must be an array"),
            (json!({"ids": [id, "x"]}), "ids must be an array of UUIDs"),
            (json!({"ids": [id, unknown]}), "ids[1] is no saga's id"),
            (json!({"filter": {}}), "filter must not be empty"),
            (json!({"filter": {"state": null}}), "filter must not be empty"),
            (json!({"filter": []}), "filter must be an object"),
            (json!({"filter": {"colour": "red"}}), "filter must not have `colour`"),
            (json!({"filter": {"stuck": true, "sort": "age"}}), "filter must not have `sort`"),
            (json!({"filter": {"stuck": true, "limit": 5}}), "filter must not have `limit`"),
            (json!({"filter": {"stuck": true, "cursor": "x"}}), "filter must not have `cursor`"),
            (json!({"filter": {"state": "Gone"}}), "filter.state must be one of"),
            (json!({"filter": {"state": ["Paid"]}}), "filter must have a text"),
            (json!({"filter": {"state": "Paid"}}), "filter matches no saga"),
            (json!({"ids": [id], "reason": " "}), "reason is required"),
            (json!({"ids": [id], "canary": [0]}), "canary must be"),
            (json!({"ids": [id], "canary": [1.5]}), "canary must be"),
            (json!({"ids": [id], "canary": 3}), "canary must be"),
            (json!({"ids": [id], "perSecond": 0}), "perSecond must be a number from 0.01 to 1000"),
            (json!({"ids": [id], "perSecond": "fast"}), "perSecond must be"),
        ] {
            let mut body = more;
            if body["action"].is_null() && !begins.starts_with("action") {
                body["action"] = json!("retry");
            }
            is_bad(world, body, begins).await;
        }
        assert_eq!(world.operator("/bulk").await.body["items"], json!([]));
        let retried = world.intervene(&super::retry(id), &json!({"reason": "x"})).await;
        assert_eq!(retried.status, 200);
        world.until(async || world.inspect(id).await["state"] == "Completed").await;
    })
    .await;
}

#[tokio::test]
async fn a_filter_takes_the_names_of_the_list_as_scalars_or_their_texts() {
    on_both_with(steady, async |world| {
        let id = many_parked(world, Call::Process, 2).await[0];
        let group = world.operator("/groups").await.body["items"][0]["id"].clone();
        for filter in [
            json!({"stuck": false, "minAmount": 14_900}),
            json!({"Stuck": "false", "MINAMOUNT": "14900", "state": "Priced"}),
            json!({"holds": "money", "step": null}),
            json!({"group": group, "kind": "checkout"}),
            json!({"neighbour": "payment", "olderThan": "PT0S"}),
        ] {
            let (_run, body) = prepared(world, &json!({"action": "retry", "filter": filter})).await;
            assert_eq!(body["count"], 2, "{filter}: {body}");
        }
        let same_twice = json!({"action": "retry", "ids": [id, id.to_string().to_uppercase()]});
        assert_eq!(prepared(world, &same_twice).await.1["count"], 1);
        let (run, _) = prepared(
            world,
            &json!({
                "action": "retry", "filter": {"stuck": false}, "canary": [], "perSecond": 1000,
            }),
        )
        .await;
        super::start(world, &run).await;
        let after = super::until(world, &run, "done").await;
        assert_eq!((&after["canary"], &after["perSecond"]), (&json!([]), &json!(1000)));
    })
    .await;
}

#[tokio::test]
async fn runs_and_their_items_are_looked_at_page_by_page() {
    on_both_with(steady, async |world| {
        let ids = many_parked(world, Call::Process, 5).await;
        let mut runs = Vec::new();
        for _each in 0..3 {
            runs.push(prepared(world, &json!({"action": "retry", "ids": ids})).await.0);
        }
        runs.reverse();
        let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
        loop {
            let page = world.operator(&format!("/bulk{query}")).await.body;
            let items = page["items"].as_array().expect("a list").clone();
            assert!(items.iter().all(|run| run["items"].is_null() && results(run)["waiting"] == 5));
            seen.extend(items.iter().map(|run| run["id"].as_str().expect("an id").to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            query = format!("?limit=2&cursor={next}");
        }
        assert_eq!(seen, runs);
        let run = &runs[0];
        let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
        loop {
            let page = world.operator(&format!("/bulk/{run}{query}")).await.body;
            seen.extend(super::ids(&page));
            let Some(next) = page["next"].as_str() else { break };
            query = format!("?limit=2&result=waiting&cursor={next}");
        }
        assert_eq!(seen, ids);
        for bad in ["limit=0", "cursor=x", "result=lost"] {
            assert_eq!(world.operator(&format!("/bulk/{run}?{bad}")).await.status, 400, "{bad}");
        }
        let nobody = Uuid::from_u128(1);
        let missing = world.operator(&format!("/bulk/{nobody}")).await;
        missing.is_problem(404, "Bulk run not found", json!({}));
        for verb in ["start", "pause", "resume", "stop"] {
            let missing = act(world, &nobody.to_string(), verb).await;
            missing.is_problem(404, "Bulk run not found", json!({}));
        }
        super::start(world, run).await;
        super::until(world, run, "done").await;
    })
    .await;
}

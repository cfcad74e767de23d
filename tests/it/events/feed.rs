//! `GET /api/events`.

use order_service::sandbox::sample::{ASHA, RAVI, TEA};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::cancel::cancel;
use crate::harness::{Answer, TOKEN, World, cart, on_both};

pub async fn read(world: &World, query: &str) -> Answer {
    let request = world.http.get(world.url(&format!("/api/events{query}"))).bearer_auth(TOKEN);
    Answer::of(request.send().await.expect("an answer")).await
}

/// All events from the beginning, page by page, once there are this many.
pub async fn all(world: &World, count: usize, limit: u32) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), json!(0));
    while events.len() < count {
        let page = read(world, &format!("?after={after}&limit={limit}&wait=30")).await;
        assert_eq!(page.status, 200, "{page:?}");
        events.extend(page.body["events"].as_array().expect("a list").iter().cloned());
        events.iter().for_each(is_as_its_schema_says);
        after = page.body["next"].clone();
    }
    events
}

/// Every event that any test reads is as the schema says that is served for its type.
fn is_as_its_schema_says(event: &Value) {
    let kind = event["type"].as_str().expect("a type");
    let schema = order_service::events::schema(kind).expect("a schema");
    let wrong = jsonschema::draft202012::new(&schema).expect("a schema of 2020-12");
    let wrong: Vec<String> =
        wrong.iter_errors(&event["data"]).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{event}: {wrong:?}");
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().expect("a type")).collect()
}

#[tokio::test]
async fn the_feed_has_every_event_once_and_in_order() {
    on_both(async |world| {
        let first = world.create(&cart(ASHA, &[(TEA, 2)])).await.is_created(ASHA, 29_800);
        let refused = world.create(&cart(RAVI, &[(TEA, 1)])).await.id();
        cancel(world, first).await;
        let events = all(world, 4, 2).await;
        let positions = (1..).map(|position| format!("{position:020}"));
        for (event, position) in events.iter().zip(positions) {
            assert_eq!(event["sequence"], position);
            assert_eq!(event["source"], "/order-service");
            assert_eq!(event["specversion"], "1.0");
            assert_eq!(event["subject"], event["data"]["orderId"]);
            assert_eq!(event["partitionkey"], event["subject"]);
            assert!(event["traceparent"].as_str().is_some_and(|trace| trace.len() == 55));
        }
        let of = |id: uuid::Uuid| -> Vec<Value> {
            events.iter().filter(|event| event["subject"] == json!(id)).cloned().collect()
        };
        let of_first = of(first);
        assert_eq!(types(&of_first), ["order.confirmed", "order.cancelling", "order.cancelled"]);
        let line = json!({"productId": TEA, "quantity": 2, "unitPrice": 14_900});
        assert_eq!(
            of_first[0]["data"],
            json!({
                "orderId": first, "userId": ASHA, "status": "Confirmed", "version": 1,
                "totalAmount": 29_800, "items": [line],
            })
        );
        assert_eq!(of_first[1]["data"]["version"], 2);
        assert_eq!(of_first[2]["data"]["refunded"], 29_800);
        let of_refused = of(refused);
        assert_eq!(types(&of_refused), ["order.rejected"]);
        assert_eq!(of_refused[0]["data"]["status"], "Rejected");
        let again = all(world, 4, 1000).await;
        assert_eq!(again, events, "the same to everybody");
    })
    .await;
}

#[tokio::test]
async fn a_reader_may_want_some_types_only_and_is_told_how_far_it_came() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        cancel(world, id).await;
        all(world, 3, 100).await;
        for (wanted, told, next) in [
            ("order.cancelled", vec!["order.cancelled"], 3),
            ("saga.*", vec![], 3),
            ("order.cancelling,order.confirmed", vec!["order.confirmed", "order.cancelling"], 3),
            ("*", vec!["order.confirmed", "order.cancelling", "order.cancelled"], 3),
            ("order.unheard", vec![], 3),
        ] {
            let page = read(world, &format!("?type={wanted}")).await;
            let events = page.body["events"].as_array().expect("a list");
            assert_eq!((types(events), &page.body["next"]), (told, &json!(next)), "{wanted}");
        }
        let page = read(world, "?limit=1&type=order.*").await;
        assert_eq!(page.body["next"], 1);
        let page = read(world, "?after=99").await;
        assert_eq!(page.body, json!({"events": [], "next": 99}));
    })
    .await;
}

#[tokio::test]
async fn a_reader_may_wait_for_what_matches() {
    on_both(async |world| {
        let waiting = read(world, "?type=order.cancelled&wait=30");
        let happens = async {
            let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
            cancel(world, id).await;
            id
        };
        let (page, id) = tokio::join!(waiting, happens);
        let events = page.body["events"].as_array().expect("a list");
        assert_eq!(types(events), ["order.cancelled"]);
        assert_eq!(events[0]["subject"], json!(id));
        let page = read(world, "?after=3&wait=0").await;
        assert_eq!(page.body, json!({"events": [], "next": 3}));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_named() {
    on_both(async |world| {
        let position = "after must be a position: a whole number, 0 or more";
        let types = "type must be types such as order.confirmed, order.* or *, separated by commas";
        for (query, error) in [
            ("?after=-1", position),
            ("?after=1.0", position),
            ("?after=", position),
            ("?after=9223372036854775808", position),
            ("?limit=0", "limit must be a whole number from 1 to 1000"),
            ("?limit=1001", "limit must be a whole number from 1 to 1000"),
            ("?wait=x", "wait must be a whole number of seconds"),
            ("?type=", types),
            ("?type=order.", types),
            ("?type=*.order", types),
        ] {
            read(world, query).await.is_problem(400, error, json!({}));
        }
        let nobody = world.get("/api/events").await;
        nobody.is_problem(401, "An operator token is needed", json!({}));
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_for_deleted_events_is_told_where_the_rest_begins() {
    on_both(async |world| {
        world.create(&cart(RAVI, &[(TEA, 1)])).await.id();
        all(world, 1, 100).await;
        world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        let events = all(world, 2, 100).await;
        let books = Database::connect(world.config.database.url.reveal()).await.expect("the books");
        let oldest = books.execute_unprepared("DELETE FROM outbox WHERE position = 1").await;
        assert_eq!(oldest.expect("the books").rows_affected(), 1);
        books.close().await.expect("closing");
        let gone = read(world, "?after=0").await;
        gone.is_problem(410, "Events before 2 are gone", json!({"first": 2}));
        let page = read(world, "?after=1").await;
        assert_eq!(page.body["events"], json!([events[1]]));
    })
    .await;
}

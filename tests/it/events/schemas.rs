//! `/schemas/events` and `dataschema`: what events tell, for machines.

use cloudevents::{AttributesReader, Event};
use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};

use super::feed;
use crate::harness::{World, cart, on_both_with};

const PREFIX: &str = "https://shop.example/schemas/events/";

#[tokio::test]
async fn an_event_names_the_schema_that_it_obeys_and_an_independent_reader_reads_it() {
    on_both_with(
        |world| world.set(|config| config.events.schemas = PREFIX.to_owned()),
        async |world: &World| {
            let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
            let events = feed::all(world, 1, 10).await;
            let address = events[0]["dataschema"].as_str().expect("an address");
            assert_eq!(address, format!("{PREFIX}order.confirmed.json"));
            let path = address.strip_prefix("https://shop.example").expect("our prefix");
            let served = world.get(path).await;
            assert_eq!(served.status, 200);
            assert_eq!(served.header("content-type"), Some("application/schema+json"));
            assert_eq!(served.body["title"], "order.confirmed");
            let schema = jsonschema::draft202012::new(&served.body).expect("a schema");
            assert!(schema.is_valid(&events[0]["data"]));
            for (member, value) in [
                ("totalAmount", json!(-1)),
                ("totalAmount", json!("1")),
                ("version", json!(0)),
                ("items", Value::Null),
            ] {
                let mut wrong = events[0]["data"].clone();
                wrong[member] = value;
                assert!(!schema.is_valid(&wrong), "{wrong}");
            }
            let read: Event = serde_json::from_value(events[0].clone()).expect("a CloudEvent");
            assert_eq!((read.ty(), read.subject()), ("order.confirmed", Some(&*id.to_string())));
            assert_eq!(read.dataschema().map(AsRef::as_ref), Some(address));
        },
    )
    .await;
}

#[tokio::test]
async fn every_type_is_listed_with_its_schema() {
    on_both_with(
        |world| world,
        async |world: &World| {
            let list = world.get("/schemas/events").await;
            let types = list.body["types"].as_array().expect("a list").clone();
            assert_eq!(types.len(), 12);
            for one in types {
                let schema = world.get(one["schema"].as_str().expect("a path")).await;
                assert_eq!((schema.status, &schema.body["title"]), (200, &one["type"]));
            }
            for unknown in ["order.lost.json", "order.confirmed", "order.confirmed.xml", "%ff.json"]
            {
                let answer = world.get(&format!("/schemas/events/{unknown}")).await;
                assert_eq!(answer.status, 404, "{unknown}");
            }
        },
    )
    .await;
}

#[test]
fn listeners_are_told_of_every_type_and_of_its_members() {
    let page = std::fs::read_to_string("docs/EVENTS.md").expect("the page for listeners");
    for kind in order_service::events::schemas() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{kind}` |")));
        let row = row.unwrap_or_else(|| panic!("{kind} is not in the table"));
        let schema = order_service::events::schema(&kind).expect("a schema");
        for member in schema["properties"].as_object().expect("members").keys() {
            let is_of_all = ["orderId", "userId", "status", "version"].contains(&member.as_str());
            // What is the same as in the row above is said so.
            let is_said = row.contains(&format!("`{member}`")) || row.contains("the same");
            assert!(is_of_all || is_said, "{kind}: {member} is not in {row}");
        }
    }
}

//! Lists of checkouts that are not orders yet, or never became one.

use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{World, cart, on_both};

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("/api/orders/user/{MEENA}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.body.as_array().expect("a list").clone()
}

fn ids(listed: &[Value]) -> Vec<Uuid> {
    let id = |one: &Value| one["id"].as_str().expect("an id").parse().expect("a UUID");
    listed.iter().map(id).collect()
}

/// A checkout that was rejected before it was priced, one that was compensated, and another of the
/// first sort.
async fn rejected(world: &World) -> [Uuid; 3] {
    let unpriced = cart(MEENA, &[(TEA, 10_000)]);
    let first = world.create(&unpriced).await.id();
    world
        .fault(Fault { product_id: Some(KETTLE), ..Fault::once(Call::Reserve, FaultKind::Refuse) });
    let second = world.create(&cart(MEENA, &[(TEA, 1), (KETTLE, 1)])).await.id();
    [first, second, world.create(&unpriced).await.id()]
}

#[tokio::test]
async fn refused_checkouts_are_listed_in_the_shape_of_orders_with_what_their_client_was_told() {
    on_both(async |world| {
        world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900);
        world.create(&cart(ASHA, &[(TEA, 10_000)])).await.is_refusal(
            409,
            "Insufficient stock",
            json!({"productId": TEA, "available": 999}),
        );
        let [first, second, third] = rejected(world).await;
        let all = listed(world, "status=Rejected").await;
        assert_eq!(ids(&all), [third, second, first], "newest first, and nobody else's");
        let compensated = &all[1];
        for (name, value) in [
            ("userId", json!(MEENA)),
            ("status", json!("Rejected")),
            ("totalAmount", json!(14_900 + 189_900)),
        ] {
            assert_eq!(compensated[name], value, "{name}");
        }
        let problem = world.status(second).await["problem"].clone();
        for name in ["status", "error", "productId", "undone", "id", "detail"] {
            assert_eq!(compensated["problem"][name], problem[name], "{name}");
        }
        assert_eq!(compensated["problem"]["undone"], json!(true));
        let items = compensated["items"].as_array().expect("a list");
        let items: Vec<_> = items
            .iter()
            .map(|item| {
                assert!(item["id"].as_str().is_some_and(|id| id.parse::<Uuid>().is_ok()));
                json!([item["orderId"], item["productId"], item["quantity"], item["unitPrice"]])
            })
            .collect();
        let expected = [json!([second, TEA, 1, 14_900]), json!([second, KETTLE, 1, 189_900])];
        assert_eq!(items, expected);
        // What was never priced has no prices.
        assert_eq!(all[0]["totalAmount"], Value::Null);
        assert_eq!(all[0]["items"][0]["unitPrice"], Value::Null);
        assert!(all[0].as_object().is_some_and(|order| order.contains_key("totalAmount")));
        // Orders are not listed among them, nor are they among orders.
        assert_eq!(listed(world, "").await.len(), 1);
        assert_eq!(listed(world, "status=Pending").await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn checkouts_under_way_are_listed_until_they_are_decided() {
    on_both(async |world| {
        world.fault(Fault::on(Call::Process, FaultKind::HangBefore));
        let headers = |key| [("Idempotency-Key", key), ("Prefer", "respond-async")];
        let forward = cart(MEENA, &[(TEA, 1)]);
        let one = world.create_with(&forward, &headers("one")).await.is_accepted(MEENA);
        world.until(async || world.status(one).await["state"] == "Priced").await;
        world.fault(Fault::on(Call::GetUser, FaultKind::ErrorBefore));
        let two = world.create_with(&forward, &headers("two")).await.is_accepted(MEENA);
        let pending = listed(world, "status=Pending").await;
        assert_eq!(ids(&pending), [two, one]);
        assert_eq!(
            (&pending[0]["totalAmount"], &pending[1]["totalAmount"]),
            (&Value::Null, &json!(14_900))
        );
        for one in &pending {
            assert_eq!((&one["status"], one.get("problem")), (&json!("Pending"), None));
        }
        world.sandbox.clear_faults();
        for key in ["one", "two"] {
            world.decided(&forward, key).await.is_created(MEENA, 14_900);
        }
        assert_eq!(listed(world, "status=Pending").await, [] as [Value; 0]);
        // A checkout that goes back can only be rejected, and is listed as that.
        world.fault(Fault::once(Call::Reserve, FaultKind::Refuse));
        world.fault(Fault::on(Call::Refund, FaultKind::ErrorBefore));
        let back = world.create_with(&forward, &headers("back")).await.is_accepted(MEENA);
        world.until(async || world.status(back).await["state"] == "Compensating").await;
        let pending = listed(world, "status=Pending").await;
        assert_eq!(ids(&pending), [back]);
        assert_eq!(
            (&pending[0]["status"], &pending[0]["problem"]["undone"]),
            (&json!("Pending"), &json!(false))
        );
        assert_eq!(listed(world, "status=Rejected").await, [] as [Value; 0]);
        world.sandbox.clear_faults();
        world.decided(&forward, "back").await;
        assert_eq!(ids(&listed(world, "status=Rejected").await), [back]);
    })
    .await;
}

#[tokio::test]
async fn these_lists_are_paged_sorted_and_filtered_as_orders_are() {
    on_both(async |world| {
        let [first, second, third] = rejected(world).await;
        let none: &[Uuid] = &[];
        for (query, expected) in [
            ("sort=createdAt", &[first, second, third][..]),
            ("sort=-createdAt", &[third, second, first]),
            ("minAmount=0", &[second]),
            ("maxAmount=1", none),
            ("to=2020-01-01T00:00:00Z", none),
            ("from=2020-01-01T00:00:00Z&sort=createdAt&limit=2", &[first, second]),
        ] {
            assert_eq!(
                ids(&listed(world, &format!("status=Rejected&{query}")).await),
                expected,
                "{query}"
            );
        }
        // What has no total sorts below every total.
        let by_total = ids(&listed(world, "status=Rejected&sort=-totalAmount").await);
        assert_eq!(by_total[0], second);
        for sort in ["-createdAt", "createdAt", "-totalAmount", "totalAmount"] {
            let whole = ids(&listed(world, &format!("status=Rejected&sort={sort}")).await);
            let (mut walked, path) = (Vec::new(), format!("/api/orders/user/{MEENA}"));
            let mut next = Some(format!("{path}?status=Rejected&sort={sort}&limit=1"));
            while let Some(path) = next {
                let answer = world.get(&path).await;
                walked.extend(ids(answer.body.as_array().expect("a list")));
                let link = answer.header("link").map(str::to_owned);
                next = link.map(|link| {
                    let url =
                        link.strip_prefix('<').and_then(|url| url.strip_suffix(">; rel=\"next\""));
                    url.expect("a link").to_owned()
                });
            }
            assert_eq!(walked, whole, "{sort}");
        }
    })
    .await;
}

//! Reading orders back: one, a user's, and what became of a checkout.

use std::collections::{BTreeSet, HashSet};

use futures::future::join_all;
use order_service::sandbox::sample::{ASHA, MEENA, RAVI, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, World, WorldBuilder, cart, is_problem_body, on_both, on_both_with};

const NOBODY: Uuid = Uuid::from_u128(404);

fn path(query: &str) -> String {
    format!("/api/orders/user/{MEENA}{query}")
}

/// The page at this path, and the path of the next one.
async fn page(world: &World, path: &str) -> (Vec<Value>, Option<String>) {
    let answer = world.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    let next = answer.header("link").map(|link| {
        let url = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        url.unwrap_or_else(|| panic!("not a link to the next page: {link}")).to_owned()
    });
    (answer.body.as_array().expect("a list").clone(), next)
}

fn ids(orders: &[Value]) -> Vec<Uuid> {
    let id = |order: &Value| order["id"].as_str().expect("an id").parse().expect("a UUID");
    orders.iter().map(id).collect()
}

async fn listed(world: &World, query: &str) -> Vec<Uuid> {
    let (orders, next) = page(world, &path(query)).await;
    assert_eq!(next, None, "{query}");
    ids(&orders)
}

/// Orders by Meena of these quantities of tea, one after the other.
async fn ordered(world: &World, quantities: &[u32]) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for quantity in quantities {
        let answer = world.create(&cart(MEENA, &[(TEA, *quantity)])).await;
        ids.push(answer.is_created(MEENA, i64::from(*quantity) * 14_900));
    }
    ids
}

#[tokio::test]
async fn a_users_orders_are_listed_newest_first_and_whole() {
    on_both(async |world| {
        assert!(listed(world, "").await.is_empty());
        let mut made = ordered(world, &[3, 1, 2]).await;
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        // A checkout that was refused is no order.
        assert_eq!(world.create(&cart(MEENA, &[(TEA, 10_000)])).await.status, 409);
        made.reverse();
        let (orders, next) = page(world, &path("")).await;
        assert_eq!((ids(&orders), next), (made.clone(), None));
        for (order, id) in orders.iter().zip(&made) {
            assert_eq!(*order, world.get(&format!("/api/orders/{id}")).await.body);
        }
        assert_eq!(world.get(&format!("/api/orders/user/{NOBODY}")).await.body, json!([]));
    })
    .await;
}

#[tokio::test]
async fn orders_are_sorted_as_asked_for() {
    on_both(async |world| {
        let made = ordered(world, &[3, 1, 2]).await;
        let [three, one, two] = [made[0], made[1], made[2]];
        for (sort, expected) in [
            ("-createdAt", [two, one, three]),
            ("createdAt", [three, one, two]),
            ("-totalAmount", [three, two, one]),
            ("totalAmount", [one, two, three]),
        ] {
            assert_eq!(listed(world, &format!("?sort={sort}")).await, expected, "{sort}");
        }
    })
    .await;
}

#[tokio::test]
async fn orders_are_filtered_as_asked_for() {
    on_both(async |world| {
        let made = ordered(world, &[1, 2, 3]).await;
        let [one, two, three] = [made[0], made[1], made[2]];
        let (orders, _) = page(world, &path("")).await;
        let created = |at: usize| orders[at]["createdAt"].as_str().expect("a time").to_owned();
        let (of_three, of_two, of_one) = (created(0), created(1), created(2));
        let none: &[Uuid] = &[];
        for (query, expected) in [
            ("?minAmount=29800".to_owned(), &[three, two][..]),
            ("?maxAmount=29800".to_owned(), &[two, one]),
            ("?minAmount=29800&maxAmount=29800".to_owned(), &[two]),
            ("?minAmount=44701".to_owned(), none),
            ("?minAmount=-9223372036854775808".to_owned(), &[three, two, one]),
            ("?status=Confirmed".to_owned(), &[three, two, one]),
            ("?status=Cancelled".to_owned(), none),
            ("?status=Rejected".to_owned(), none),
            (format!("?from={of_two}"), &[three, two]),
            (format!("?to={of_two}"), &[two, one]),
            (format!("?from={of_two}&to={of_two}"), &[two]),
            (format!("?from={of_three}&to={of_one}"), none),
            (
                "?from=2026-01-31T00:00:00%2B05:30&to=2999-01-01T00:00:00Z".to_owned(),
                &made_back(&made),
            ),
            (format!("?from={of_two}&maxAmount=29800&status=Confirmed&sort=totalAmount"), &[two]),
            // Parameter names are case-sensitive, and the first of two counts.
            ("?limit=1000&unknown=&Status=x&TO=&limit=1".to_owned(), &[three, two, one]),
            // The last time that can be written, which in UTC is in the year 10000.
            ("?to=9999-12-31T23:59:59-01:00".to_owned(), &[three, two, one]),
            ("?to=9999-12-31T23:59:59.999999999Z".to_owned(), &[three, two, one]),
            ("?from=9999-12-31T23:59:59-23:59".to_owned(), none),
            ("?from=0000-01-01T00:00:00%2B23:59".to_owned(), &[three, two, one]),
            ("?to=0000-01-01T00:00:00%2B23:59".to_owned(), none),
        ] {
            assert_eq!(listed(world, &query).await, expected, "{query}");
        }
    })
    .await;
}

fn made_back(made: &[Uuid]) -> Vec<Uuid> {
    made.iter().rev().copied().collect()
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    on_both(async |world| {
        ordered(world, &[1, 1]).await;
        let limit = "limit must be a whole number from 1 to 1000";
        let moment = |name: &str| format!("{name} must be a time such as 2026-01-31T00:00:00Z");
        let amount = |name: &str| format!("{name} must be a whole number of paise");
        let cursor = "cursor must be the cursor of a page that is sorted the same way";
        let statuses = "status must be one of Pending, Confirmed, Rejected, Cancelling, \
                        Cancelled, Shipped, Delivered";
        let sorts = "sort must be one of -createdAt, createdAt, -totalAmount, totalAmount";
        let (_, next) = page(world, &path("?limit=1")).await;
        let good = next.expect("more").split_once("cursor=").expect("a cursor").1.to_owned();
        for (query, error) in [
            ("limit=0", limit.to_owned()),
            ("limit=1001", limit.to_owned()),
            ("limit=-1", limit.to_owned()),
            ("limit=x", limit.to_owned()),
            ("limit=1.5", limit.to_owned()),
            ("status=confirmed", statuses.to_owned()),
            ("status=Open", statuses.to_owned()),
            ("from=yesterday", moment("from")),
            ("from=2026-01-31", moment("from")),
            ("to=2026-13-01T00:00:00Z", moment("to")),
            ("minAmount=1.5", amount("minAmount")),
            ("maxAmount=9223372036854775808", amount("maxAmount")),
            ("sort=price", sorts.to_owned()),
            // An empty value is not the same as none.
            ("limit=", limit.to_owned()),
            ("status=", statuses.to_owned()),
            ("from=", moment("from")),
            ("to", moment("to")),
            ("minAmount=", amount("minAmount")),
            ("maxAmount=%2B1", amount("maxAmount")),
            ("sort=", sorts.to_owned()),
            ("cursor=", cursor.to_owned()),
            ("to=%zz", moment("to")),
            ("to=%00", moment("to")),
            ("to=2026-01-31T00:00:00+05:30", moment("to")),
            ("cursor=x", cursor.to_owned()),
            ("cursor=%00", cursor.to_owned()),
            (&format!("cursor={good}0"), cursor.to_owned()),
            (&format!("cursor={}", &good[1..]), cursor.to_owned()),
            // A cursor of one order of orders is none of another.
            (&format!("cursor={good}&sort=totalAmount"), cursor.to_owned()),
            (&format!("cursor={good}&sort=createdAt"), cursor.to_owned()),
        ] {
            let answer = world.get(&path(&format!("?{query}"))).await;
            answer.is_problem(400, &error, json!({}));
        }
        let answer = world.get("/api/orders/user/me").await;
        answer.is_problem(400, "userId is not a UUID", json!({}));
    })
    .await;
}

#[tokio::test]
async fn pages_are_walked_without_skipping_or_repeating_though_orders_come_in_meanwhile() {
    on_both_with(WorldBuilder::no_joining, async |world| {
        // Many of one amount: ties have to be broken.
        let quantities: Vec<u32> = (0..20).map(|at| at % 3 + 1).collect();
        let carts: Vec<_> =
            quantities.iter().map(|quantity| cart(MEENA, &[(TEA, *quantity)])).collect();
        let made: HashSet<_> = join_all(carts.iter().map(|cart| world.create(cart)))
            .await
            .iter()
            .map(Answer::id)
            .collect();
        assert_eq!(made.len(), 20);
        for sort in ["-createdAt", "createdAt", "-totalAmount", "totalAmount"] {
            let mut seen = Vec::new();
            let mut next =
                Some(path(&format!("?limit=3&sort={sort}&minAmount=1&status=Confirmed")));
            while let Some(path) = next {
                let another = cart(MEENA, &[(TEA, 2)]);
                let more = world.create(&another);
                let ((orders, following), more) = tokio::join!(page(world, &path), more);
                more.is_created(MEENA, 29_800);
                assert!(orders.len() <= 3 && (following.is_none() || orders.len() == 3));
                seen.extend(orders);
                next = following.filter(|_| seen.len() < 200);
            }
            is_sorted(&seen, sort);
            let seen = ids(&seen);
            let all: HashSet<_> = seen.iter().copied().collect();
            assert_eq!(all.len(), seen.len(), "{sort}: repeated");
            assert!(made.is_subset(&all), "{sort}: skipped");
        }
    })
    .await;
}

fn is_sorted(orders: &[Value], sort: &str) {
    let amount = |order: &Value| order["totalAmount"].as_i64().expect("paise");
    let moment = |order: &Value| {
        let text = order["createdAt"].as_str().expect("text");
        chrono::DateTime::parse_from_rfc3339(text).expect("a time")
    };
    let holds = |pair: &[Value]| match sort {
        "-createdAt" => moment(&pair[0]) >= moment(&pair[1]),
        "createdAt" => moment(&pair[0]) <= moment(&pair[1]),
        "-totalAmount" => amount(&pair[0]) >= amount(&pair[1]),
        _up => amount(&pair[0]) <= amount(&pair[1]),
    };
    assert!(orders.windows(2).all(holds), "not sorted by {sort}");
}

#[tokio::test]
async fn the_last_page_has_no_link_even_if_it_is_full() {
    on_both(async |world| {
        let made: BTreeSet<_> = ordered(world, &[1, 1, 1, 1]).await.into_iter().collect();
        let (first, next) = page(world, &path("?limit=2")).await;
        let (second, last) = page(world, &next.expect("more")).await;
        assert_eq!(last, None);
        assert_eq!((first.len(), second.len()), (2, 2));
        assert_eq!(ids(&first).into_iter().chain(ids(&second)).collect::<BTreeSet<_>>(), made);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_not_there_is_not_found() {
    on_both(async |world| {
        let refused = world.create(&cart(RAVI, &[(TEA, 1)])).await.id();
        for id in [NOBODY, Uuid::nil(), refused] {
            let answer = world.get(&format!("/api/orders/{id}")).await;
            answer.is_problem(404, "Order not found", json!({}));
            assert_eq!(answer.body["instance"], format!("/api/orders/{id}"));
        }
        let answer = world.get(&format!("/api/orders/{NOBODY}/status")).await;
        answer.is_problem(404, "Order not found", json!({}));
        for bad in ["x", "1", "%00", "11111111-1111-1111-1111-11111111111"] {
            for path in [format!("/api/orders/{bad}"), format!("/api/orders/{bad}/status")] {
                world.get(&path).await.is_problem(400, "id is not a UUID", json!({}));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_status_of_a_confirmed_checkout_names_its_order() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let answer = world.get(&format!("/api/orders/{id}/status")).await;
        assert_eq!(answer.header("retry-after"), None);
        let mut status = answer.body;
        for time in ["createdAt", "updatedAt"] {
            let time = status.as_object_mut().and_then(|status| status.remove(time));
            assert!(time.expect("a time").as_str().expect("text").ends_with('Z'));
        }
        let expected = json!({
            "id": id,
            "userId": ASHA,
            "status": "Confirmed",
            "state": "Completed",
            "totalAmount": 14_900,
            "orderUrl": format!("/api/orders/{id}"),
        });
        assert_eq!(status, expected);
    })
    .await;
}

#[tokio::test]
async fn the_status_of_a_refused_checkout_has_the_problem_that_its_client_had() {
    on_both(async |world| {
        world.fault(Fault {
            product_id: Some(STICKER),
            ..Fault::on(Call::Reserve, FaultKind::Refuse)
        });
        for (cart, state) in [
            (cart(NOBODY, &[(TEA, 1)]), "Rejected"),
            (cart(ASHA, &[(NOBODY, 1)]), "Rejected"),
            (cart(ASHA, &[(TEA, 1_001)]), "Rejected"),
            (cart(RAVI, &[(TEA, 1)]), "Rejected"),
            (cart(ASHA, &[(TEA, 1), (STICKER, 1)]), "Compensated"),
        ] {
            let answer = world.create(&cart).await;
            let id = answer.id();
            let status = world.get(&format!("/api/orders/{id}/status")).await;
            assert_eq!(status.header("retry-after"), None);
            let status = status.body;
            let words = (&status["status"], &status["state"], &status["id"]);
            assert_eq!(words, (&json!("Rejected"), &json!(state), &json!(id)));
            assert_eq!((&status["totalAmount"], &status["orderUrl"]), (&Value::Null, &Value::Null));
            let mut told = answer.body.clone();
            let mut members = json!({});
            for name in ["id", "productId", "available", "details", "undone"] {
                if let Some(member) = told.as_object_mut().and_then(|told| told.remove(name)) {
                    members[name] = member;
                }
            }
            is_problem_body(&status["problem"], answer.status, answer.error(), members);
            for name in ["title", "detail", "instance", "type"] {
                assert_eq!(status["problem"][name], answer.body[name]);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_status_of_a_checkout_under_way_is_pending_whatever_its_state() {
    on_both_with(
        |world| world.deadline(60_000),
        async |world| {
            for (call, state) in [
                (Call::GetUser, "Started"),
                (Call::GetProduct, "ProfileFetched"),
                (Call::Process, "Priced"),
                (Call::Reserve, "Paid"),
            ] {
                world.fault(Fault::on(call, FaultKind::ErrorBefore));
                let cart = cart(ASHA, &[(TEA, 1)]);
                let key = call.to_string();
                let headers = [("Idempotency-Key", key.as_str()), ("Prefer", "respond-async")];
                let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
                world.until(async || world.status(id).await["state"] == state).await;
                let answer = world.get(&format!("/api/orders/{id}/status")).await;
                assert!(answer.header("retry-after").is_some());
                assert_eq!(answer.body["status"], "Pending");
                for absent in ["totalAmount", "orderUrl", "problem"] {
                    assert_eq!(answer.body.get(absent), None, "{absent}");
                }
                world.sandbox.clear_faults();
                world.decided(&cart, &key).await.is_created(ASHA, 14_900);
            }
        },
    )
    .await;
}

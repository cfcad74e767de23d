//! What users and operators may do on the clients' routes, where users need a token.

use order_service::config::UserAuth;
use order_service::sandbox::sample::{ASHA, RAVI, TEA};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::issuer::{token_of_user, with_shared_key};
use super::{ROLES, ask, get, token_of, with_roles};
use crate::harness::{Answer, Books, World, WorldBuilder, cart, on_both_with};

fn with_users(world: WorldBuilder) -> WorldBuilder {
    with_shared_key(with_roles(world))
}

async fn create(world: &World, token: Option<&str>, body: &Value) -> Answer {
    ask(world, &Method::POST, "/api/orders/create", token, body).await
}

/// The clients' routes that read, of an order and its user.
fn reads(order: Uuid, user: Uuid) -> [String; 6] {
    [
        format!("/api/orders/{order}"),
        format!("/api/orders/{order}/status"),
        format!("/api/orders/{order}/cancellation"),
        format!("/api/orders/{order}/tracking"),
        format!("/api/orders/user/{user}"),
        format!("/api/orders/user/{user}?status=Pending&limit=1"),
    ]
}

/// The same with something wrong in each.
const BAD_READS: [&str; 6] = [
    "/api/orders/x",
    "/api/orders/x/status",
    "/api/orders/x/cancellation",
    "/api/orders/x/tracking",
    "/api/orders/user/x",
    "/api/orders/user/22222222-2222-2222-2222-222222222222?limit=x",
];

#[tokio::test]
async fn a_token_comes_before_everything_else_that_is_wrong() {
    on_both_with(with_users, async |world| {
        let id = world.clock.fresh_id();
        let reads = reads(id, ASHA);
        for path in reads.iter().map(String::as_str).chain(BAD_READS) {
            let answer = world.get(path).await;
            answer.is_problem(401, "A token is needed", json!({}));
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
        }
        for body in [json!("no cart"), cart(ASHA, &[(TEA, 1)]), cart(ASHA, &[])] {
            create(world, None, &body).await.is_problem(401, "A token is needed", json!({}));
            let answer = create(world, Some("x"), &body).await;
            answer.is_problem(401, "The token is not valid", json!({}));
        }
        let twice = world.http.get(world.url(&reads[2])).bearer_auth(token_of_user(world, ASHA));
        let twice = twice.bearer_auth(token_of_user(world, RAVI)).send().await;
        assert_eq!(twice.expect("an answer").status(), 401, "which of the two?");
    })
    .await;
}

#[tokio::test]
async fn users_order_for_themselves_and_operators_for_nobody() {
    on_both_with(with_users, async |world| {
        let (asha, operator) = (token_of_user(world, ASHA), token_of("operator"));
        let empty = "Order must contain items";
        for (token, body, status, error) in [
            (&asha, cart(RAVI, &[]), 400, empty),
            (&operator, cart(ASHA, &[]), 400, empty),
            (&asha, cart(RAVI, &[(TEA, 1)]), 403, "Not allowed for another user"),
            (&operator, cart(ASHA, &[(TEA, 1)]), 403, "Not allowed for role operator"),
        ] {
            create(world, Some(token), &body).await.is_problem(status, error, json!({}));
        }
        for (role, _) in ROLES {
            let answer = create(world, Some(&token_of(role)), &cart(ASHA, &[(TEA, 1)])).await;
            answer.is_problem(403, &format!("Not allowed for role {role}"), json!({}));
        }
        create(world, Some(&asha), &cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        assert_eq!(world.stock(TEA), 999, "one order");
    })
    .await;
}

/// A problem without what differs from request to request.
fn comparable(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body["instance"] = json!(null);
    body["traceId"] = json!(null);
    json!([answer.status, body])
}

#[tokio::test]
async fn what_another_user_owns_looks_like_what_does_not_exist() {
    on_both_with(with_users, async |world| {
        let (asha, ravi) = (token_of_user(world, ASHA), token_of_user(world, RAVI));
        let answer = create(world, Some(&asha), &cart(ASHA, &[(TEA, 1)])).await;
        let id = answer.is_created(ASHA, 14_900);
        let nobody = reads(world.clock.fresh_id(), world.clock.fresh_id());
        for ((path, unknown), bad) in reads(id, ASHA).iter().zip(&nobody).zip(BAD_READS) {
            assert_eq!(get(world, path, &asha).await.status, 200, "{path}");
            let foreign = get(world, path, &ravi).await;
            foreign.is_problem(404, "Order not found", json!({}));
            let unknown = get(world, unknown, &ravi).await;
            assert_eq!(comparable(&foreign), comparable(&unknown), "{path}");
            assert_eq!(get(world, bad, &asha).await.status, 400, "{bad}");
            for (role, _) in ROLES {
                assert_eq!(get(world, path, &token_of(role)).await.status, 200, "{role} {path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn users_cancel_their_own_orders_and_operators_any() {
    on_both_with(with_users, async |world| {
        let (asha, ravi) = (token_of_user(world, ASHA), token_of_user(world, RAVI));
        let ordered = async || {
            let answer = create(world, Some(&asha), &cart(ASHA, &[(TEA, 1)])).await;
            answer.is_created(ASHA, 14_900)
        };
        let cancel = async |id: Uuid, token: Option<&str>, body: &Value| {
            let path = format!("/api/orders/{id}/cancel");
            ask(world, &Method::POST, &path, token, body).await
        };
        let id = ordered().await;
        let unknown = world.clock.fresh_id();
        let bad = json!({"reason": "boredom"});
        cancel(id, None, &bad).await.is_problem(401, "A token is needed", json!({}));
        assert_eq!(cancel(unknown, Some(&ravi), &bad).await.status, 400, "before 404");
        let foreign = cancel(id, Some(&ravi), &json!({})).await;
        foreign.is_problem(404, "Order not found", json!({}));
        let nobodys = cancel(unknown, Some(&ravi), &json!({})).await;
        assert_eq!(comparable(&foreign), comparable(&nobodys));
        for role in ["viewer", "fulfilment"] {
            let answer = cancel(id, Some(&token_of(role)), &json!({})).await;
            answer.is_problem(403, &format!("Not allowed for role {role}"), json!({}));
        }
        assert_eq!(cancel(id, Some(&asha), &json!({})).await.status, 200);
        let id = ordered().await;
        assert_eq!(cancel(id, Some(&token_of("operator")), &json!({})).await.status, 200);
        let preview = get(world, &format!("/api/orders/{id}/cancellation"), &asha).await.body;
        let saga = preview["sagaId"].as_str().unwrap_or_default().to_owned();
        let saga = get(world, &format!("/api/operator/sagas/{saga}"), &token_of("viewer")).await;
        assert_eq!(saga.body["steps"][0]["executor"], "operator", "{saga:?}");
    })
    .await;
}

#[tokio::test]
async fn a_users_token_is_nothing_to_operators() {
    on_both_with(with_users, async |world| {
        let asha = token_of_user(world, ASHA);
        for path in ["/api/operator/summary", "/api/operator/sagas"] {
            let answer = get(world, path, &asha).await;
            answer.is_problem(401, "The operator token is wrong", json!({}));
        }
    })
    .await;
}

#[tokio::test]
async fn where_users_need_no_token_nobody_looks_at_one() {
    let world = with_users(World::build(Books::Sqlite));
    let world = world.set(|config| config.users.auth = UserAuth::Off).start().await;
    let mut orders = 0;
    for token in [None, Some("x"), Some("token-of-viewer"), Some(&token_of_user(&world, RAVI))] {
        let id = create(&world, token, &cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        orders += 1;
        for path in reads(id, ASHA) {
            let answer = ask(&world, &Method::GET, &path, token, &json!(null)).await;
            assert_eq!(answer.status, 200, "{path}");
        }
    }
    assert_eq!(world.stock(TEA), 1_000 - orders);
    world.finish().await;
}

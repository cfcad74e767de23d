//! `Idempotency-Key`: a repeated request gets the first one's answer (promise 41), and a key belongs to
//! one request (promise 42).

use std::collections::HashSet;

use futures::future::join_all;
use order_service::sandbox::sample::{ASHA, CUP, MEENA, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{BOTH, Books, World, all_sagas, cart, line, on_both, on_both_with};

#[tokio::test]
async fn fifty_equal_requests_at_once_are_one_order() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1), (CUP, 2)]);
        let requests = (0..50).map(|_| world.create_keyed(&cart, "once"));
        let answers = join_all(requests).await;
        let ids = answers.iter().map(|answer| answer.is_created(ASHA, 64_800));
        assert_eq!(ids.collect::<HashSet<_>>().len(), 1);
        assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
        assert_eq!(all_sagas(&world.service.store).await.len(), 1);
        assert_eq!(world.sandbox.ledger().records.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn fifty_equal_requests_at_once_get_one_refusal() {
    on_both(async |world| {
        let cart = cart(RAVI, &[(TEA, 1)]);
        let requests = (0..50).map(|_| world.create_keyed(&cart, "once"));
        let answers = join_all(requests).await;
        let error = "Payment failed - insufficient balance";
        let details = json!({"error": "Insufficient balance", "balance": 1_200});
        let ids =
            answers.iter().map(|answer| answer.is_refusal(409, error, json!({"details": details})));
        assert_eq!(ids.collect::<HashSet<_>>().len(), 1);
        assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
        assert_eq!(world.sent(Call::Process).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn many_keys_of_many_users_at_once_are_one_order_each() {
    on_both(async |world| {
        let users: Vec<_> = (1..=5).map(Uuid::from_u128).collect();
        for user in &users {
            world.put_user(*user, 1_000_000).await;
        }
        // Five keys of each user, each sent four times.
        let requests = (0..100).map(|at| {
            let (user, key) = (users[at % 5], format!("key-{}", at / 5 % 5));
            async move {
                let cart = cart(user, &[(TEA, 1)]);
                (user, key.clone(), world.create_keyed(&cart, &key).await.is_created(user, 14_900))
            }
        });
        let orders: HashSet<_> = join_all(requests).await.into_iter().collect();
        assert_eq!(orders.len(), 25);
        assert_eq!(orders.iter().map(|(_, _, id)| id).collect::<HashSet<_>>().len(), 25);
        assert_eq!(world.stock(TEA), 975);
    })
    .await;
}

#[tokio::test]
async fn without_a_key_two_equal_requests_are_two_orders() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        let first = world.create(&cart).await.is_created(ASHA, 14_900);
        assert_ne!(world.create(&cart).await.is_created(ASHA, 14_900), first);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_the_same_with_quotes_and_without() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        let bare = world.create_keyed(&cart, "a-key").await;
        let quoted = world.create_keyed(&cart, "\"a-key\"").await;
        assert_eq!(bare.is_created(ASHA, 14_900), quoted.is_created(ASHA, 14_900));
        assert!(!bare.is_replayed() && quoted.is_replayed());
        // Keys are case-sensitive.
        let other = world.create_keyed(&cart, "A-key").await;
        assert_ne!(other.is_created(ASHA, 14_900), bare.id());
    })
    .await;
}

#[tokio::test]
async fn a_key_of_another_user_is_another_key() {
    on_both(async |world| {
        let first = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "k").await;
        let other = world.create_keyed(&cart(MEENA, &[(TEA, 1)]), "k").await;
        assert_ne!(first.is_created(ASHA, 14_900), other.is_created(MEENA, 14_900));
        assert!(!other.is_replayed());
    })
    .await;
}

#[tokio::test]
async fn a_key_with_another_cart_is_refused_with_the_id_of_the_first() {
    on_both(async |world| {
        let first = world.create_keyed(&cart(ASHA, &[(TEA, 1), (CUP, 1)]), "k").await;
        let id = first.is_created(ASHA, 39_850);
        for other in [
            cart(ASHA, &[(TEA, 2), (CUP, 1)]),
            cart(ASHA, &[(TEA, 1)]),
            // The order of the items is part of the cart, as the stored order keeps it.
            cart(ASHA, &[(CUP, 1), (TEA, 1)]),
            cart(ASHA, &[(TEA, 1), (CUP, 1), (CUP, 1)]),
        ] {
            let answer = world.create_keyed(&other, "k").await;
            let error = "Idempotency key reused with a different request";
            assert_eq!(answer.is_about_a_checkout(422, error, json!({})), id);
        }
        assert_eq!(all_sagas(&world.service.store).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_key_with_another_cart_is_refused_at_once_while_the_first_is_in_flight() {
    on_both(async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let (first, other) = tokio::join!(world.create_keyed(&cart, "k"), async {
            world.until_sent(Call::Process, 1).await;
            let other = world.create_keyed(&crate::harness::cart(ASHA, &[(TEA, 2)]), "k").await;
            world.sandbox.clear_faults();
            other
        });
        let error = "Idempotency key reused with a different request";
        assert_eq!(
            other.is_about_a_checkout(422, error, json!({})),
            first.is_created(ASHA, 14_900)
        );
    })
    .await;
}

#[tokio::test]
async fn a_cart_is_the_same_however_its_json_is_written() {
    on_both(async |world| {
        let first = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "k").await;
        let id = first.is_created(ASHA, 14_900);
        let upper = ASHA.to_string().to_uppercase();
        for same in [
            json!({"UserId": ASHA, "Items": [{"ProductId": TEA, "Quantity": 1}]}),
            json!({"items": [{"quantity": 1, "productId": TEA}], "userId": upper}),
            json!({"userId": ASHA, "items": [line(TEA, 1)], "note": "whatever"}),
        ] {
            let answer = world.create_keyed(&same, "k").await;
            assert_eq!(answer.is_created(ASHA, 14_900), id);
            assert!(answer.is_replayed());
        }
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_replayed_unchanged_though_its_cause_is_gone() {
    on_both(async |world| {
        let soon = Uuid::from_u128(91);
        let carts = [
            cart(RAVI, &[(TEA, 1)]),
            cart(ASHA, &[(soon, 1)]),
            cart(Uuid::from_u128(92), &[(TEA, 1)]),
            cart(ASHA, &[(TEA, 1_001)]),
        ];
        let mut first = Vec::new();
        for (cart, at) in carts.iter().zip(0..) {
            let answer = world.create_keyed(cart, &format!("k{at}")).await;
            assert!(!answer.is_replayed());
            first.push(answer);
        }
        world.put_user(RAVI, 1_000_000).await;
        world.put_user(Uuid::from_u128(92), 1_000_000).await;
        world.put_product(soon, 100, 10).await;
        world.put_product(TEA, 1, 10_000).await;
        for ((cart, first), at) in carts.iter().zip(first).zip(0..) {
            let answer = world.create_keyed(cart, &format!("k{at}")).await;
            assert!(answer.is_replayed());
            assert_eq!(answer.status, first.status);
            assert_eq!(without_trace(answer.body), without_trace(first.body));
        }
    })
    .await;
}

/// Each request has its own trace; everything else in a problem depends only on the checkout.
fn without_trace(mut problem: Value) -> Value {
    problem.as_object_mut().expect("an object").remove("traceId").expect("a trace");
    problem
}

#[tokio::test]
async fn a_repeat_after_a_restart_gets_the_first_answer() {
    for books in BOTH {
        let world = World::build(books).start().await;
        let (good, poor) = (cart(ASHA, &[(TEA, 1)]), cart(RAVI, &[(TEA, 1)]));
        let id = world.create_keyed(&good, "k").await.is_created(ASHA, 14_900);
        let refused = world.create_keyed(&poor, "k").await;
        let world = world.restart().await;
        let again = world.create_keyed(&good, "k").await;
        assert_eq!(again.is_created(ASHA, 14_900), id);
        let refused_again = world.create_keyed(&poor, "k").await;
        assert!(again.is_replayed() && refused_again.is_replayed());
        assert_eq!(without_trace(refused_again.body), without_trace(refused.body));
        let other = world.create_keyed(&cart(ASHA, &[(TEA, 2)]), "k").await;
        assert_eq!((other.status, other.id()), (422, id));
        world.finish().await;
    }
}

#[tokio::test]
async fn a_checkout_that_a_restart_interrupts_is_joined_after_it() {
    for books in BOTH {
        let world = World::build(books)
            .set(|config| config.shutdown.grace = std::time::Duration::from_millis(50))
            .start()
            .await;
        for call in [Call::Reserve, Call::Process] {
            world.fault(Fault::once(call, FaultKind::HangAfter));
        }
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        world.until_sent(Call::Process, 1).await;
        let world = world.restart().await;
        world.until_sent(Call::Reserve, 1).await;
        let world = world.restart().await;
        let joined = world.decided(&cart, "k").await;
        assert_eq!(joined.is_created(ASHA, 14_900), id);
        assert!(joined.is_replayed());
        world.finish().await;
    }
}

#[tokio::test]
async fn a_repeat_waits_for_the_first_and_gets_its_answer() {
    on_both(async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let (first, repeat, ()) = tokio::join!(
            world.create_keyed(&cart, "k"),
            async {
                world.until_sent(Call::Process, 1).await;
                world.create_keyed(&cart, "k").await
            },
            async {
                world.until_sent(Call::Process, 1).await;
                let hasty = [("Idempotency-Key", "k"), ("Prefer", "wait=0")];
                let hasty = world.create_with(&cart, &hasty).await;
                hasty.is_accepted(ASHA);
                assert!(hasty.is_replayed());
                world.sandbox.clear_faults();
            }
        );
        assert_eq!(first.is_created(ASHA, 14_900), repeat.is_created(ASHA, 14_900));
        assert!(!first.is_replayed() && repeat.is_replayed());
    })
    .await;
}

#[tokio::test]
async fn a_repeat_that_does_not_wait_gets_the_final_answer_once_there_is_one() {
    on_both(async |world| {
        world.fault(Fault::on(Call::Process, FaultKind::HangBefore));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        let pending = world.create_with(&cart, &headers).await;
        assert_eq!(pending.is_accepted(ASHA), id);
        assert!(pending.is_replayed());
        world.sandbox.clear_faults();
        world.decided(&cart, "k").await;
        let decided = world.create_with(&cart, &headers).await;
        assert_eq!(decided.is_created(ASHA, 14_900), id);
        assert!(decided.is_replayed());
        assert_eq!(decided.header("preference-applied"), None);
    })
    .await;
}

#[tokio::test]
async fn a_malformed_request_does_not_use_up_its_key() {
    on_both(async |world| {
        let bad = json!({"userId": ASHA, "items": [line(TEA, 0)]});
        assert_eq!(world.create_keyed(&bad, "k").await.status, 400);
        let good = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "k").await;
        good.is_created(ASHA, 14_900);
        assert!(!good.is_replayed());
    })
    .await;
}

#[tokio::test]
async fn a_repeat_of_a_checkout_that_is_stuck_is_answered_at_once() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            world.fault(Fault::once(Call::Process, FaultKind::DropBefore));
            let cart = cart(ASHA, &[(TEA, 1)]);
            let id = world.create_keyed(&cart, "k").await.is_accepted(ASHA);
            let repeat = world.create_keyed(&cart, "k").await;
            assert_eq!(repeat.is_accepted(ASHA), id);
            assert_eq!(world.sent(Call::Process).len(), 1);
        },
    )
    .await;
}

/// PostgreSQL logs each statement that fails, with its whole text, and counts its rollback.
#[tokio::test]
async fn a_repeat_is_no_error_of_the_database() {
    const REPEATS: i64 = 60;
    let world = World::build(Books::Postgres).start().await;
    let cart = cart(ASHA, &[(TEA, 1)]);
    let first = world.create_keyed(&cart, "once").await.is_created(ASHA, 14_900);
    for _time in 0..REPEATS {
        let repeat = world.create_keyed(&cart, "once").await;
        assert!(repeat.is_replayed());
        assert_eq!(repeat.is_created(ASHA, 14_900), first);
    }
    let url = world.config.database.url.reveal().to_owned();
    // A connection reports its counts when it is closed.
    world.finish().await;
    let books = Database::connect(&url).await.expect("the books");
    let sql = "SELECT xact_commit, xact_rollback FROM pg_stat_database \
               WHERE datname = current_database()";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let counts = books.query_one_raw(statement).await.expect("the books").expect("a row");
    let count = |at| counts.try_get_by_index::<i64>(at).expect("a count");
    assert!(count(0) > REPEATS, "the counts have come in");
    assert!(count(1) < REPEATS, "{} transactions were rolled back", count(1));
}

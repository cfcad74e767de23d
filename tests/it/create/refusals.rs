//! Carts that are accepted and do not become orders.

use order_service::sandbox::sample::{ASHA, CUP, KETTLE, MEENA, RAVI, SAMOVAR, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, World, cart, on_both};

const NOBODY: Uuid = Uuid::from_u128(404);
const NOTHING: Uuid = Uuid::from_u128(405);
const FAILED: &str = "Order creation failed";

/// Checks that no effect was sent for it, and that it is `Rejected`.
async fn nothing_was_sent(world: &World, id: Uuid) {
    assert_eq!(world.sandbox.ledger().records, [], "something was sent");
    assert_eq!(world.status(id).await["state"], "Rejected");
}

async fn refused(world: &World, cart: &Value, status: u16, error: &str, members: Value) -> Uuid {
    let answer = world.create(cart).await;
    let id = answer.is_refusal(status, error, members);
    assert_eq!(world.get(&format!("/api/orders/{id}")).await.status, 404);
    id
}

#[tokio::test]
async fn an_unknown_user_is_refused() {
    on_both(async |world| {
        let cart = cart(NOBODY, &[(TEA, 1)]);
        let id = refused(world, &cart, 404, "User profile not found", json!({})).await;
        nothing_was_sent(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_product_is_refused_and_named() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1), (NOTHING, 1)]);
        let members = json!({"productId": NOTHING});
        let id = refused(world, &cart, 404, "Product not found", members).await;
        nothing_was_sent(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn a_line_beyond_the_stock_is_refused_before_anything_is_paid() {
    on_both(async |world| {
        let members = json!({"productId": KETTLE, "available": 10});
        let cart = cart(MEENA, &[(TEA, 1), (KETTLE, 11)]);
        let id = refused(world, &cart, 409, "Insufficient stock", members).await;
        nothing_was_sent(world, id).await;
        let sold_out = json!({"productId": SAMOVAR, "available": 0});
        let cart = crate::harness::cart(MEENA, &[(SAMOVAR, 1)]);
        refused(world, &cart, 409, "Insufficient stock", sold_out).await;
        let most = json!({"productId": STICKER, "available": 5_000});
        let cart = crate::harness::cart(MEENA, &[(STICKER, 1_000_000)]);
        refused(world, &cart, 409, "Insufficient stock", most).await;
    })
    .await;
}

#[tokio::test]
async fn lines_of_one_product_are_added_up_against_the_stock() {
    on_both(async |world| {
        let members = json!({"productId": KETTLE, "available": 10});
        let cart = cart(MEENA, &[(KETTLE, 6), (TEA, 1), (KETTLE, 5)]);
        let id = refused(world, &cart, 409, "Insufficient stock", members).await;
        nothing_was_sent(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn errors_are_looked_for_in_one_order() {
    on_both(async |world| {
        let unknown = json!({"productId": NOTHING});
        let short = json!({"productId": SAMOVAR, "available": 0});
        // The profile comes before any line, and the first of two bad lines before the second, whatever is
        // wrong with each.
        let nobody = cart(NOBODY, &[(NOTHING, 1), (SAMOVAR, 1)]);
        refused(world, &nobody, 404, "User profile not found", json!({})).await;
        let unknown_first = cart(RAVI, &[(TEA, 1), (NOTHING, 1), (SAMOVAR, 1)]);
        refused(world, &unknown_first, 404, "Product not found", unknown).await;
        let short_first = cart(RAVI, &[(TEA, 1), (SAMOVAR, 1), (NOTHING, 1)]);
        refused(world, &short_first, 409, "Insufficient stock", short).await;
        // The request itself comes before both.
        let bad = json!({"userId": NOBODY, "items": [{"productId": NOTHING, "quantity": 0}]});
        assert_eq!(world.create(&bad).await.status, 400);
        // While a line's product can't be read, errors of later lines wait for it, but errors of earlier lines
        // don't.
        let first = json!({"productId": NOTHING});
        let slow = Fault {
            product_id: Some(SAMOVAR),
            ..Fault::on(Call::GetProduct, FaultKind::ErrorBefore)
        };
        world.fault(slow);
        let cart = cart(RAVI, &[(NOTHING, 1), (SAMOVAR, 1)]);
        refused(world, &cart, 404, "Product not found", first).await;
        let last = crate::harness::cart(RAVI, &[(SAMOVAR, 1), (NOTHING, 1)]);
        let short = json!({"productId": SAMOVAR, "available": 0});
        let (answer, ()) = tokio::join!(world.create(&last), async {
            let before = world.sandbox.ledger().totals.reads.product;
            world.until(async || world.sandbox.ledger().totals.reads.product >= before + 6).await;
            world.sandbox.clear_faults();
        });
        answer.is_refusal(409, "Insufficient stock", short);
        assert_eq!(world.sandbox.ledger().records, []);
    })
    .await;
}

#[tokio::test]
async fn too_small_a_balance_is_refused_with_the_payment_services_details() {
    on_both(async |world| {
        let details = json!({"error": "Insufficient balance", "balance": 1_200});
        let cart = cart(RAVI, &[(TEA, 1)]);
        let error = "Payment failed - insufficient balance";
        let id = refused(world, &cart, 409, error, json!({"details": details})).await;
        assert_eq!(world.status(id).await["state"], "Rejected");
        assert_eq!(world.sent(Call::Process).len(), 1);
        assert_eq!(world.sandbox.ledger().records.len(), 1, "nothing but the payment was tried");
    })
    .await;
}

#[tokio::test]
async fn a_profile_that_the_payment_service_does_not_know_is_refused() {
    on_both(async |world| {
        let unknown = Fault::once(Call::Process, FaultKind::Refuse);
        world.fault(Fault { status: Some(404), ..unknown });
        let id = refused(world, &cart(ASHA, &[(TEA, 1)]), 404, "User not found", json!({})).await;
        assert_eq!(world.status(id).await["state"], "Rejected");
        assert_eq!(world.sandbox.ledger().records.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_payment_refused_as_malformed_is_not_the_clients_fault() {
    on_both(async |world| {
        let malformed = Fault::once(Call::Process, FaultKind::Refuse);
        world.fault(Fault { status: Some(400), ..malformed });
        let id = refused(world, &cart(ASHA, &[(TEA, 1)]), 502, FAILED, json!({})).await;
        assert_eq!(world.status(id).await["state"], "Rejected");
    })
    .await;
}

#[tokio::test]
async fn a_total_that_does_not_fit_64_bits_moves_no_money() {
    on_both(async |world| {
        let half = Uuid::from_u128(81);
        world.put_product(half, i64::MAX / 2 + 1, 10).await;
        for lines in [&[(half, 2)][..], &[(half, 1), (half, 1)], &[(TEA, 1), (half, 2)]] {
            let id = refused(world, &cart(MEENA, lines), 502, FAILED, json!({})).await;
            nothing_was_sent(world, id).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_negative_price_or_stock_moves_no_money() {
    on_both(async |world| {
        let bad = Uuid::from_u128(82);
        for (price, stock) in [(-1, 10), (0, -1), (i64::MIN, i64::MIN)] {
            world.put_product(bad, price, stock).await;
            let cart = cart(ASHA, &[(TEA, 1), (bad, 1)]);
            let id = refused(world, &cart, 502, FAILED, json!({})).await;
            nothing_was_sent(world, id).await;
        }
        world.fault(Fault::anywhere(FaultKind::NegativePrice));
        let id = refused(world, &cart(ASHA, &[(TEA, 1)]), 502, FAILED, json!({})).await;
        nothing_was_sent(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn garbage_from_a_read_is_read_again_a_few_times_and_then_its_neighbours_fault() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        for call in [Call::GetUser, Call::GetProduct] {
            for kind in [FaultKind::Garbage, FaultKind::GarbageBefore] {
                world.fault(Fault::on(call, kind));
                let id = refused(world, &cart, 502, FAILED, json!({})).await;
                nothing_was_sent(world, id).await;
                world.sandbox.clear_faults();
            }
        }
        for call in [Call::GetUser, Call::GetProduct] {
            world.fault(Fault { times: Some(2), ..Fault::on(call, FaultKind::Garbage) });
        }
        world.create(&cart).await.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_read_that_fails_is_repeated_until_it_succeeds() {
    on_both(async |world| {
        for call in [Call::GetUser, Call::GetProduct] {
            for kind in [
                FaultKind::ErrorBefore,
                FaultKind::DropBefore,
                FaultKind::Truncated,
                FaultKind::HangBefore,
            ] {
                let fault = Fault { times: Some(2), ..Fault::on(call, kind) };
                let is_held = kind == FaultKind::HangBefore;
                world.fault(Fault { millis: is_held.then_some(20), ..fault });
            }
        }
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_reservation_refused_after_the_payment_is_refunded_and_the_client_is_told() {
    on_both(async |world| {
        world.fault(Fault { millis: Some(200), ..Fault::once(Call::Process, FaultKind::Slow) });
        let cart = cart(MEENA, &[(TEA, 2), (KETTLE, 3), (CUP, 4)]);
        let (answer, ()) = tokio::join!(world.create(&cart), async {
            world.until_struck().await;
            world.put_product(KETTLE, 189_900, 2).await;
        });
        let details = json!({"error": "Insufficient stock", "available": 2});
        let members = json!({"productId": KETTLE, "details": details});
        let id = answer.is_refusal(409, "Reservation failed", members);
        assert_eq!(world.status(id).await["state"], "Compensated");
        assert_eq!(world.wallet(MEENA), 10_000_000);
        assert_eq!((world.stock(TEA), world.stock(KETTLE), world.stock(CUP)), (1_000, 2, 200));
        assert_eq!((world.sent(Call::Refund).len(), world.sent(Call::Release).len()), (1, 2));
        assert_eq!(world.get(&format!("/api/orders/{id}")).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn of_two_refused_reservations_the_first_in_the_cart_is_told() {
    on_both(async |world| {
        let of =
            |product, kind| Fault { product_id: Some(product), ..Fault::once(Call::Reserve, kind) };
        world.fault(Fault { millis: Some(150), ..of(KETTLE, FaultKind::Slow) });
        world.fault(of(CUP, FaultKind::Refuse));
        let cart = cart(MEENA, &[(TEA, 1), (KETTLE, 1), (CUP, 1)]);
        let (answer, ()) = tokio::join!(world.create(&cart), async {
            world.until_sent(Call::Reserve, 2).await;
            world.put_product(KETTLE, 189_900, 0).await;
        });
        let details = json!({"error": "Insufficient stock", "available": 0});
        let members = json!({"productId": KETTLE, "details": details});
        answer.is_refusal(409, "Reservation failed", members);
        assert_eq!(world.sent(Call::Release).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn any_refusal_of_a_reservation_is_answered_as_reservation_failed() {
    on_both(async |world| {
        for status in [400, 404, 409] {
            let refuse = Fault::once(Call::Reserve, FaultKind::Refuse);
            world.fault(Fault { status: Some(status), ..refuse });
            let answer: Answer = world.create(&cart(ASHA, &[(TEA, 1)])).await;
            let details = answer.body["details"].clone();
            assert!(details["error"].is_string(), "{answer:?}");
            let members = json!({"productId": TEA, "details": details});
            answer.is_refusal(409, "Reservation failed", members);
        }
        assert_eq!(world.wallet(ASHA), 500_000);
    })
    .await;
}

#[tokio::test]
async fn a_free_cart_that_is_refused_has_nothing_refunded() {
    on_both(async |world| {
        world.fault(Fault {
            product_id: Some(STICKER),
            ..Fault::once(Call::Reserve, FaultKind::Refuse)
        });
        let free = Uuid::from_u128(83);
        world.put_product(free, 0, 5).await;
        let answer = world.create(&cart(ASHA, &[(STICKER, 1), (free, 1)])).await;
        assert_eq!(answer.status, 409);
        let id = answer.id();
        assert_eq!(world.status(id).await["state"], "Compensated");
        let sent = [Call::Process, Call::Refund, Call::Release].map(|call| world.sent(call).len());
        assert_eq!(sent, [0, 0, 1]);
        assert_eq!(world.inspect(id).await["effects"]["refunded"], "no");
    })
    .await;
}

#[tokio::test]
async fn the_answer_names_the_clients_own_trace() {
    on_both(async |world| {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let header = format!("00-{trace}-00f067aa0ba902b7-01");
        let cart = cart(NOBODY, &[(TEA, 1)]);
        let answer = world.create_with(&cart, &[("traceparent", &header)]).await;
        assert_eq!(answer.body["traceId"], trace);
    })
    .await;
}

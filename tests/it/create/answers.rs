//! Carts that become orders.

use std::collections::HashSet;

use order_service::sandbox::sample::{ASHA, CUP, KETTLE, MEENA, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{World, cart, on_both};

/// The order with this id; each item's own id is checked and removed.
async fn order(world: &World, id: Uuid) -> Value {
    let answer = world.get(&format!("/api/orders/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut order = answer.body;
    let mut ids = HashSet::new();
    for item in order["items"].as_array_mut().expect("a list") {
        let item_id = item.as_object_mut().and_then(|item| item.remove("id")).expect("an id");
        let item_id: Uuid = item_id.as_str().expect("text").parse().expect("a UUID");
        assert!(ids.insert(item_id), "two items with one id");
    }
    for time in ["createdAt", "updatedAt"] {
        let time = order.as_object_mut().and_then(|order| order.remove(time)).expect("a time");
        let time = time.as_str().expect("text");
        assert!(time.ends_with('Z'), "{time}");
        chrono::DateTime::parse_from_rfc3339(time).expect("RFC 3339");
    }
    order
}

#[tokio::test]
async fn a_cart_becomes_an_order_with_its_items_in_cart_order() {
    on_both(async |world| {
        let lines = [(CUP, 2), (TEA, 1), (STICKER, 5), (CUP, 3)];
        let answer = world.create(&cart(ASHA, &lines)).await;
        let id = answer.is_created(ASHA, 5 * 24_950 + 14_900);
        assert!(!answer.is_replayed());
        let items = lines.map(|(product, quantity)| {
            let price = if product == CUP { 24_950 } else { 14_900 };
            let price = if product == STICKER { 0 } else { price };
            json!({"orderId": id, "productId": product, "quantity": quantity, "unitPrice": price})
        });
        let expected = json!({
            "id": id,
            "userId": ASHA,
            "totalAmount": 139_650,
            "status": "Confirmed",
            "items": items,
        });
        assert_eq!(order(world, id).await, expected);
        assert_eq!(world.wallet(ASHA), 500_000 - 139_650);
        assert_eq!((world.stock(CUP), world.stock(TEA), world.stock(STICKER)), (195, 999, 4_995));
    })
    .await;
}

#[tokio::test]
async fn what_todays_web_client_sends_is_understood() {
    on_both(async |world| {
        let body = json!({"UserId": ASHA, "Items": [{"ProductId": TEA, "Quantity": 1}]});
        world.create(&body).await.is_created(ASHA, 14_900);
        let body = json!({"USERID": ASHA, "ITEMS": [{"PRODUCTID": TEA, "QUANTITY": 1}], "Note": 1});
        world.create(&body).await.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn the_payment_service_is_told_who_pays_and_for_which_order() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 2)])).await.is_created(ASHA, 29_800);
        let charges = world.sent(Call::Process);
        assert_eq!(charges.len(), 1);
        let charge = charges[0].effect.payment().expect("a payment");
        assert_eq!((charge.order_id, charge.user_id, charge.amount), (id, ASHA, 29_800));
        assert_eq!(charge.user_profile_id, order_service::sandbox::sample::ASHA_PROFILE);
    })
    .await;
}

#[tokio::test]
async fn two_lines_of_one_product_are_two_effects() {
    on_both(async |world| {
        let answer = world.create(&cart(MEENA, &[(KETTLE, 4), (KETTLE, 6)])).await;
        answer.is_created(MEENA, 1_899_000);
        let reserved = world.sent(Call::Reserve);
        let mut quantities: Vec<_> =
            reserved.iter().map(|of| of.effect.units().expect("units").quantity).collect();
        quantities.sort_unstable();
        assert_eq!(quantities, [4, 6]);
        assert_ne!(reserved[0].key, reserved[1].key);
        assert_eq!(world.stock(KETTLE), 0);
    })
    .await;
}

#[tokio::test]
async fn a_free_cart_needs_no_payment() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(STICKER, 3)])).await.is_created(ASHA, 0);
        assert_eq!(order(world, id).await["items"][0]["unitPrice"], 0);
        let ledger = world.sandbox.ledger();
        assert_eq!(ledger.records.len(), 1, "the reservation alone");
        assert_eq!(ledger.totals.reads.payment, 0);
        assert_eq!(world.inspect(id).await["effects"]["charged"], "no");
    })
    .await;
}

#[tokio::test]
async fn a_free_line_beside_a_paid_one_is_reserved_too() {
    on_both(async |world| {
        world.create(&cart(ASHA, &[(STICKER, 3), (TEA, 1)])).await.is_created(ASHA, 14_900);
        assert_eq!((world.stock(STICKER), world.stock(TEA)), (4_997, 999));
    })
    .await;
}

#[tokio::test]
async fn a_price_that_changes_under_way_does_not_count_for_this_order() {
    on_both(async |world| {
        let slow = FaultKind::Slow;
        world.fault(Fault { millis: Some(200), ..Fault::once(Call::Process, slow) });
        let cart = cart(ASHA, &[(TEA, 2)]);
        let (answer, ()) = tokio::join!(world.create(&cart), async {
            world.until_struck().await;
            world.put_product(TEA, 77_700, 1_000).await;
        });
        let id = answer.is_created(ASHA, 29_800);
        assert_eq!(order(world, id).await["items"][0]["unitPrice"], 14_900);
        assert_eq!(world.sandbox.ledger().totals.charged, 29_800);
        // The next checkout pays the new price.
        world.create(&cart).await.is_created(ASHA, 155_400);
    })
    .await;
}

#[tokio::test]
async fn a_price_that_changes_before_the_payment_is_sent_again_does_not_count() {
    on_both(async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::HangBefore));
        let cart = cart(ASHA, &[(TEA, 2)]);
        let (answer, ()) = tokio::join!(world.create(&cart), async {
            world.until_sent(Call::Process, 1).await;
            world.put_product(TEA, 77_700, 1_000).await;
            world.sandbox.clear_faults();
        });
        answer.is_created(ASHA, 29_800);
        assert_eq!(world.sent(Call::Process).len(), 2);
        assert_eq!(world.sandbox.ledger().totals.charged, 29_800);
    })
    .await;
}

#[tokio::test]
async fn the_largest_total_that_fits_64_bits_is_charged() {
    on_both(async |world| {
        let (rich, dear) = (Uuid::from_u128(71), Uuid::from_u128(72));
        world.put_user(rich, i64::MAX).await;
        world.put_product(dear, i64::MAX, 1).await;
        let id = world.create(&cart(rich, &[(dear, 1)])).await.is_created(rich, i64::MAX);
        assert_eq!(order(world, id).await["totalAmount"], i64::MAX);
        assert_eq!(world.wallet(rich), 0);
    })
    .await;
}

#[tokio::test]
async fn the_longest_cart_becomes_an_order() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(STICKER, 1); 100])).await.is_created(ASHA, 0);
        assert_eq!(order(world, id).await["items"].as_array().map(Vec::len), Some(100));
        assert_eq!(world.stock(STICKER), 4_900);
    })
    .await;
}

//! `audit`: every way in which the books can be wrong is found, and nothing is found in right ones.

use std::cell::Cell;

use futures::future::{join, join_all};
use order_service::sandbox::sample::{ASHA_PROFILE, CUP, MEENA, RAVI, STICKER, TEA};
use order_service::sandbox::{self, Call, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Ran, Raw, run, run_with};
use crate::harness::{BOTH, World, WorldBuilder, cart, on_both, on_both_with};

const QUICKLY: [&str; 4] = ["audit", "--json", "--rate", "5000"];

/// The findings about an id, one a line.
fn found(report: &Value, id: Uuid) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list").iter();
    let own = findings.filter(|finding| finding["id"] == json!(id));
    own.map(|finding| {
        let word = |name: &str| finding[name].as_str().unwrap_or("-").to_owned();
        let (verdict, about) = (word("verdict"), word("about"));
        format!("{verdict} {about}: {} | {}", word("books"), word("neighbour"))
    })
    .collect()
}

async fn completed(world: &World) -> Uuid {
    let answer = world.create(&cart(MEENA, &[(TEA, 2), (CUP, 1)])).await;
    answer.is_created(MEENA, 54_750)
}

async fn rejected(world: &World) -> Uuid {
    world.create(&cart(RAVI, &[(TEA, 1)])).await.id()
}

async fn compensated(world: &World) -> Uuid {
    world.fault(Fault { product_id: Some(CUP), ..Fault::once(Call::Reserve, FaultKind::Refuse) });
    world.create(&cart(MEENA, &[(TEA, 2), (CUP, 1)])).await.id()
}

#[tokio::test]
async fn right_books_agree_with_themselves_and_the_neighbours_beside_the_running_service() {
    on_both(async |world| {
        completed(world).await;
        rejected(world).await;
        compensated(world).await;
        // There was nothing to pay, so nothing was sent.
        world.create(&cart(RAVI, &[(STICKER, 1)])).await.is_created(RAVI, 0);
        world.create(&cart(Uuid::from_u128(5), &[(TEA, 1)])).await.id();
        world.fault(Fault::once(Call::Process, FaultKind::ErrorAfter));
        completed(world).await;
        let ran = run(world, &["audit"]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        let words = "6 sagas and 3 orders looked at, 6 payments compared with the payment service; \
                     0 still open, 0 of them with a payment that a person has to settle first\n\nnothing differs\n";
        assert_eq!(ran.stdout, words);
        let report = run(world, &QUICKLY).await.json();
        assert_eq!((&report["payments"], &report["findings"]), (&json!(6), &json!([])));
        let since = run(world, &["audit", "--json", "--since", "1h"]).await.json();
        assert_eq!((&since["sagas"], &since["skipped"]), (&json!(6), &json!(0)));
        let since = run(world, &["audit", "--json", "--since", "0s"]).await.json();
        assert_eq!((&since["sagas"], &since["skipped"]), (&json!(0), &json!(6)));
    })
    .await;
}

#[tokio::test]
async fn pages_are_walked_without_skipping_or_repeating_however_long_the_logs() {
    on_both(async |world| {
        let mut made = Vec::new();
        for _each in 0..3 {
            made.extend([completed(world).await, compensated(world).await, rejected(world).await]);
        }
        for limit in [1, 2, 4, 100] {
            let (mut seen, mut after) = (Vec::new(), Uuid::nil());
            loop {
                let store = &world.service.store;
                let page = store.accounts(after, limit).await.expect("the books");
                let Some(last) = page.last() else { break };
                assert!(page.len() as u64 <= limit);
                after = last.id.0;
                assert!(page.iter().all(|account| account.saga.is_some() && account.entries > 0));
                seen.extend(page.iter().map(|account| account.id.0));
            }
            assert_eq!(seen, made, "pages of {limit}");
        }
    })
    .await;
}

/// What is done to the books of a completed checkout, and what the audit then says.
const BROKEN: [(&str, &str); 24] = [
    (
        "DELETE FROM order_items WHERE order_id = ID; DELETE FROM orders WHERE id = ID",
        "differs order: Completed, and no order",
    ),
    (
        "UPDATE orders SET total_amount = 54751 WHERE id = ID",
        "differs order: a total of 54751, but its saga charged 54750",
    ),
    ("UPDATE orders SET user_id = ID WHERE id = ID", "differs order: of user"),
    ("UPDATE orders SET status = 'Rejected' WHERE id = ID", "no order that stands is Rejected"),
    (
        "UPDATE order_items SET unit_price = 1 WHERE order_id = ID AND line = 1",
        "differs order: line 1: 1 a piece, not 24950",
    ),
    (
        "UPDATE order_items SET quantity = 3 WHERE order_id = ID AND line = 0",
        "differs order: line 0: 3 pieces, not 2",
    ),
    (
        "UPDATE order_items SET line = 2 WHERE order_id = ID AND line = 0",
        "differs order: line 0: not the product of the cart",
    ),
    (
        "DELETE FROM order_items WHERE order_id = ID AND line = 1",
        "differs order: 1 lines, but its cart has 2",
    ),
    ("DELETE FROM outbox WHERE order_id = ID", "differs outbox: an order, and no order.confirmed"),
    (
        "INSERT INTO outbox (id, order_id, kind, payload, created_at, version) \
         SELECT ID, order_id, kind, payload, created_at, 2 FROM outbox WHERE order_id = ID",
        "differs outbox: order.confirmed 2 times",
    ),
    (
        "UPDATE outbox SET payload = '{\"totalAmount\":5}' WHERE order_id = ID",
        "differs outbox: order.confirmed tells of a total of 5, not 54750",
    ),
    (
        "DELETE FROM saga_instance WHERE id = ID; DELETE FROM step_log WHERE saga_id = ID",
        "differs order: an order, and no saga",
    ),
    (
        "DELETE FROM saga_instance WHERE id = ID; DELETE FROM outbox WHERE order_id = ID; \
         DELETE FROM order_items WHERE order_id = ID; DELETE FROM orders WHERE id = ID",
        "differs saga: 7 log entries, and no saga",
    ),
    (
        "DELETE FROM saga_instance WHERE id = ID; DELETE FROM step_log WHERE saga_id = ID; \
         DELETE FROM order_items WHERE order_id = ID; DELETE FROM orders WHERE id = ID",
        "differs outbox: order.confirmed, and no order",
    ),
    (
        "DELETE FROM step_log WHERE saga_id = ID AND seq = 2",
        "differs saga: entry 2 of its log is missing",
    ),
    (
        "DELETE FROM step_log WHERE saga_id = ID AND seq > 5",
        "differs saga: Completed, but reserve_stock of line",
    ),
    (
        "UPDATE step_log SET outcome = 'unknown' WHERE saga_id = ID AND step = 'charge_payment'",
        "differs saga: Completed, but charge_payment is not done",
    ),
    (
        "UPDATE step_log SET idempotency_key = 'x' WHERE saga_id = ID AND step = 'charge_payment'",
        "charge_payment was sent under a key that is not its own",
    ),
    (
        "UPDATE step_log SET request = '{\"amount\":5}' WHERE saga_id = ID \
         AND step = 'charge_payment'",
        "charge_payment was sent with amount 5, not 54750",
    ),
    (
        "UPDATE saga_instance SET total_amount = 5 WHERE id = ID",
        "differs saga: a total of 5, but its prices add up to 54750",
    ),
    (
        "UPDATE saga_instance SET state = 'Rejected' WHERE id = ID",
        "differs order: Rejected, and an order all the same",
    ),
    (
        "UPDATE saga_instance SET state = 'Reserved' WHERE id = ID",
        "differs saga: Reserved, and nobody will ever take it up",
    ),
    (
        "UPDATE saga_instance SET owner = ID WHERE id = ID",
        "differs saga: owned by an executor that nobody knows",
    ),
    (
        "UPDATE saga_instance SET kind = 'gift' WHERE id = ID",
        "notCompared saga: this binary does not know gift version 1",
    ),
];

#[tokio::test]
async fn books_that_were_broken_are_found_and_exit_with_1() {
    for books in BOTH {
        let world = World::build(books).no_joining().start().await;
        let raw = Raw::of(&world).await;
        let whole = completed(&world).await;
        let mut broken = Vec::new();
        for (sql, words) in BROKEN {
            let id = completed(&world).await;
            raw.break_books(id, sql).await;
            broken.push((id, words));
        }
        let id = rejected(&world).await;
        let order = "INSERT INTO orders (id, user_id, total_amount, status, created_at, updated_at) \
                     SELECT id, user_id, 14900, 'Confirmed', created_at, \
                     updated_at FROM saga_instance WHERE id = ID";
        raw.break_books(id, order).await;
        broken.push((id, "differs order: Rejected, and an order all the same"));
        let id = compensated(&world).await;
        let refund = "DELETE FROM step_log WHERE saga_id = ID AND step = 'refund_payment'";
        raw.break_books(id, refund).await;
        broken.push((id, "differs saga: Compensated, but charge_payment is not undone"));

        let ran = run(&world, &QUICKLY).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
        let report = ran.json();
        for (id, words) in &broken {
            let found = found(&report, *id);
            assert!(found.iter().any(|line| line.contains(words)), "{words} not in {found:#?}");
        }
        assert_eq!(found(&report, whole), Vec::<String>::new());
        let shown = run(&world, &["audit", "--rate", "5000"]).await;
        assert_eq!(shown.code, Some(1));
        let last = shown.stdout.lines().last().expect("lines");
        assert!(last.ends_with("differences, 1 not compared"), "{last}");
        assert!(broken.iter().all(|(id, _)| shown.stdout.contains(&id.to_string())));
        world.stop().await;
    }
}

#[tokio::test]
async fn a_payment_that_is_missing_in_the_books_is_found() {
    on_both(async |world| {
        let id = rejected(world).await;
        let payment = json!({
            "orderId": id, "userId": RAVI, "userProfileId": ASHA_PROFILE, "amount": 14_900,
        });
        let url = format!("{}/api/payments/process", world.sandbox.payment_url());
        // The first record counts, and there is none of the refused charge.
        let key = format!("{id}:charge_payment#1");
        let request = world.http.post(&url).json(&payment).header("Idempotency-Key", &key);
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let paid = request.header("traceparent", traceparent).send().await.expect("an answer");
        assert_eq!(paid.status(), 200);
        let ran = run(world, &QUICKLY).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let words = "differs payment: Rejected: no charge was made | Paid";
        assert_eq!(found(&ran.json(), id), [words]);
        // Refunded, so that the ledgers agree at the end of this test; the record stays.
        let url = format!("{}/api/payments/refund", world.sandbox.payment_url());
        let key = format!("{id}:refund_payment#1");
        let request = world.http.post(&url).json(&payment).header("Idempotency-Key", &key);
        let back = request.header("traceparent", traceparent).send().await.expect("an answer");
        assert_eq!(back.status(), 200);
        assert_eq!(run(world, &QUICKLY).await.code, Some(1));
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_is_missing_at_the_neighbour_is_found() {
    on_both(async |world| {
        let (sold, undone) = (completed(world).await, compensated(world).await);
        let free = world.create(&cart(RAVI, &[(STICKER, 1)])).await.is_created(RAVI, 0);
        let refused = rejected(world).await;
        let forgetful = Sandbox::start(sandbox::Config::on_free_ports()).await.expect("a sandbox");
        let elsewhere = [("ServiceUrls__PaymentService", forgetful.payment_url())];
        let ran = run_with(world, &QUICKLY, &elsewhere).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let report = ran.json();
        for (id, state) in [(sold, "Completed"), (undone, "Compensated")] {
            let words = format!("differs payment: {state}: the charge is done | nothing recorded");
            assert_eq!(found(&report, id), [words]);
        }
        assert_eq!(found(&report, free), Vec::<String>::new());
        assert_eq!(found(&report, refused), Vec::<String>::new());
        forgetful.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_neighbour_that_does_not_answer_leaves_the_audit_incomplete() {
    on_both(async |world| {
        let id = completed(world).await;
        // A status call that fails once is repeated.
        for kind in [FaultKind::ErrorBefore, FaultKind::DropBefore, FaultKind::GarbageBefore] {
            world.fault(Fault::once(Call::PaymentStatus, kind));
            assert_eq!(run(world, &QUICKLY).await.code, Some(0), "{kind:?}");
        }
        let nobody = [("ServiceUrls__PaymentService", "http://127.0.0.1:1".to_owned())];
        let ran: Ran = run_with(world, &["audit"], &nobody).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.stdout.contains("could not connect"), "{ran:?}");
        assert!(ran.stdout.ends_with("\n0 differences, 1 not compared\n"), "{ran:?}");
        let report = run_with(world, &QUICKLY, &nobody).await.json();
        assert_eq!((&report["differences"], &report["notCompared"]), (&json!(0), &json!(1)));
        assert!(found(&report, id)[0].starts_with("notCompared payment: Completed:"));
    })
    .await;
}

#[tokio::test]
async fn a_payment_in_doubt_is_reported_and_is_no_difference() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            world.fault(Fault::once(Call::Process, FaultKind::DropBefore));
            let id = world.create(&cart(MEENA, &[(TEA, 1)])).await.is_accepted(MEENA);
            world.until(async || world.inspect(id).await["stuck"]["kind"] == "InDoubt").await;
            let ran = run(world, &QUICKLY).await;
            assert_eq!(ran.code, Some(0), "{ran:?}");
            let words = "open payment: Priced: the charge is not settled | nothing recorded";
            assert_eq!(found(&ran.json(), id), [words]);
            assert_eq!(ran.json()["needsAPerson"], 1);
        },
    )
    .await;
}

#[tokio::test]
async fn an_audit_beside_a_working_service_reports_nothing_false() {
    on_both_with(WorldBuilder::no_joining, async |world| {
        world.put_user(MEENA, 1_000_000_000_000).await;
        world.put_product(TEA, 14_900, 1_000_000).await;
        world.put_product(CUP, 24_950, 1_000_000).await;
        // At least one checkout for the audits to see, however quickly they finish.
        completed(world).await;
        let over = Cell::new(false);
        let at_work = join_all((0..8).map(|_| async {
            while !over.get() {
                // Completed, or compensated in place of the one that the fault was meant for.
                world.create(&cart(MEENA, &[(TEA, 2), (CUP, 1)])).await.id();
                rejected(world).await;
                compensated(world).await;
            }
        }));
        let audits = async {
            let mut seen = 0;
            for _each in 0..3 {
                let ran = run(world, &QUICKLY).await;
                assert_eq!(ran.code, Some(0), "{ran:?}");
                seen = ran.json()["sagas"].as_u64().expect("a number");
            }
            over.set(true);
            seen
        };
        let (seen, _) = join(audits, at_work).await;
        assert!(seen > 0);
    })
    .await;
}

#[tokio::test]
async fn a_payment_for_an_order_that_is_not_in_the_books_is_found_by_its_id() {
    for books in BOTH {
        let made = World::build(books).start().await;
        let world = &made;
        let (kept, lost) = (completed(world).await, completed(world).await);
        let never = Uuid::from_u128(7);
        let file = tempfile::NamedTempFile::new().expect("a file");
        let lines = format!("orderId,status\n{kept},Paid\n\"{lost}\",Paid\n\n# {never}\n{never}\n");
        std::fs::write(&file, lines).expect("written");
        let name = file.path().to_str().expect("a name");
        let ids = [&QUICKLY[..], &["--ids", name]].concat();
        let ran = run(world, &ids).await;
        let report = ran.json();
        assert_eq!(
            (ran.code, &report["ids"], &report["unknownIds"]),
            (Some(0), &json!(3), &json!(1))
        );
        let books = Raw::of(world).await;
        let all = "DELETE FROM saga_instance WHERE id = ID; DELETE FROM step_log WHERE saga_id = ID; \
                   DELETE FROM order_items WHERE order_id = ID; DELETE FROM orders WHERE id = ID; \
                   DELETE FROM outbox WHERE order_id = ID";
        books.break_books(lost, all).await;
        // Without its id, the audit can't find it.
        assert_eq!(run(world, &QUICKLY).await.code, Some(0));
        let ran = run(world, &ids).await;
        assert_eq!(ran.code, Some(1));
        assert_eq!(found(&ran.json(), lost), ["differs payment: nothing of this id | Paid"]);
        std::fs::write(&file, "orderId\nnot one\n").expect("written");
        assert_eq!(run(world, &ids).await.code, Some(2));
        assert_eq!(run(world, &["audit", "--ids", "/nowhere"]).await.code, Some(2));
        made.stop().await;
    }
}

//! Checkouts that go back, that wait for a person, and whose process was killed.

use order_service::sandbox::sample::{MEENA, MEENA_PROFILE};
use order_service::sandbox::{Call, Fault, FaultKind};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use super::scene::{ASYNC, SHORTLY, TWO_LINES_COST, WAIT, cup, one_line, two_lines};
use crate::harness::Books;
use crate::last_release::release::Release;

const FORGETFUL_PRODUCT: (&str, &str) = ("ORDER_SERVICE__SERVICES__PRODUCT__IDEMPOTENT", "false");
const FORGETFUL_PAYMENT: (&str, &str) = ("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", "false");

pub async fn going_back(release: &mut Release) {
    use Call::{Refund, Release as GiveBack, Reserve};
    use FaultKind::{DropAfter, ErrorAfter, ErrorBefore, Refuse};
    release.serve(&[]).await;
    for (name, call, kind, state) in [
        ("compensating", Refund, ErrorBefore, "Compensating"),
        ("compensating-refunded", Refund, ErrorAfter, "Compensating"),
        ("compensating-released", GiveBack, DropAfter, "Compensating"),
        ("exhausted", Refund, ErrorBefore, "Compensating"),
        ("refund-refused", Refund, Refuse, "Compensating Refused"),
        ("refund-refused-again", Refund, Refuse, "Compensating Refused"),
        ("refund-given-by-hand", Refund, Refuse, "Compensating Refused"),
        ("release-refused", GiveBack, Refuse, "Compensating Refused"),
    ] {
        let faults = [cup(Reserve, Refuse), Fault::once(call, kind)];
        release.leave(name, two_lines(), SHORTLY, faults, state).await;
    }
    release.fault(Fault::once(Refund, Refuse));
    release.say("refund-refused-again", "retry", json!({"reason": "mended"})).await;
    release.until_struck().await;
    release.until("refund-refused-again", "Compensating Refused").await;
    pay_by_hand(release, "refund-given-by-hand", "refund", TWO_LINES_COST).await;
    release.resolve("refund-given-by-hand", "refund_payment", None, true).await;
    release.until("refund-given-by-hand", "Compensated").await;

    let faults = [cup(Reserve, ErrorAfter)];
    release.leave("compensating-by-operator", two_lines(), ASYNC, faults, "Paid").await;
    release.fault(cup(GiveBack, ErrorBefore));
    release.say("compensating-by-operator", "compensate", json!({"reason": "asked for"})).await;
    release.until_struck().await;
    release.until("compensating-by-operator", "Compensating").await;
    release.stop().await;
}

pub async fn in_doubt(release: &mut Release) {
    use Call::{PaymentStatus, Process, Reserve};
    use FaultKind::{ErrorAfter, ErrorBefore};
    release.serve(&[FORGETFUL_PRODUCT, FORGETFUL_PAYMENT]).await;
    release.leave("completed-forgetful", two_lines(), WAIT, [], "Completed").await;
    for name in ["charge-in-doubt", "held-in-doubt", "completed-by-verdict", "paid-by-verdict"] {
        let faults = [Fault::once(Process, ErrorBefore)];
        release.leave(name, one_line(), ASYNC, faults, "Priced InDoubt").await;
    }
    release.say("held-in-doubt", "hold", json!({"reason": "the bank looks for it"})).await;
    release.resolve("completed-by-verdict", "charge_payment", None, false).await;
    release.until("completed-by-verdict", "Completed").await;
    pay_by_hand(release, "paid-by-verdict", "process", 14_900).await;
    release.fault(Fault::once(Reserve, ErrorBefore));
    release.resolve("paid-by-verdict", "charge_payment", None, true).await;
    release.until("paid-by-verdict", "Paid InDoubt").await;
    // Charged, and not known to be, as the look-up fails too.
    let faults = [Fault::once(Process, ErrorAfter), Fault::once(PaymentStatus, ErrorBefore)];
    release.leave("charged-in-doubt", one_line(), ASYNC, faults, "Priced InDoubt").await;
    for name in ["line-in-doubt", "all-lines-done"] {
        let faults = [cup(Reserve, ErrorAfter)];
        release.leave(name, two_lines(), SHORTLY, faults, "Paid InDoubt").await;
    }
    // It is held, so that it goes no further once a person has said that its second line is reserved.
    release.say("all-lines-done", "hold", json!({"reason": "counting the shelf"})).await;
    release.resolve("all-lines-done", "reserve_stock", Some(1), true).await;
    release.stop().await;
}

pub async fn going_back_in_doubt(release: &mut Release) {
    use Call::{Refund, Release as GiveBack, Reserve};
    use FaultKind::{ErrorAfter, ErrorBefore, Refuse};
    release.serve(&[FORGETFUL_PRODUCT, FORGETFUL_PAYMENT]).await;
    for (name, call) in [("refund-in-doubt", Refund), ("release-in-doubt", GiveBack)] {
        let faults = [cup(Reserve, Refuse), Fault::once(call, ErrorAfter)];
        release.leave(name, two_lines(), ASYNC, faults, "Compensating InDoubt").await;
    }
    let stopped = [
        ("back-with-line-in-doubt", ErrorAfter, None),
        ("back-by-verdicts", ErrorAfter, Some(GiveBack)),
        ("back-with-nothing-reserved", ErrorBefore, Some(Refund)),
    ];
    for (name, reserves, fails) in stopped {
        let faults = [cup(Reserve, reserves)];
        release.leave(name, two_lines(), ASYNC, faults, "Paid InDoubt").await;
        if let Some(call) = fails {
            release.fault(Fault::once(call, ErrorAfter));
        }
        release.say(name, "compensate", json!({"reason": "out of patience"})).await;
        release.until_struck().await;
        release.until(name, "Compensating InDoubt").await;
    }
    release.resolve("back-by-verdicts", "release_stock", Some(0), true).await;
    release.resolve("back-by-verdicts", "reserve_stock", Some(1), true).await;
    release.until("back-by-verdicts", "Compensated").await;
    release.resolve("back-with-nothing-reserved", "reserve_stock", Some(1), false).await;
    release.until("back-with-nothing-reserved", "Compensating InDoubt").await;
    release.stop().await;
}

/// A charge that the books know nothing of is found by the look before it is made: its key may be
/// forgotten by then. So may those of what comes after it, which is in doubt now.
pub async fn found(release: &mut Release) {
    pay_by_hand(release, "found", "process", 14_900).await;
    let forgotten_at_once = [
        ("ORDER_SERVICE__SERVICES__PRODUCT__KEY_MEMORY", "1ms"),
        ("ORDER_SERVICE__SERVICES__PAYMENT__KEY_MEMORY", "1ms"),
    ];
    release.serve(&forgotten_at_once).await;
    release.say("found", "retry", json!({"reason": "they are back"})).await;
    release.until("found", "Paid InDoubt").await;
    release.stop().await;
}

/// Its refund has failed for longer than it may.
pub async fn exhausted(release: &mut Release) {
    release.serve(&[("ORDER_SERVICE__RETRY__STUCK_AFTER", "4s")]).await;
    let is_long_enough = |saga: &Value| saga["ageSeconds"].as_i64() >= Some(5);
    release.until_it("exhausted", is_long_enough).await;
    release.fault(Fault::once(Call::Refund, FaultKind::ErrorBefore));
    release.say("exhausted", "retry", json!({"reason": "they are back"})).await;
    release.until("exhausted", "Compensating Exhausted").await;
    release.stop().await;
}

/// Two processes are killed in the middle of calls. The second has taken up what the first left.
pub async fn killed(release: &mut Release) {
    release.serve(&[FORGETFUL_PAYMENT]).await;
    let first = [
        ("killed-twice", Fault::once(Call::GetUser, FaultKind::HangBefore), "Started"),
        ("taken-over-while-charging", Fault::once(Call::Process, FaultKind::HangBefore), "Priced"),
        ("taken-over-while-reserving", cup(Call::Reserve, FaultKind::HangAfter), "Paid"),
    ];
    hang(release, first).await;
    release.kill();

    release.fault(Fault::once(Call::GetUser, FaultKind::HangBefore));
    release.serve(&[FORGETFUL_PRODUCT]).await;
    release.until("taken-over-while-charging", "Priced InDoubt").await;
    release.until("taken-over-while-reserving", "Paid InDoubt").await;
    release.until_struck().await;
    let second = [
        ("killed-while-pricing", cup(Call::GetProduct, FaultKind::HangBefore), "Started"),
        ("killed-while-charging", Fault::once(Call::Process, FaultKind::HangBefore), "Priced"),
        ("killed-while-charged", Fault::once(Call::Process, FaultKind::HangAfter), "Priced"),
        ("killed-while-reserving", cup(Call::Reserve, FaultKind::HangAfter), "Paid"),
    ];
    hang(release, second).await;
    for (name, call) in
        [("killed-while-refunding", Call::Refund), ("killed-while-releasing", Call::Release)]
    {
        release.fault(cup(Call::Reserve, FaultKind::Refuse));
        hang(release, [(name, Fault::once(call, FaultKind::HangAfter), "Compensating")]).await;
    }
    release.kill();
}

/// Leaves each in a call that does not end, in this state.
async fn hang<const N: usize>(release: &mut Release, sagas: [(&str, Fault, &str); N]) {
    for (name, fault, state) in sagas {
        release.fault(fault);
        release.begin(name, two_lines(), ASYNC).await;
        release.until_struck().await;
        release.until_it(name, |saga| saga["state"] == state && saga["owner"].is_string()).await;
    }
}

/// `Reserved` is always written together with `Completed`: no process leaves it behind, and its word may
/// stand in a row all the same. The saga all of whose lines are done is moved there by a statement.
pub async fn reserved(release: &mut Release) {
    let all_done = release.checkouts.remove("all-lines-done").expect("it was begun");
    let books = Database::connect(&release.database).await.expect("the books");
    let id = match release.books {
        Books::Sqlite => format!("X'{}'", all_done.id.simple()),
        Books::Postgres => format!("'{}'", all_done.id),
    };
    let sql = format!("UPDATE saga_instance SET state = 'Reserved' WHERE id = {id}");
    let updated = books.execute_unprepared(&sql).await.expect("the statement");
    assert_eq!(updated.rows_affected(), 1);
    books.close().await.expect("closing");
    release.checkouts.insert("reserved".to_owned(), all_done);
}

/// A person makes a payment (`process`) or gives it back (`refund`), so that what is said to have happened has.
async fn pay_by_hand(release: &Release, name: &str, call: &str, amount: i64) {
    let id = release.checkouts[name].id;
    let body = json!({
        "orderId": id,
        "userId": MEENA,
        "userProfileId": MEENA_PROFILE,
        "amount": amount,
    });
    let url = format!("{}/api/payments/{call}", release.sandbox.payment_url());
    let request = release.http.post(url).header("Idempotency-Key", format!("{id}:by_hand"));
    assert_eq!(request.json(&body).send().await.expect("an answer").status(), 200);
}

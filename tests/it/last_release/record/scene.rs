//! Checkouts at rest, and on their way forward: as they are where nothing but a neighbour is in the way.

use order_service::sandbox::sample::{ASHA, CUP, MEENA, RAVI, SAMOVAR, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::cart;
use crate::last_release::release::{NOBODY, Release};

/// Its client does not wait.
pub const ASYNC: &str = "respond-async";
/// Its client waits.
pub const WAIT: &str = "wait=30";
/// Its client waits, and in vain.
pub const SHORTLY: &str = "wait=1";

/// What [`two_lines`] cost, in paise.
pub const TWO_LINES_COST: i64 = 54_750;

/// Tea and a cup: two lines.
pub fn two_lines() -> Value {
    cart(MEENA, &[(TEA, 2), (CUP, 1)])
}

/// Tea.
pub fn one_line() -> Value {
    cart(MEENA, &[(TEA, 1)])
}

/// Strikes once, and only the cup's line.
pub fn cup(call: Call, kind: FaultKind) -> Fault {
    Fault { product_id: Some(CUP), ..Fault::once(call, kind) }
}

/// A cart whose customer saw this total.
fn expecting(mut cart: Value, total: i64) -> Value {
    cart["expectedTotal"] = json!(total);
    cart
}

pub async fn by_deadline(release: &mut Release) {
    use Call::{GetUser, Refund, Reserve};
    use FaultKind::ErrorBefore;
    release.serve(&[("ORDER_SERVICE__CHECKOUT__DEADLINE", "1s")]).await;
    let faults = [Fault::once(GetUser, ErrorBefore)];
    release.leave("rejected-by-deadline", one_line(), WAIT, faults, "Rejected").await;
    let faults = [cup(Reserve, ErrorBefore)];
    release.leave("compensated-by-deadline", two_lines(), WAIT, faults, "Compensated").await;
    let faults = [cup(Reserve, ErrorBefore), Fault::once(Refund, ErrorBefore)];
    release.leave("compensating-by-deadline", two_lines(), SHORTLY, faults, "Compensating").await;
    release.stop().await;
}

pub async fn at_rest(release: &mut Release) {
    release.serve(&[]).await;
    release.leave("completed", two_lines(), WAIT, [], "Completed").await;
    release.leave("completed-free", cart(ASHA, &[(STICKER, 3)]), WAIT, [], "Completed").await;
    let as_seen = expecting(one_line(), 14_900);
    release.leave("completed-as-expected", as_seen, WAIT, [], "Completed").await;
    release.leave("completed-unattended", one_line(), ASYNC, [], "Completed").await;
    release.begin_keyless("completed-without-key", cart(ASHA, &[(CUP, 2)]), WAIT).await;
    release.until("completed-without-key", "Completed").await;

    let faults = [cup(Call::Reserve, FaultKind::Refuse)];
    release.leave("compensated", two_lines(), WAIT, faults, "Compensated").await;
    let faults = [cup(Call::Reserve, FaultKind::ErrorBefore)];
    release.leave("compensated-by-operator", two_lines(), ASYNC, faults, "Paid").await;
    release.say("compensated-by-operator", "compensate", json!({"reason": "asked for"})).await;
    release.until("compensated-by-operator", "Compensated").await;
    release.stop().await;
}

/// For every cause, with the status that the client is answered.
pub async fn rejected(release: &mut Release) {
    release.serve(&[]).await;
    let nobody = Uuid::from_u128(9);
    let refused_with = |status| {
        Some(Fault { status: Some(status), ..Fault::on(Call::Process, FaultKind::Refuse) })
    };
    let senseless = |call, kind| Some(Fault::on(call, kind));
    let rejected = [
        ("no-profile", cart(nobody, &[(TEA, 1)]), None, 404),
        ("no-product", cart(ASHA, &[(TEA, 1), (nobody, 1)]), None, 404),
        ("no-stock", cart(ASHA, &[(TEA, 1), (SAMOVAR, 2)]), None, 409),
        ("other-price", expecting(two_lines(), 1), None, 409),
        ("no-balance", cart(RAVI, &[(TEA, 1)]), None, 409),
        ("no-payer", one_line(), refused_with(404), 404),
        ("odd-charge", one_line(), refused_with(400), 502),
        ("bad-price", one_line(), senseless(Call::GetProduct, FaultKind::NegativePrice), 502),
        ("other-user", one_line(), senseless(Call::GetUser, FaultKind::Elsewhere), 502),
    ];
    for (why, cart, fault, status) in rejected {
        if let Some(fault) = fault {
            release.fault(fault);
        }
        let answer = release.begin(&format!("rejected-{why}"), cart, WAIT).await;
        assert_eq!(answer.status, status, "{why}: {answer:?}");
        release.sandbox.clear_faults();
    }
    let faults = [Fault::once(Call::GetUser, FaultKind::ErrorBefore)];
    release.leave("rejected-by-operator", one_line(), ASYNC, faults, "Started").await;
    release.say("rejected-by-operator", "compensate", json!({"reason": "a test order"})).await;
    release.until("rejected-by-operator", "Rejected").await;
    release.stop().await;
}

pub async fn going_forward(release: &mut Release) {
    use Call::{GetProduct, GetUser, Process, Reserve};
    use FaultKind::{DropAfter, DropBefore, ErrorAfter, ErrorBefore};
    release.serve(&[]).await;
    let no_user = || Fault::once(GetUser, ErrorBefore);
    release.leave("started", one_line(), SHORTLY, [no_user()], "Started").await;
    release.fault(Fault::once(GetUser, DropBefore));
    release.begin_keyless("started-without-key", cart(ASHA, &[(TEA, 3)]), ASYNC).await;
    release.until("started-without-key", "Started").await;
    for (name, total) in [("profile-fetched", TWO_LINES_COST), ("profile-fetched-other-price", 7)] {
        let (cart, faults) = (expecting(two_lines(), total), [cup(GetProduct, ErrorBefore)]);
        release.leave(name, cart, ASYNC, faults, "ProfileFetched").await;
    }
    let faults = [Fault::once(Process, ErrorAfter)];
    release.leave("priced-and-charged", one_line(), ASYNC, faults, "Priced").await;
    release.leave("paid", two_lines(), ASYNC, [cup(Reserve, DropAfter)], "Paid").await;
    release.fault(Fault::once(Reserve, ErrorBefore));
    release.begin_keyless("paid-without-key", cart(ASHA, &[(TEA, 4)]), SHORTLY).await;
    release.until("paid-without-key", "Paid").await;

    // What an operator says is in the log.
    release.leave("started-and-retried", one_line(), ASYNC, [no_user()], "Started").await;
    release.fault(no_user());
    release.say("started-and-retried", "retry", json!({"reason": "they are back"})).await;
    release.until_struck().await;
    release.until("started-and-retried", "Started").await;
    let no_payment = || Fault::once(Process, ErrorBefore);
    release.leave("held", one_line(), ASYNC, [no_payment()], "Priced").await;
    release.say("held", "hold", json!({"reason": "the customer calls"})).await;
    release.leave("released", one_line(), ASYNC, [no_payment()], "Priced").await;
    release.say("released", "hold", json!({"reason": "looking at it"})).await;
    release.fault(no_payment());
    release.say("released", "release", json!({"reason": "all is well"})).await;
    release.until_struck().await;
    release.until("released", "Priced").await;
    release.stop().await;

    release.serve(&[("ServiceUrls__PaymentService", NOBODY)]).await;
    release.leave("priced", one_line(), ASYNC, [], "Priced").await;
    release.leave("found", one_line(), ASYNC, [], "Priced").await;
    release.stop().await;
}

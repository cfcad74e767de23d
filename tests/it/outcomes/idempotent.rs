//! Neighbours that keep keys: an effect of unknown outcome is sent again under its key until it is
//! settled (promise 11).

use std::collections::HashSet;

use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind, RecordResult};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;
use uuid::Uuid;

use super::{TEA_AND_KETTLE, TROUBLES, refuse_the_kettle, tea_and_kettle, trouble};
use crate::harness::{World, cart, on_both, on_both_with};

/// The call was made again under its key, and the neighbour acted once.
fn was_repeated(world: &World, id: Uuid, call: Call, acted_first: bool) {
    let product = matches!(call, Call::Reserve | Call::Release).then_some(TEA);
    let attempts = world.attempts(id, call, product);
    let results: Vec<_> = attempts.iter().map(|attempt| attempt.result).collect();
    let expected = if acted_first {
        [RecordResult::Acted, RecordResult::Replayed]
    } else {
        [RecordResult::FaultedBefore, RecordResult::Acted]
    };
    assert_eq!(results, expected, "{attempts:?}");
    assert_eq!(attempts.iter().map(|attempt| &attempt.key).collect::<HashSet<_>>().len(), 1);
}

#[tokio::test]
async fn an_effect_of_unknown_outcome_is_sent_again_under_its_key_and_the_order_stands() {
    on_both(async |world| {
        world.put_user(MEENA, 1_000_000_000).await;
        world.put_product(KETTLE, 189_900, 1_000).await;
        for call in [Call::Process, Call::Reserve] {
            for (kind, acts) in TROUBLES {
                world.fault(trouble(call, kind));
                let answer = world.create(&tea_and_kettle(MEENA)).await;
                let id = answer.is_created(MEENA, TEA_AND_KETTLE);
                was_repeated(world, id, call, acts);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_undoing_of_unknown_outcome_is_sent_again_under_its_key_and_everything_is_undone() {
    on_both(async |world| {
        for call in [Call::Refund, Call::Release] {
            for (kind, acts) in TROUBLES {
                world.fault(trouble(call, kind));
                refuse_the_kettle(world);
                let answer = world.create(&tea_and_kettle(MEENA)).await;
                assert_eq!((answer.status, answer.error()), (409, "Reservation failed"));
                was_repeated(world, answer.id(), call, acts);
                assert_eq!(world.status(answer.id()).await["state"], "Compensated");
            }
        }
        assert_eq!((world.wallet(MEENA), world.stock(TEA)), (10_000_000, 1_000));
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_slower_than_its_timeout_is_sent_again_and_acts_once() {
    on_both_with(
        |world| world.timeouts(150),
        async |world| {
            for call in [Call::Process, Call::Reserve, Call::Refund, Call::Release] {
                let slow = Fault { millis: Some(400), ..trouble(call, FaultKind::Slow) };
                world.fault(slow);
                let goes_back = matches!(call, Call::Refund | Call::Release);
                if goes_back {
                    refuse_the_kettle(world);
                }
                let answer = world.create_keyed(&tea_and_kettle(MEENA), &call.to_string()).await;
                let expected = if goes_back { 409 } else { 201 };
                assert_eq!(answer.status, expected, "{call}: {answer:?}");
                assert!(world.attempts(answer.id(), call, None).len() >= 2, "{call}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_call_that_never_ends_is_given_up_after_its_timeout_and_sent_again() {
    on_both_with(
        |world| world.timeouts(150),
        async |world| {
            for call in [Call::Process, Call::Reserve] {
                for kind in [FaultKind::HangBefore, FaultKind::HangAfter] {
                    world.fault(Fault::once(call, kind));
                    let key = format!("{call}-{kind:?}");
                    let answer = world.create_keyed(&tea_and_kettle(MEENA), &key).await;
                    answer.is_created(MEENA, TEA_AND_KETTLE);
                }
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_checkout_outlasts_trouble_that_lasts_for_a_while() {
    on_both(async |world| {
        for call in [Call::Process, Call::Reserve] {
            world.fault(Fault { times: Some(7), ..Fault::on(call, FaultKind::ErrorAfter) });
        }
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        for call in [Call::Process, Call::Reserve] {
            assert_eq!(world.attempts(id, call, None).len(), 8);
        }
    })
    .await;
}

#[tokio::test]
async fn a_neighbour_that_answers_with_retry_after_is_given_that_time() {
    on_both(async |world| {
        let busy = Fault::once(Call::Process, FaultKind::ErrorBefore);
        world.fault(Fault { retry_after: Some(1), ..busy });
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let attempts = world.attempts(id, Call::Process, None);
        let between = attempts[1].at - attempts[0].at;
        assert!(between.num_milliseconds() >= 990, "{between}");
    })
    .await;
}

#[tokio::test]
async fn a_status_that_the_interface_does_not_list_is_no_refusal() {
    on_both_with(
        |world| world.forgetful(),
        async |world| {
            for (call, statuses) in [
                (Call::Process, &[401, 403, 408, 410, 425, 429][..]),
                (Call::Reserve, &[401, 408, 410, 422, 429]),
            ] {
                for status in statuses {
                    let refuse = Fault::once(call, FaultKind::Refuse);
                    world.fault(Fault { status: Some(*status), ..refuse });
                    let answer = world.create(&cart(MEENA, &[(TEA, 1)])).await;
                    answer.is_created(MEENA, 14_900);
                }
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_refusal_after_an_unknown_attempt_is_believed_where_nothing_is_recorded() {
    on_both(async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::DropBefore));
        let answer = world.create(&cart(RAVI, &[(TEA, 1)])).await;
        let details = json!({"error": "Insufficient balance", "balance": 1_200});
        let error = "Payment failed - insufficient balance";
        let id = answer.is_refusal(409, error, json!({"details": details}));
        assert_eq!(world.status(id).await["state"], "Rejected");
        assert_eq!(world.sandbox.ledger().totals.reads.payment, 1);
    })
    .await;
}

#[tokio::test]
async fn a_refusal_after_an_unknown_attempt_is_not_believed_where_the_payment_is_recorded() {
    on_both_with(
        |world| world.forgetful(),
        async |world| {
            // The first attempt took all the stock, so the second one is refused.
            let just_enough = Uuid::from_u128(61);
            world.put_user(just_enough, 14_900).await;
            world.fault(Fault::once(Call::Process, FaultKind::ErrorAfter));
            let answer = world.create(&cart(just_enough, &[(TEA, 1)])).await;
            let id = answer.is_created(just_enough, 14_900);
            assert_eq!(world.attempts(id, Call::Process, None).len(), 2);
            assert_eq!(world.wallet(just_enough), 0);
        },
    )
    .await;
}

#[tokio::test]
async fn a_saga_is_marked_as_at_risk_only_while_its_money_may_be_out() {
    on_both(async |world| {
        let books = Database::connect(world.config.database.url.reveal()).await.expect("the books");
        let marked = async || {
            let sql = "SELECT count(*) FROM saga_instance WHERE at_risk";
            let asked = Statement::from_string(books.get_database_backend(), sql);
            let row = books.query_one_raw(asked).await.expect("the books").expect("a count");
            row.try_get_by_index::<i64>(0).expect("a count")
        };
        world.fault(Fault::once(Call::Process, FaultKind::HangAfter));
        let (tea, headers) = (cart(MEENA, &[(TEA, 1)]), [("Prefer", "respond-async")]);
        let id = world.create_with(&tea, &headers).await.is_accepted(MEENA);
        world.until_sent(Call::Process, 1).await;
        assert_eq!(marked().await, 1);
        world.sandbox.clear_faults();
        world.until(async || world.status(id).await["state"] == "Completed").await;
        assert_eq!(marked().await, 0);
    })
    .await;
}

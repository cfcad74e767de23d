//! Wall clocks that are set, and machines whose clocks differ (promise 34): nothing waits for as long as
//! the difference, and no checkout is given up because of it.

use std::time::Duration;

use chrono::TimeDelta;
use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, CUP, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use uuid::Uuid;

use crate::harness::{Books, World, cart, on_both, on_both_with};

const HOUR: TimeDelta = TimeDelta::hours(1);
/// Shorter than the longest pause that a neighbour may ask for.
const MINUTES: TimeDelta = TimeDelta::minutes(5);

/// A checkout that was charged, and whose refund waits for its next attempt.
async fn waiting_refund(world: &World, key: &str) -> Uuid {
    world.fault(Fault::on(Call::Refund, FaultKind::ErrorBefore));
    world.fault(Fault { product_id: Some(CUP), ..Fault::on(Call::Reserve, FaultKind::Refuse) });
    let cart = cart(ASHA, &[(TEA, 1), (CUP, 1)]);
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
    world.until(async || world.attempts(id, Call::Refund, None).len() > 2).await;
    id
}

async fn is_refunded(world: &World, id: Uuid) {
    world.sandbox.clear_faults();
    world.until(async || world.status(id).await["state"] == "Compensated").await;
    assert_eq!(world.wallet(ASHA), 500_000);
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_up_nothing_that_waits() {
    on_both(async |world| {
        for (key, back) in [("a", -HOUR), ("b", -MINUTES), ("c", -MINUTES * 24)] {
            let id = waiting_refund(world, key).await;
            world.clock.set_machine_time_by(back);
            is_refunded(world, id).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_deadline_is_no_further_off_for_a_clock_that_is_set_back() {
    on_both_with(
        |world| world.deadline(1_000),
        async |world| {
            world.fault(Fault::on(Call::GetProduct, FaultKind::ErrorBefore));
            let headers = [("Prefer", "respond-async")];
            let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
            world.clock.set_machine_time_by(-HOUR);
            world.until(async || world.status(id).await["state"] == "Rejected").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_forward_gives_up_no_checkout() {
    on_both_with(
        |world| world.timeouts(1_000),
        async |world| {
            for fault in [FaultKind::ErrorBefore, FaultKind::HangBefore] {
                let cart = cart(ASHA, &[(TEA, 1)]);
                world.fault(Fault::once(Call::GetProduct, fault));
                let set = async {
                    world.until_struck().await;
                    world.clock.set_machine_time_by(HOUR);
                };
                let (answer, ()) = tokio::join!(world.create(&cart), set);
                assert_eq!(answer.status, 201, "{answer:?}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_schedule_left_by_a_machine_whose_clock_was_ahead_is_due_in_time() {
    for (books, ahead) in [(Books::Postgres, HOUR), (Books::Postgres, -HOUR), (Books::Sqlite, HOUR)]
    {
        let clock = Clock::system();
        clock.set_machine_time_by(ahead);
        let world = World::build(books).start().await.restart_on(clock).await;
        let id = waiting_refund(&world, "k").await;
        let found = world.inspect(id).await;
        let world = world.restart().await;
        is_refunded(&world, id).await;
        if books == Books::Postgres {
            let accepted = found["createdAt"].as_str().expect("a time");
            let accepted = chrono::DateTime::parse_from_rfc3339(accepted).expect("a time");
            let age = Clock::system().now() - accepted.to_utc();
            assert!(
                age.abs() < TimeDelta::from_std(Duration::from_mins(5)).expect("short"),
                "{age}"
            );
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn trouble_shows_as_stuck_in_time_though_the_clock_was_set_back() {
    let stuck_soon = |config: &mut order_service::config::Config| {
        config.retry.stuck_after = Duration::from_millis(200);
    };
    on_both_with(
        move |world| world.set(stuck_soon),
        async |world| {
            let id = waiting_refund(world, "k").await;
            world.clock.set_machine_time_by(-HOUR);
            world.until(async || world.inspect(id).await["stuck"]["kind"] == "Exhausted").await;
            is_refunded(world, id).await;
        },
    )
    .await;
}

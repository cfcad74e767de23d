//! A database that is restored from a backup older than the neighbours remember keys: nothing is
//! charged twice, and what can't be known is left to a person (promise 35).

use std::fs;
use std::path::PathBuf;

use chrono::TimeDelta;
use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Books, World, cart};

/// A world with a checkout that waits before it is priced, and a copy of its database at that time.
async fn backed_up() -> (World, Uuid, PathBuf) {
    let world = World::build(Books::Sqlite).start().await;
    world.fault(Fault::on(Call::GetProduct, FaultKind::ErrorBefore));
    let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
    let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
    world.until(async || world.inspect(id).await["attempts"].as_u64() > Some(1)).await;
    let copy = std::env::temp_dir().join(format!("{id}.db"));
    let books = Database::connect(world.config.database.url.reveal()).await.expect("the books");
    books.execute_unprepared(&format!("VACUUM INTO '{}'", copy.display())).await.expect("a copy");
    books.close().await.expect("closing");
    (world, id, copy)
}

/// A day and an hour later, the database is restored from that copy.
async fn restored(world: World, copy: PathBuf) -> World {
    let clock = Clock::system();
    clock.set_machine_time_by(TimeDelta::hours(25));
    world
        .restart_after(clock, |config| {
            let url = config.database.url.reveal();
            let file = url.strip_prefix("sqlite://").expect("a file");
            for beside in ["-wal", "-shm"] {
                // There may be none.
                let _gone = fs::remove_file(format!("{file}{beside}"));
            }
            fs::copy(&copy, file).expect("restored");
            fs::remove_file(&copy).expect("ours");
        })
        .await
}

#[tokio::test]
async fn what_was_charged_after_the_backup_is_not_charged_again() {
    let (world, id, copy) = backed_up().await;
    world.sandbox.clear_faults();
    world.until(async || world.status(id).await["state"] == "Completed").await;
    let world = restored(world, copy).await;
    world.until(async || world.inspect(id).await["stuck"]["kind"] == "InDoubt").await;
    let detail = world.inspect(id).await;
    assert_eq!((&detail["state"], &detail["effects"]["charged"]), (&json!("Paid"), &json!("yes")));
    assert_eq!(detail["effects"]["lines"][0]["reserved"], "unknown");
    let verdict = json!({"step": "reserve_stock", "line": 0, "happened": true, "reason": "there"});
    let resolved = world.intervene(&format!("/sagas/{id}/resolve"), &verdict).await;
    assert_eq!(resolved.status, 200, "{resolved:?}");
    world.until(async || world.status(id).await["state"] == "Completed").await;
    assert_eq!(world.attempts(id, Call::Process, None).len(), 1);
    assert_eq!(world.attempts(id, Call::Reserve, None).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_was_charged_after_the_backup_is_refunded_if_the_checkout_goes_back() {
    let (world, id, copy) = backed_up().await;
    world.sandbox.clear_faults();
    world.fault(Fault { product_id: Some(TEA), ..Fault::on(Call::Reserve, FaultKind::HangBefore) });
    world.until_sent(Call::Process, 1).await;
    let world = restored(world, copy).await;
    world.fault(Fault::on(Call::GetProduct, FaultKind::ErrorBefore));
    world.sandbox.clear_faults();
    world.until(async || world.inspect(id).await["stuck"]["kind"] == "InDoubt").await;
    let stop = json!({"reason": "restored"});
    assert_eq!(world.intervene(&format!("/sagas/{id}/compensate"), &stop).await.status, 200);
    world.until(async || world.attempts(id, Call::Refund, None).len() == 1).await;
    let verdict =
        json!({"step": "reserve_stock", "line": 0, "happened": false, "reason": "not there"});
    assert_eq!(world.intervene(&format!("/sagas/{id}/resolve"), &verdict).await.status, 200);
    world.until(async || world.status(id).await["state"] == "Compensated").await;
    assert_eq!(world.wallet(ASHA), 500_000);
    world.finish().await;
}

#[tokio::test]
async fn what_was_never_charged_is_looked_up_and_then_charged() {
    let (world, id, copy) = backed_up().await;
    let world = restored(world, copy).await;
    world.sandbox.clear_faults();
    world.until(async || world.status(id).await["state"] == "Completed").await;
    let steps = world.inspect(id).await["steps"].clone();
    let charges = steps.as_array().expect("a list").iter();
    let charges = charges.filter(|step| step["step"] == "charge_payment");
    let outcomes: Vec<_> = charges.map(|step| step["outcome"].clone()).collect();
    assert_eq!(outcomes, [json!("notSent"), json!("done")]);
    world.finish().await;
}

//! What operators are told, and when it was or will be so.

use order_service::sandbox::sample::{ASHA, MEENA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{parked, patient};
use crate::harness::{Answer, TOKEN, World, cart, on_both, on_both_with};

fn will(detail: &Value, action: &str) -> String {
    let mut previews = detail["previews"].as_array().expect("a list").iter();
    let preview = previews.find(|preview| preview["action"] == action).expect("it is allowed");
    preview["will"].as_str().expect("words").to_owned()
}

async fn begun(world: &World, key: &str) -> Uuid {
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    world.create_with(&cart(MEENA, &[(TEA, 1)]), &headers).await.is_accepted(MEENA)
}

#[tokio::test]
async fn while_a_charge_is_in_flight_the_preview_knows_that_it_may_have_to_be_undone() {
    on_both_with(patient, async |world| {
        for (kind, key) in [(FaultKind::HangBefore, "before"), (FaultKind::HangAfter, "after")] {
            world.fault(Fault::once(Call::Process, kind));
            let id = begun(world, key).await;
            world.until(async || world.inspect(id).await["effects"]["charged"] == "unknown").await;
            let foretold = will(&world.inspect(id).await, "compensate");
            let path = format!("/sagas/{id}/compensate");
            let done = world.intervene(&path, &json!({"reason": "they asked"})).await;
            assert_eq!((done.status, &done.body["did"]), (200, &json!(foretold)));
            world.until(async || world.status(id).await["state"] == "Compensated").await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_only_looked_up_is_not_said_to_be_tried() {
    let forgetful = |world: crate::harness::WorldBuilder| patient(world.not_idempotent());
    on_both_with(forgetful, async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::DropAfter));
        world.fault(Fault::on(Call::PaymentStatus, FaultKind::ErrorBefore));
        let id = begun(world, "k").await;
        world.until(async || world.inspect(id).await["nextAttemptAt"].is_string()).await;
        let detail = world.inspect(id).await;
        let words = "looks charge_payment up now, and sends nothing";
        assert_eq!(will(&detail, "retry"), words);
        assert_eq!(detail["next"]["what"], words.replace(" now", ""));
        world.sandbox.clear_faults();
        let path = format!("/sagas/{id}/retry");
        let done = world.intervene(&path, &json!({"reason": "it is well"})).await;
        assert_eq!((done.status, &done.body["did"]), (200, &json!(words)));
        world.until(async || world.status(id).await["state"] == "Completed").await;
        assert_eq!(world.attempts(id, Call::Process, None).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_client_was_told_of_a_refusal_since_it_was_decided() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::Reserve, "k").await;
        let path = format!("/sagas/{id}/compensate");
        world.intervene(&path, &json!({"reason": "they asked"})).await;
        world.until(async || world.status(id).await["state"] == "Compensated").await;
        let detail = world.inspect(id).await;
        let of = |list: &Value, is_it: &dyn Fn(&Value) -> bool| {
            list.as_array()
                .expect("a list")
                .iter()
                .find(|it| is_it(it))
                .expect("it is there")
                .clone()
        };
        let stopped = of(&detail["steps"], &|step| step["phase"] == "operator");
        let told = of(&detail["told"], &|told| told["status"] == 500);
        assert_eq!(told["at"], stopped["startedAt"], "{detail}");
        let past = world.operator(&format!("/sagas/{id}?atSeq=1")).await.body;
        assert_eq!(past["told"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn without_a_body_the_reason_is_missing_and_without_a_token_no_path_is_known() {
    on_both(async |world| {
        let id = begun(world, "k").await;
        for action in ["retry", "compensate", "resolve", "hold", "release", "notes"] {
            let url = world.url(&format!("/api/operator/sagas/{id}/{action}"));
            let answer = world.http.post(url).bearer_auth(TOKEN).send().await;
            let answer = Answer::of(answer.expect("an answer")).await;
            assert_eq!(answer.status, 400, "{action}: {answer:?}");
        }
        for path in ["/api/operator/nothing", "/api/operator/sagas/1/2/3"] {
            let nobody = world.get(path).await;
            assert_eq!((nobody.status, nobody.error()), (401, "An operator token is needed"));
        }
        world.operator("/nothing").await.is_problem(404, "Not found", json!({}));
        world.decided(&cart(MEENA, &[(TEA, 1)]), "k").await.is_created(MEENA, 14_900);
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
    })
    .await;
}

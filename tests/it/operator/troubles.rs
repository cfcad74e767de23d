//! Sagas in trouble: what is out by them, why, what comes next, and how they are found among all others (promise 65).

use order_service::sandbox::sample::{ASHA, CUP, MEENA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{REASON, listed, parked, patient};
use crate::harness::{World, cart, on_both, on_both_with};

/// A checkout whose refund fails again and again, and whose stock was given back.
async fn owed(world: &World, user: Uuid, key: &str) -> Uuid {
    world.fault(Fault::on(Call::Refund, FaultKind::ErrorBefore));
    world.fault(Fault { product_id: Some(CUP), ..Fault::once(Call::Reserve, FaultKind::Refuse) });
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    let cart = cart(user, &[(TEA, 1), (CUP, 1)]);
    let id = world.create_with(&cart, &headers).await.is_accepted(user);
    world.until(async || world.attempts(id, Call::Refund, None).len() > 1).await;
    world.until(async || world.inspect(id).await["lastError"].is_string()).await;
    id
}

/// The refunds get through.
async fn settle(world: &World, owed: &[Uuid]) {
    world.sandbox.clear_faults();
    for id in owed {
        world.until(async || world.status(*id).await["state"] == "Compensated").await;
    }
}

async fn groups(world: &World) -> Vec<Value> {
    let answer = world.operator("/groups").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_saga_says_what_is_out_why_it_goes_back_and_what_it_does_next() {
    on_both(async |world| {
        let fine = world.create(&cart(ASHA, &[(CUP, 1)])).await.id();
        let detail = world.inspect(fine).await;
        assert_eq!(detail["atRisk"], json!({"money": 0, "stock": []}));
        assert_eq!((&detail["cause"], &detail["next"]), (&Value::Null, &Value::Null));
        let owed = owed(world, ASHA, "owed").await;
        let detail = world.inspect(owed).await;
        let total = detail["totalAmount"].clone();
        assert_eq!(detail["atRisk"]["money"], total);
        assert_eq!(detail["atRisk"]["stock"], json!([]));
        let cause = detail["cause"].as_str().expect("it goes back");
        assert!(cause.starts_with("reserve_stock was refused for line 1"), "{cause}");
        let what = detail["next"]["what"].as_str().expect("it is not at rest");
        assert!(what.contains("tries refund_payment"), "{what}");
        let told = detail["told"].as_array().expect("a list");
        assert_eq!((&told[0]["via"], &told[0]["status"]), (&json!("http"), &json!(202)));
        assert_eq!(told[1]["what"], "Reservation failed");
        let list = world.operator("/sagas?holds=money").await.body;
        assert_eq!(list["items"][0]["atRisk"]["money"], total);
        let out = world.operator("/summary").await.body["out"].clone();
        assert_eq!(out, json!({"moneySagas": 1, "money": total, "stockSagas": 0, "pieces": 0}));
        world.sandbox.clear_faults();
        world.until(async || world.status(owed).await["state"] == "Compensated").await;
        let detail = world.inspect(owed).await;
        assert_eq!((&detail["atRisk"]["money"], &detail["next"]), (&json!(0), &Value::Null));
        assert!(detail["cause"].is_string(), "it went back");
        assert_eq!(listed(world, "holds=money").await, [] as [Uuid; 0]);
        assert_eq!(world.operator("/summary").await.body["out"]["money"], 0);
    })
    .await;
}

#[tokio::test]
async fn sagas_in_trouble_are_found_by_what_is_wrong_with_them() {
    on_both(async |world| {
        world.create(&cart(ASHA, &[(CUP, 1)])).await.id();
        let first = owed(world, ASHA, "first").await;
        let second = owed(world, MEENA, "second").await;
        let both = &[second, first][..];
        for (query, expected) in [
            ("step=refund_payment", both),
            ("step=charge_payment", &[]),
            ("neighbour=payment", both),
            ("neighbour=product", &[]),
            ("holds=money", both),
            ("holds=stock", &[]),
            ("holds=money&limit=1", &both[..1]),
            ("holds=money&sort=age", &[first, second]),
            ("sort=money&holds=money&state=Compensating", &[second, first]),
            ("idempotencyKey=first", &[first]),
            ("idempotencyKey=third", &[]),
            ("minAmount=9000000&holds=money", &[]),
            ("minAmount=1&holds=money", both),
        ] {
            let mut found = listed(world, query).await;
            if query.contains("sort=money") {
                // They are of one amount.
                found.sort_by_key(|id| *id != second);
            }
            assert_eq!(found, expected, "{query}");
        }
        assert_eq!(listed(world, &format!("orderId={first}")).await, [first]);
        let key = format!("{first}:refund_payment").replace(':', "%3A");
        assert_eq!(listed(world, &format!("idempotencyKey={key}")).await, [first]);
        let groups = groups(world).await;
        let [group] = &groups[..] else { panic!("one group: {groups:?}") };
        assert_eq!(
            (&group["kind"], &group["step"], &group["stuck"], &group["count"]),
            (&json!("checkout"), &json!("refund_payment"), &Value::Null, &json!(2))
        );
        let alike = json!({"id": group["id"], "count": 2});
        assert_eq!(world.inspect(second).await["group"], alike, "the page leads to the others");
        let money = world.inspect(first).await["totalAmount"].as_i64().expect("priced") * 2;
        assert_eq!(group["money"], money);
        assert_eq!(group["sample"], first.to_string());
        let error = group["error"].as_str().expect("a text");
        assert!(!error.contains(char::is_numeric), "{error}");
        let id = group["id"].as_str().expect("an id");
        assert_eq!(listed(world, &format!("group={id}")).await, both);
        for bad in ["step=x", "neighbour=x", "holds=x", "sort=x", "minAmount=x", "orderId=x"] {
            assert_eq!(world.operator(&format!("/sagas?{bad}")).await.status, 400, "{bad}");
        }
        for empty in ["group=", "idempotencyKey=", "stuck=", "stuck=Lost"] {
            assert_eq!(world.operator(&format!("/sagas?{empty}")).await.status, 400, "{empty}");
        }
        settle(world, &[first, second]).await;
        assert_eq!(self::groups(world).await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_list_by_money_goes_on_with_those_by_which_none_is_out() {
    on_both(async |world| {
        let mut rest = Vec::new();
        for _each in 0..3 {
            rest.insert(0, world.create(&cart(ASHA, &[(CUP, 1)])).await.id());
        }
        let owed = [owed(world, ASHA, "a").await, owed(world, MEENA, "b").await];
        for limit in 1..=6 {
            let (mut all, mut next) = (Vec::new(), String::new());
            loop {
                let path = format!("/sagas?sort=money&limit={limit}{next}");
                let page = world.operator(&path).await.body;
                let items = page["items"].as_array().expect("a list");
                all.extend(items.iter().map(|saga| saga["id"].as_str().expect("an id").to_owned()));
                let Some(cursor) = page["next"].as_str() else { break };
                assert!(!items.is_empty(), "a page without anything: {path}");
                next = format!("&cursor={cursor}");
            }
            let all: Vec<Uuid> = all.iter().map(|id| id.parse().expect("an id")).collect();
            assert_eq!(all[2..], rest, "{limit} a page");
            assert!(owed.iter().all(|id| all[..2].contains(id)), "{limit} a page: {all:?}");
        }
        settle(world, &owed).await;
    })
    .await;
}

#[tokio::test]
async fn another_attempt_that_fails_alike_is_no_new_version_and_a_word_is() {
    on_both(async |world| {
        let id = owed(world, ASHA, "k").await;
        let sent = || world.attempts(id, Call::Refund, None).len();
        let before = world.inspect(id).await["version"].clone();
        let (from, note) = (sent(), json!({"text": "the bank was told"}));
        assert_eq!(world.intervene(&format!("/sagas/{id}/notes"), &note).await.status, 201);
        world.until(async || sent() > from + 2).await;
        world.until(async || world.inspect(id).await["owner"].is_null()).await;
        let detail = world.inspect(id).await;
        assert_eq!(detail["version"], before);
        assert_eq!(detail["notes"][0]["text"], "the bank was told");
        let hold = format!("/sagas/{id}/hold");
        let version = before.to_string();
        let body = json!({"reason": REASON});
        let held = world.intervene_with(&hold, &body, &[("If-Match", &version)]).await;
        assert_eq!(held.status, 200, "{held:?}");
        let after = held.body["saga"]["version"].as_i64();
        assert!(after > before.as_i64(), "{after:?}");
        let release = format!("/sagas/{id}/release");
        let stale = world.intervene_with(&release, &body, &[("If-Match", &version)]).await;
        assert_eq!((stale.status, stale.body["version"].as_i64()), (412, after));
        assert_eq!(world.intervene(&release, &body).await.status, 200);
        world.sandbox.clear_faults();
        world.until(async || world.status(id).await["state"] == "Compensated").await;
        assert!(world.inspect(id).await["version"].as_i64() > after);
    })
    .await;
}

#[tokio::test]
async fn a_saga_is_shown_as_it_was_after_an_entry() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::Process, "k").await;
        world.sandbox.clear_faults();
        let path = format!("/sagas/{id}/retry");
        assert_eq!(world.intervene(&path, &json!({"reason": REASON})).await.status, 200);
        world.until(async || world.status(id).await["state"] == "Completed").await;
        let steps = world.inspect(id).await["steps"].as_array().expect("a list").clone();
        let last = steps.iter().filter_map(|step| step["settledSeq"].as_i64()).max();
        let last = last.expect("a log");
        let mut states = Vec::new();
        for seq in 1..=last {
            let answer = world.operator(&format!("/sagas/{id}?atSeq={seq}")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let then = answer.body;
            assert_eq!((&then["atSeq"], &then["lastSeq"]), (&json!(seq), &json!(last)));
            assert_eq!((&then["version"], &then["next"]), (&Value::Null, &Value::Null));
            assert_eq!(then["actions"], json!([]));
            states.push(then["state"].as_str().expect("a state").to_owned());
        }
        states.dedup();
        assert_eq!(states.last().map(String::as_str), Some("Completed"));
        assert!(states.contains(&"Priced".to_owned()), "{states:?}");
        assert!(states.contains(&"Paid".to_owned()), "{states:?}");
        let beyond = world.operator(&format!("/sagas/{id}?atSeq={}", last + 1)).await;
        beyond.is_problem(404, "No such entry", json!({}));
        for bad in ["0", "-1", "x", ""] {
            assert_eq!(world.operator(&format!("/sagas/{id}?atSeq={bad}")).await.status, 400);
        }
    })
    .await;
}

#[tokio::test]
async fn those_that_an_older_binary_wrote_are_found_as_well() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::Process, "k").await;
        assert_eq!(listed(world, "neighbour=payment").await, [id]);
        let groups_before = groups(world).await;
        let url = world.config.database.url.reveal();
        let books = Database::connect(url).await.expect("the books");
        books.execute_unprepared("DELETE FROM saga_trouble").await.expect("the books");
        books.close().await.expect("closing");
        assert_eq!(listed(world, "neighbour=payment").await, [] as [Uuid; 0]);
        world.store().note_troubles().await.expect("the books");
        assert_eq!(groups(world).await, groups_before);
        let retry = format!("/sagas/{id}/retry");
        assert_eq!(world.intervene(&retry, &json!({"reason": REASON})).await.status, 200);
        world.until(async || world.status(id).await["state"] == "Completed").await;
        assert_eq!(listed(world, "neighbour=payment").await, [] as [Uuid; 0]);
    })
    .await;
}

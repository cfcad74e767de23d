//! A bulk run of some hundred sagas, whose replicas are killed and put to sleep while they carry it out:
//! each saga is acted on once (promise 64).

use std::time::Duration;

use order_service::saga::SagaId;
use order_service::sandbox::Idempotency;
use reqwest::Method;
use serde_json::{Value, json};

use super::audit::all_sagas;
use super::world::{Books, World, setting};

const SAGAS: usize = 200;

/// Asks a replica that answers.
async fn ask(world: &World, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    loop {
        for door in world.doors() {
            let url = format!("http://{door}/api/operator/{path}");
            let request = http.request(method.clone(), url).bearer_auth("t").json(body);
            // A replica that sleeps gives no answer.
            let sent = request.timeout(Duration::from_secs(5)).send().await;
            let Ok(answer) = sent else { continue };
            let status = answer.status().as_u16();
            let Ok(body) = answer.json::<Value>().await else { continue };
            if status != 503 {
                return (status, body);
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn run_of(world: &World, id: &str) -> Value {
    ask(world, Method::GET, &format!("bulk/{id}?limit=500"), &Value::Null).await.1
}

fn ended(run: &Value) -> u64 {
    let results = &run["results"];
    let count = |word: &str| results[word].as_u64().unwrap_or(0);
    count("done") + count("moved on")
}

/// Has a run carried out while replicas die; `None` where there is nothing to act on.
async fn carried_out(world: &mut World) -> Option<Value> {
    let body = json!({
        "action": "retry", "filter": {"step": "charge_payment"}, "reason": "they are back",
        "perSecond": 40,
    });
    let (status, run) = ask(world, Method::POST, "bulk", &body).await;
    if status == 400 {
        return None;
    }
    assert_eq!(status, 201, "{run}");
    let (id, count) = (run["id"].as_str().expect("an id").to_owned(), run["count"].as_u64());
    let (status, said) = ask(world, Method::POST, &format!("bulk/{id}/start"), &json!({})).await;
    assert_eq!(status, 200, "{said}");
    for round in 0..setting("CRASH_ROUNDS", 3) {
        let before = ended(&run_of(world, &id).await);
        let more = world.dice.between(2, 25) as u64;
        let wanted = (before + more).min(count.unwrap_or(0));
        world.until("it goes on", async || ended(&run_of(world, &id).await) >= wanted).await;
        // All but one, so that whoever leads is among them.
        let spared = world.dice.between(0, 2);
        for victim in (0..3).filter(|victim| *victim != spared) {
            if round % 2 == 0 { world.kill(victim) } else { world.stop(victim) }
        }
        let before = ended(&run_of(world, &id).await);
        let is_over = async || {
            let run = run_of(world, &id).await;
            run["state"] == "done" || ended(&run) > before + 2
        };
        world.until("another goes on", is_over).await;
        for victim in (0..3).filter(|victim| *victim != spared) {
            world.comes_back(victim);
            world.replicas[victim].ready().await;
        }
    }
    world.until("it is done", async || run_of(world, &id).await["state"] == "done").await;
    Some(run_of(world, &id).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_saga_of_a_bulk_run_is_acted_on_once_whoever_dies() {
    let patient = |orders: super::replica::Orders| {
        orders
            .with("ORDER_SERVICE__RETRY__INITIAL", &"10m")
            .with("ORDER_SERVICE__RETRY__MAX", &"10m")
            .with("ORDER_SERVICE__CHECKOUT__DEADLINE", &"2h")
            .with("ORDER_SERVICE__CIRCUIT__FAILURES", &1_000)
    };
    let kinds = Idempotency::default();
    let mut world = World::start_with("a bulk run", Books::Postgres, kinds, 3, patient).await;
    world.sandbox.inject(json!({"call": "process", "fault": "error_before"})).await;
    world.clients.rush(world.replicas[0].address, SAGAS, "respond-async").await;
    let books = world.books().await;
    let all_wait = async || {
        let sagas = all_sagas(&books).await;
        sagas.iter().all(|saga| saga.is_at_rest() || (saga.owner.is_none() && saga.attempts > 0))
    };
    world.until("whoever pays waits for an hour", all_wait).await;
    world.sandbox.calm_down().await;
    let mut runs = 0;
    // A saga whose owner died before its word was durable has moved on, and is for the next run.
    while let Some(run) = carried_out(&mut world).await {
        runs += 1;
        assert!(runs < 5, "they never come to an end: {run}");
        let items = run["items"].as_array().expect("items");
        assert!(runs > 1 || items.len() > SAGAS / 2, "{}", items.len());
        for item in items {
            let id = SagaId(item["id"].as_str().expect("an id").parse().expect("one"));
            let saga = books.inspect(id).await.expect("the books").expect("it is there");
            let words = saga.steps.iter().filter(|step| step.phase == "operator").count();
            match item["result"].as_str() {
                Some("done") => assert_eq!(words, 1, "{item}: {:#?}", saga.steps),
                Some("moved on") => assert_eq!(words, 0, "{item}: {:#?}", saga.steps),
                _other => panic!("{item}"),
            }
        }
    }
    assert!(runs > 0);
    books.close().await;
    world.finish().await;
}

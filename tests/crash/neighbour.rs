//! The neighbours are killed under load, and started again at their addresses with all they remember.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use order_service::clock::Clock;
use order_service::sandbox::{Idempotency, RecordResult, sample};
use serde_json::{Value, json};

use super::sandbox::SandboxProcess;
use super::world::{Books, World, either, setting};

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_that_die_under_load_and_come_back_find_nothing_lost_or_doubled() {
    let mut world = World::start("neighbours killed", Books::Postgres, either(2), 3).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 3) {
        world.served(10, 40).await;
        world.kill_sandbox();
        world.served(1, 12).await;
        world.sandbox.revive().await;
    }
    storm.over().await;
    world.finish().await;
}

/// All other tests here compare the books with the sandbox's ledger, so the ledger itself is tested.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_sandbox_answered_is_in_its_ledger_after_it_was_killed() {
    const CALLERS: usize = 16;
    let directory = tempfile::tempdir().expect("a directory");
    let mut sandbox = SandboxProcess::start(directory.path(), Idempotency::default()).await;
    sandbox.stock_up().await;
    let answered: Arc<Mutex<HashMap<String, Value>>> = Arc::default();
    let url = format!("http://{}/api/products/{}/reserve", sandbox.product, sample::TEA);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let reserve = async |key: &str| -> Option<Value> {
        let request = http.post(&url).header("Idempotency-Key", key).json(&json!({"quantity": 1}));
        request.send().await.ok()?.json().await.ok()
    };
    let call = async || {
        loop {
            let key = Clock::system().fresh_id().to_string();
            let Some(answer) = reserve(&key).await else { return };
            answered.lock().expect("unpoisoned").insert(key, answer);
        }
    };
    let callers = futures::future::join_all((0..CALLERS).map(|_| call()));
    let kill = async {
        while answered.lock().expect("unpoisoned").len() < 200 {
            tokio::task::yield_now().await;
        }
        sandbox.kill();
    };
    tokio::join!(callers, kill);
    sandbox.revive().await;

    let ledger = sandbox.ledger().await;
    let acted = ledger.records.iter().filter(|record| record.result == RecordResult::Acted);
    let acted: Vec<_> = acted.filter_map(|record| record.key.as_deref()).collect();
    let answered = answered.lock().expect("unpoisoned").clone();
    let tea = ledger.products.iter().find(|product| product.id == sample::TEA).expect("tea");
    assert_eq!(tea.stock, 10_000_000 - i64::try_from(acted.len()).expect("few"));
    assert!(acted.len() <= answered.len() + CALLERS, "one unanswered call each at most");
    for (key, answer) in &answered {
        assert!(acted.contains(&key.as_str()), "{key} was answered and is forgotten");
        assert_eq!(reserve(key).await.as_ref(), Some(answer), "{key}: another answer");
    }
    assert_eq!(sandbox.ledger().await.totals.acted, ledger.totals.acted);
}

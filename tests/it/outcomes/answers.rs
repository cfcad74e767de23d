//! A payment service whose answers are not quite as expected: an answer about another payment does not
//! count (promise 9), and a byte order mark does no harm.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use order_service::sandbox::sample::{ASHA, MEENA, TEA};
use order_service::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{TEA_AND_KETTLE, is_stuck, refuse_the_kettle, tea_and_kettle};
use crate::harness::{BOTH, World, cart, on_both_with};

/// Gives the answers that it is told to, repeats the last one for ever, and keeps the requests.
#[derive(Clone)]
struct Stub {
    processed: Arc<Mutex<VecDeque<&'static str>>>,
    status: (StatusCode, &'static str),
    keys: Arc<Mutex<Vec<String>>>,
}

const NOTHING: (StatusCode, &str) = (StatusCode::NOT_FOUND, "");
const PAID: (StatusCode, &str) = (StatusCode::OK, "\u{FEFF}{\"status\": \"Paid\"}");

impl Stub {
    /// A world with this payment service, and the service itself.
    async fn in_front_of(
        world: crate::harness::WorldBuilder,
        processed: &[&'static str],
        status: (StatusCode, &'static str),
    ) -> (World, Self) {
        let processed = Arc::new(Mutex::new(processed.iter().copied().collect()));
        let stub = Self { processed, status, keys: Arc::default() };
        let router = Router::new()
            .route("/api/payments/process", post(process))
            .route("/api/payments/status/{id}", get(recorded))
            .with_state(stub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        tokio::spawn(axum::serve(listener, router).into_future());
        let url = url.parse().expect("a URL");
        (world.set(|config| config.services.payment.url = url).start().await, stub)
    }
}

async fn process(State(stub): State<Stub>, headers: HeaderMap, body: Bytes) -> String {
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(asked["amount"], 14_900);
    let key = headers["idempotency-key"].to_str().expect("text").to_owned();
    stub.keys.lock().expect("the keys").push(key);
    let mut processed = stub.processed.lock().expect("the answers");
    let answer = processed.pop_front().expect("an answer");
    if processed.is_empty() {
        processed.push_back(answer);
    }
    answer.to_owned()
}

async fn recorded(State(stub): State<Stub>) -> (StatusCode, &'static str) {
    stub.status
}

const OTHERS: [&str; 5] = [
    r#"{"status": "Paid", "amount": 1.00}"#,
    r#"{"status": "Paid", "amount": "1"}"#,
    r#"{"status": "Paid", "Amount": null}"#,
    r#"{"status": "Paid", "amount": 14900, "orderId": "99999999-9999-9999-9999-999999999999"}"#,
    r#"{"status": "Pending", "amount": 14900}"#,
];

#[tokio::test]
async fn an_answer_about_another_payment_is_in_doubt_where_nothing_can_settle_it() {
    for books in BOTH {
        for other in OTHERS {
            let world = World::build(books).not_idempotent();
            let (world, stub) = Stub::in_front_of(world, &[other], NOTHING).await;
            let answer = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "k").await;
            let id = answer.is_accepted(ASHA);
            is_stuck(&world, id, "Priced", "InDoubt", "charge_payment").await;
            assert_eq!(stub.keys.lock().expect("the keys").len(), 1, "{other}");
            world.stop().await;
        }
    }
}

#[tokio::test]
async fn an_answer_about_another_payment_is_settled_by_a_record_with_a_byte_order_mark() {
    for books in BOTH {
        let world = World::build(books).not_idempotent();
        let (world, stub) = Stub::in_front_of(world, &[OTHERS[0]], PAID).await;
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        assert_eq!(stub.keys.lock().expect("the keys").len(), 1);
        world.stop().await;
    }
}

#[tokio::test]
async fn an_answer_about_another_payment_is_followed_by_a_repeat_where_keys_are_kept() {
    for books in BOTH {
        let right = "\u{FEFF}{\"Status\": \"PAID\", \"Amount\": 14900.00}";
        let answers = [OTHERS[0], OTHERS[4], right];
        let (world, stub) = Stub::in_front_of(World::build(books), &answers, NOTHING).await;
        let answer = world.create(&cart(ASHA, &[(TEA, 1)])).await;
        let id = answer.is_created(ASHA, 14_900);
        let keys = stub.keys.lock().expect("the keys").clone();
        assert_eq!(keys.len(), 3);
        assert!(keys.iter().all(|key| *key == keys[0] && key.starts_with(&id.to_string())));
        assert_eq!(world.inspect(id).await["stuck"], json!(null));
        world.stop().await;
    }
}

#[tokio::test]
async fn a_checkout_succeeds_though_every_answer_has_a_byte_order_mark() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            refuse_the_kettle(world);
            world.fault(Fault::anywhere(FaultKind::Marked));
            let refused = world.create(&tea_and_kettle(MEENA)).await;
            assert_eq!((refused.status, refused.error()), (409, "Reservation failed"));
            world.create(&tea_and_kettle(MEENA)).await.is_created(MEENA, TEA_AND_KETTLE);
            assert_eq!(world.sandbox.ledger().totals.reads.payment, 0, "nothing was in doubt");
        },
    )
    .await;
}

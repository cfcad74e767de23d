//! Faults, byte by byte: what the caller sees, and what really happened.

use super::{
    super::{Call, Fault, FaultKind, Service, sample},
    client::rest,
    *,
};

/// A sandbox in which the next reservation of tea goes wrong.
async fn with(kind: FaultKind) -> Sandbox {
    let sandbox = sandbox().await;
    sandbox.inject(Fault::once(Call::Reserve, kind)).unwrap();
    sandbox
}

/// The bytes answered to a reservation of one tea, and what became of it.
async fn strike(sandbox: &Sandbox) -> (String, RecordResult, i64) {
    let bytes = reserve(sample::TEA, 1).key("k").bytes(&sandbox.product_url()).await;
    let result = results(&sandbox.ledger())[0];
    (String::from_utf8(bytes).unwrap(), result, 1_000 - stock(sandbox, sample::TEA))
}

/// A repeat of the same key, now that the fault is spent, acts exactly once in all.
async fn repeat(sandbox: &Sandbox) {
    let answer = reserve(sample::TEA, 1).key("k").send(&sandbox.product_url()).await;
    assert_eq!((answer.status, answer.json()["remaining"].as_i64()), (200, Some(999)));
    assert_eq!(sandbox.ledger().totals.acted, 1);
}

#[tokio::test]
async fn a_call_dropped_before_leaves_no_act_and_no_byte() {
    let sandbox = with(FaultKind::DropBefore).await;
    assert_eq!(strike(&sandbox).await, (String::new(), RecordResult::FaultedBefore, 0));
    let record = &sandbox.ledger().records[0];
    assert_eq!((record.status, record.sent), (None, None));
    assert_eq!(record.fault, Some(FaultKind::DropBefore));
    repeat(&sandbox).await;
}

#[tokio::test]
async fn a_call_dropped_after_leaves_one_act_and_no_byte() {
    let sandbox = with(FaultKind::DropAfter).await;
    assert_eq!(strike(&sandbox).await, (String::new(), RecordResult::Acted, 1));
    let record = &sandbox.ledger().records[0];
    assert_eq!((record.status, record.sent), (Some(200), None));
    repeat(&sandbox).await;
}

#[tokio::test]
async fn an_error_before_leaves_no_act() {
    let sandbox = with(FaultKind::ErrorBefore).await;
    let (bytes, result, taken) = strike(&sandbox).await;
    assert!(bytes.starts_with("HTTP/1.1 500"), "{bytes}");
    assert_eq!((result, taken), (RecordResult::FaultedBefore, 0));
    repeat(&sandbox).await;
}

#[tokio::test]
async fn an_error_after_leaves_one_act_and_can_ask_for_patience() {
    let sandbox = sandbox().await;
    let mut fault = Fault::once(Call::Reserve, FaultKind::ErrorAfter);
    fault.retry_after = Some(3);
    sandbox.inject(fault).unwrap();
    let (bytes, result, taken) = strike(&sandbox).await;
    assert!(bytes.starts_with("HTTP/1.1 503") && bytes.contains("retry-after: 3"), "{bytes}");
    assert_eq!((result, taken), (RecordResult::Acted, 1));
    repeat(&sandbox).await;
}

#[tokio::test]
async fn garbage_comes_with_an_act_and_garbage_before_without() {
    for (kind, result, taken) in [
        (FaultKind::Garbage, RecordResult::Acted, 1),
        (FaultKind::GarbageBefore, RecordResult::FaultedBefore, 0),
    ] {
        let sandbox = with(kind).await;
        let (bytes, ..) = strike(&sandbox).await;
        let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"));
        assert!(serde_json::from_str::<Value>(body).is_err());
        assert_eq!(results(&sandbox.ledger()), [result]);
        assert_eq!(stock(&sandbox, sample::TEA), 1_000 - taken);
        repeat(&sandbox).await;
    }
}

#[tokio::test]
async fn a_truncated_answer_promises_more_bytes_than_come() {
    let sandbox = with(FaultKind::Truncated).await;
    let (bytes, result, taken) = strike(&sandbox).await;
    let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(body.len(), promised.parse::<usize>().unwrap() / 2);
    assert_eq!((result, taken), (RecordResult::Acted, 1));
    repeat(&sandbox).await;
}

#[tokio::test]
async fn an_answer_about_something_else_comes_with_an_act() {
    let sandbox = with(FaultKind::Elsewhere).await;
    let (bytes, result, taken) = strike(&sandbox).await;
    let (_, body) = bytes.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_ne!(body["id"], json!(sample::TEA));
    assert_eq!((&body["remaining"], result, taken), (&json!(999), RecordResult::Acted, 1));
    repeat(&sandbox).await;
    sandbox.inject(Fault::once(Call::Process, FaultKind::Elsewhere)).unwrap();
    let paid = process(order(1), 100).send(&sandbox.payment_url()).await;
    assert!(paid.body.contains(r#""amount":1.0,"#), "{}", paid.body);
    assert_eq!(wallet(&sandbox), 500_000 - 100);
}

#[tokio::test]
async fn a_marked_answer_is_the_answer_behind_three_bytes() {
    let sandbox = with(FaultKind::Marked).await;
    let (bytes, result, taken) = strike(&sandbox).await;
    let (_, body) = bytes.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body.strip_prefix('\u{FEFF}').unwrap()).unwrap();
    assert_eq!(body, json!({"id": sample::TEA, "remaining": 999}));
    assert_eq!((result, taken), (RecordResult::Acted, 1));
}

#[tokio::test]
async fn a_refusal_is_meant_and_remembered() {
    let sandbox = with(FaultKind::Refuse).await;
    let (bytes, result, taken) = strike(&sandbox).await;
    assert!(bytes.starts_with("HTTP/1.1 409"), "{bytes}");
    assert_eq!((result, taken), (RecordResult::Refused, 0));
    let again = reserve(sample::TEA, 1).key("k").send(&sandbox.product_url()).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn a_refusal_does_not_turn_an_answer_that_was_given() {
    let sandbox = sandbox().await;
    let (ask, url) = (reserve(sample::TEA, 1).key("k"), sandbox.product_url());
    let first = ask.send(&url).await;
    sandbox.inject(Fault::once(Call::Reserve, FaultKind::Refuse)).unwrap();
    assert_eq!(ask.send(&url).await, first);
}

#[tokio::test]
async fn a_hang_before_ends_without_an_act_when_the_faults_are_cleared() {
    let sandbox = with(FaultKind::HangBefore).await;
    let connection = reserve(sample::TEA, 1).key("k").begin(&sandbox.product_url()).await;
    until_recorded(&sandbox, 1).await;
    sandbox.clear_faults();
    assert_eq!(rest(connection).await, b"");
    assert_eq!(results(&sandbox.ledger()), [RecordResult::FaultedBefore]);
    repeat(&sandbox).await;
}

#[tokio::test]
async fn a_hang_after_has_acted_and_a_repeat_gets_the_answer_meanwhile() {
    let sandbox = with(FaultKind::HangAfter).await;
    let connection = reserve(sample::TEA, 1).key("k").begin(&sandbox.product_url()).await;
    until_recorded(&sandbox, 1).await;
    repeat(&sandbox).await;
    sandbox.clear_faults();
    assert_eq!(rest(connection).await, b"");
}

#[tokio::test]
async fn a_hang_ends_by_itself_without_a_byte() {
    let sandbox = sandbox().await;
    let mut fault = Fault::once(Call::Reserve, FaultKind::HangAfter);
    fault.millis = Some(5);
    sandbox.inject(fault).unwrap();
    assert_eq!(strike(&sandbox).await, (String::new(), RecordResult::Acted, 1));
}

#[tokio::test]
async fn a_slow_call_that_is_cleared_is_dropped_without_an_act() {
    let sandbox = sandbox().await;
    let mut slow = Fault::once(Call::Reserve, FaultKind::Slow);
    slow.millis = Some(3_600_000);
    sandbox.inject(slow).unwrap();
    let url = sandbox.product_url();
    let connection = reserve(sample::TEA, 1).key("k").begin(&url).await;
    until_faults_are_spent(&url).await;
    sandbox.clear_faults();
    assert_eq!(rest(connection).await, b"");
    assert!(sandbox.ledger().records.is_empty());
}

#[tokio::test]
async fn reads_go_wrong_too() {
    let sandbox = sandbox().await;
    let tea = Ask::get(format!("/api/products/{}", sample::TEA));
    let url = sandbox.product_url();
    for (kind, start) in [
        (FaultKind::NegativePrice, "HTTP/1.1 200"),
        (FaultKind::Refuse, "HTTP/1.1 404"),
        (FaultKind::ErrorAfter, "HTTP/1.1 500"),
        (FaultKind::Garbage, "HTTP/1.1 200"),
        (FaultKind::Truncated, "HTTP/1.1 200"),
        (FaultKind::DropAfter, ""),
    ] {
        sandbox.inject(Fault::once(Call::GetProduct, kind)).unwrap();
        let bytes = String::from_utf8(tea.bytes(&url).await).unwrap();
        assert!(bytes.starts_with(start) && bytes.is_empty() == start.is_empty(), "{bytes}");
        assert_eq!(bytes.contains(r#""price":-14900"#), kind == FaultKind::NegativePrice);
    }
    assert_eq!(tea.send(&url).await.json()["price"], 14_900);
}

#[tokio::test]
async fn the_first_fault_that_matches_strikes_and_the_others_keep_their_counts() {
    let sandbox = sandbox().await;
    let mut for_cups = Fault::once(Call::Reserve, FaultKind::DropBefore);
    for_cups.product_id = Some(sample::CUP);
    let for_payments =
        Fault { service: Some(Service::Payment), ..Fault::anywhere(FaultKind::DropBefore) };
    let mut twice = Fault::on(Call::Reserve, FaultKind::ErrorBefore);
    twice.times = Some(2);
    for fault in [for_cups, for_payments, twice] {
        sandbox.inject(fault).unwrap();
    }
    let url = sandbox.product_url();
    assert_eq!(reserve(sample::TEA, 1).send(&url).await.status, 500);
    assert_eq!(reserve(sample::CUP, 1).bytes(&url).await, b"");
    assert_eq!(reserve(sample::CUP, 1).send(&url).await.status, 500);
    assert_eq!(reserve(sample::CUP, 1).send(&url).await.status, 200);
    assert_eq!(process(order(1), 1).bytes(&sandbox.payment_url()).await, b"");
    assert_eq!(refund(order(1), 1).bytes(&sandbox.payment_url()).await, b"");
}

#[tokio::test]
async fn the_same_seed_throws_the_same_dice() {
    let mut throws = Vec::new();
    for seed in [1, 1, 2] {
        let sandbox = Sandbox::start(Config { seed, ..Config::on_free_ports() }).await.unwrap();
        let mut fault = Fault::on(Call::Reserve, FaultKind::ErrorBefore);
        fault.chance = Some(0.5);
        sandbox.inject(fault).unwrap();
        for _ in 0..40 {
            reserve(sample::TEA, 1).send(&sandbox.product_url()).await;
        }
        throws.push(results(&sandbox.ledger()));
    }
    assert_eq!(throws[0], throws[1]);
    assert_ne!(throws[0], throws[2]);
}

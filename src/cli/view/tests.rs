//! The tables, drawn from answers of the operators' API.

use serde_json::json;

use super::{Detail, Groups, Page, Run, groups, list, progress, run, show};
use crate::cli::out::TableStyle;

fn page() -> Page {
    serde_json::from_value(json!({
        "items": [
            {
                "id": "0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44", "kind": "checkout", "version": 7,
                "state": "Priced",
                "stuck": {
                    "kind": "InDoubt", "since": "2026-03-01T02:03:12Z", "step": "charge_payment",
                    "detail": "no answer within 30s, and the payment service acts again on a repeated call",
                },
                "userId": "7b1c9a52-5c0f-4f1b-8a43-0a4f6d2c9e11", "totalAmount": 123_450,
                "attempts": 1, "nextAttemptAt": "2026-03-01T02:06:32Z", "lastError": "timed out",
                "owner": "orders-1", "createdAt": "2026-03-01T02:02:39Z",
                "updatedAt": "2026-03-01T02:03:12Z", "ageSeconds": 225,
            },
            {
                "id": "0198f0c3-11d0-7b44-8f0e-5f0f4b7a9c02", "kind": "checkout", "version": 2,
                "state": "Started", "stuck": null, "userId": "7b1c9a52-5c0f-4f1b-8a43-0a4f6d2c9e11",
                "totalAmount": null, "attempts": 0, "nextAttemptAt": null, "lastError": null,
                "owner": null, "createdAt": "2026-03-01T02:06:20Z",
                "updatedAt": "2026-03-01T02:06:20Z", "ageSeconds": 4.2,
            },
        ],
        "next": "abc",
    }))
    .expect("the canned page is readable")
}

fn detail() -> Detail {
    serde_json::from_value(json!({
        "id": "0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44", "kind": "checkout", "version": 12,
        "state": "Compensating",
        "stuck": {
            "kind": "Refused", "since": "2026-03-01T02:03:12Z", "step": "refund_payment",
            "detail": "the payment service answered 404: unknown profile",
        },
        "userId": "7b1c9a52-5c0f-4f1b-8a43-0a4f6d2c9e11", "totalAmount": 123_450, "attempts": 3,
        "nextAttemptAt": "2026-03-01T02:06:32Z", "lastError": "404 unknown profile",
        "owner": "orders-1", "createdAt": "2026-03-01T02:02:39Z",
        "updatedAt": "2026-03-01T02:03:12Z", "ageSeconds": 225,
        "atRisk": {
            "money": 123_450, "stock": [{"productId": "p-2", "quantity": 10, "unknown": true}],
        },
        "cause": "reserve_stock was refused for line 1 with 409",
        "next": {"what": "tries refund_payment", "at": "2026-03-01T02:06:32Z"},
        "told": [
            {"at": "2026-03-01T02:02:40Z", "via": "http", "what": "the checkout is accepted", "status": 202},
            {"at": "2026-03-01T02:03:11Z", "via": "mail", "what": "order.rejected", "to": "a…@shop.example"},
        ],
        "notes": [{"at": "2026-03-01T02:05:00Z", "who": "asha", "text": "the bank says Monday\nafter ten"}],
        "effects": {
            "charged": "yes", "refunded": "no",
            "lines": [
                {"productId": "p-1", "quantity": 2, "reserved": "yes", "released": "yes"},
                {"productId": "p-2", "quantity": 10, "reserved": "unknown", "released": "no"},
            ],
        },
        "steps": [
            {
                "seq": 1, "step": "charge_payment", "phase": "forward", "outcome": "done",
                "attempt": 1, "idempotencyKey": "k-1", "startedAt": "2026-03-01T02:02:39.120Z",
                "durationMs": 87, "request": {"amount": 123_450}, "response": {"status": "Paid"},
                "executor": "orders-1",
            },
            {
                "seq": 2, "step": "refund_payment", "phase": "compensation", "outcome": "refused",
                "attempt": 1, "idempotencyKey": "k-2", "startedAt": "2026-03-01T02:03:10.500Z",
                "durationMs": 1250, "error": "404 unknown profile", "executor": "orders-1",
            },
            {
                "seq": 3, "step": "intervene", "phase": "operator", "outcome": null, "attempt": 0,
                "idempotencyKey": null, "startedAt": "2026-03-01T02:05:10.500Z", "durationMs": null,
                "request": {"reason": "finance refunds by hand"}, "executor": "otto",
                "who": "otto", "reason": "finance refunds by hand", "did": "held",
            },
        ],
        "actions": ["retry", "resolve"],
        "previews": [
            {"action": "retry", "will": "tries refund_payment now"},
            {
                "action": "resolve", "step": "reserve_stock", "line": 1, "happened": false,
                "will": "reserve_stock of line 1 settled as not happened; tries refund_payment now",
            },
        ],
    }))
    .expect("the canned saga is readable")
}

#[test]
fn a_list_in_a_pipe_is_one_row_a_saga() {
    insta::assert_snapshot!(list(&page().items, TableStyle::Plain), @r#"
    ID                                    KIND      STATE    STUCK                      TOTAL     AGE  ATTEMPTS  USER                                  WHY
    0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44  checkout  Priced   InDoubt:charge_payment  ₹1234.50  3m 45s         1  7b1c9a52-5c0f-4f1b-8a43-0a4f6d2c9e11  no answer within 30s, and the payment service acts again on…
    0198f0c3-11d0-7b44-8f0e-5f0f4b7a9c02  checkout  Started  -                              -      4s         0  7b1c9a52-5c0f-4f1b-8a43-0a4f6d2c9e11
    "#);
}

#[test]
fn a_list_of_nothing_says_so() {
    assert_eq!(list(&[], TableStyle::Plain), "no sagas");
}

#[test]
fn a_saga_is_shown_with_the_money_and_the_trouble_first() {
    insta::assert_snapshot!(show(&detail(), TableStyle::Plain), @r#"
    Saga     0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 (checkout, version 12)
    STUCK    Refused at refund_payment for 3m 12s: the payment service answered 404: unknown profile
    State    Compensating, 3m 45s old, 3 attempts, next one in 8s
    Money    ₹1234.50 IS OUT: charged, not refunded
    Stock    held for 0 of 2 lines, NOT KNOWN for 1
    At risk  ₹1234.50, at most 10 of p-2
    Cause    reserve_stock was refused for line 1 with 409
    Next     tries refund_payment in 8s
    Error    404 unknown profile
    User     7b1c9a52-5c0f-4f1b-8a43-0a4f6d2c9e11
    Owner    orders-1
    Accepted 2026-03-01T02:02:39.000Z

    LINE  PRODUCT  QUANTITY  RESERVED  RELEASED  HELD
       0  p-1             2  yes       yes       0
       1  p-2            10  unknown   no        0 or 10

    #  STARTED                   STEP            PHASE         TRY  OUTCOME  TOOK  DID OR WHY                              IDEMPOTENCY-KEY
    1  2026-03-01T02:02:39.120Z  charge_payment  forward         1  done     87ms  -                                       k-1
    2  2026-03-01T02:03:10.500Z  refund_payment  compensation    1  refused  1.2s  404 unknown profile                     k-2
    3  2026-03-01T02:05:10.500Z  intervene       operator        -  -           -  otto: held ("finance refunds by hand")  -

    Told:
      2026-03-01T02:02:40.000Z http 202: the checkout is accepted
      2026-03-01T02:03:11.000Z mail to a…@shop.example: order.rejected

    Notes:
      2026-03-01T02:05:00.000Z asha: the bank says Monday
          after ten

    Allowed now: retry, resolve
      order-service sagas retry 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --reason '...'
          tries refund_payment now
      order-service sagas resolve 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --step reserve_stock --line 1 --happened false --reason '...'
          reserve_stock of line 1 settled as not happened; tries refund_payment now
    "#);
}

#[test]
fn a_saga_without_effects_or_steps_is_shown_all_the_same() {
    let bare =
        json!({"id": "x", "kind": "gift", "state": "Started", "createdAt": "2026-03-01T02:02:39Z"});
    let bare: Detail = serde_json::from_value(bare).expect("only four members are needed");
    insta::assert_snapshot!(show(&bare, TableStyle::Plain), @r#"
    Saga     x (gift, version 0)
    State    Started, 0s old, 0 attempts
    Accepted 2026-03-01T02:02:39.000Z

    no step was taken yet

    Allowed now: nothing
    "#);
}

#[test]
fn an_operators_step_is_told_with_what_there_is_of_it() {
    for (members, said) in [
        (json!({"who": "otto", "did": "held", "reason": "by hand"}), "otto: held (\"by hand\")"),
        // A service of an earlier version.
        (json!({"executor": "otto", "request": {"reason": "by hand"}}), "otto: (\"by hand\")"),
        (json!({"executor": "otto", "request": null}), "otto"),
        (json!({"did": "released"}), "released"),
        (json!({}), "-"),
    ] {
        let mut step = json!({"seq": 1, "step": "intervene", "phase": "operator", "attempt": 0});
        for (name, value) in members.as_object().expect("members") {
            step[name] = value.clone();
        }
        let saga = json!({"id": "x", "state": "Paid", "createdAt": "2026-03-01T02:02:39Z", "steps": [step]});
        let saga: Detail = serde_json::from_value(saga).expect("the canned saga is readable");
        let text = show(&saga, TableStyle::Plain);
        let row = text.lines().find(|line| line.starts_with('1')).expect("the step's row");
        let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(row, format!("1 - intervene operator - - - {said} -"));
    }
}

#[test]
fn no_text_of_others_begins_a_line_or_breaks_a_row() {
    let hostile = "no\nMoney    nothing was charged\u{1b}[2J";
    let saga = json!({
        "id": "x", "state": "Paid", "createdAt": "2026-03-01T02:02:39Z", "cause": hostile,
        "stuck": {"kind": "Refused", "step": "refund_payment", "detail": hostile},
        "held": {"since": "2026-03-01T02:02:39Z", "who": hostile, "reason": hostile},
        "lastError": hostile, "next": {"what": hostile}, "previews": [{"action": "retry", "will": hostile}],
        "actions": ["retry"], "notes": [{"at": "2026-03-01T02:05:00Z", "who": hostile, "text": hostile}],
        "told": [{"at": "2026-03-01T02:05:00Z", "via": "mail", "what": hostile, "to": hostile}],
        "steps": [{"seq": 1, "step": "intervene", "phase": "operator", "who": hostile, "reason": hostile}],
    });
    let saga: Detail = serde_json::from_value(saga).expect("the canned saga is readable");
    let text = show(&saga, TableStyle::Plain);
    assert!(!text.lines().any(|line| line.starts_with("Money")), "{text}");
    let row = text.lines().find(|line| line.starts_with('1')).expect("the step's row");
    assert!(row.contains("no Money nothing was charged[2J: (\"no Money"), "{row}");
}

#[test]
fn the_money_is_told_for_every_combination_of_what_is_known() {
    let known = ["yes", "no", "unknown"];
    let pairs = known.iter().flat_map(|a| known.iter().map(move |b| (a, b)));
    let said = pairs.map(|(charged, refunded)| {
        let saga = json!({
            "id": "x", "state": "Compensating", "createdAt": "2026-03-01T02:02:39Z",
            "totalAmount": 100, "effects": {"charged": charged, "refunded": refunded},
        });
        let saga: Detail = serde_json::from_value(saga).expect("the canned saga is readable");
        let text = show(&saga, TableStyle::Plain);
        let money = text.lines().find(|line| line.starts_with("Money")).unwrap_or_default();
        format!("{charged} {refunded}: {money}")
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r#"
    yes yes: Money    ₹1.00 was charged and refunded: nothing is out
    yes no: Money    ₹1.00 IS OUT: charged, not refunded
    yes unknown: Money    ₹1.00 MAY BE OUT: charged, and the refund is not known
    no yes: Money    nothing was charged
    no no: Money    nothing was charged
    no unknown: Money    nothing was charged
    unknown yes: Money    ₹1.00 was refunded, but whether it was charged is not known
    unknown no: Money    ₹1.00 MAY BE OUT: whether it was charged is not known
    unknown unknown: Money    ₹1.00 MAY BE OUT: whether it was charged is not known
    "#);
}

fn halted() -> Run {
    serde_json::from_value(json!({
        "id": "0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44", "state": "halted", "action": "retry",
        "reason": "payments are back", "who": "asha", "createdAt": "2026-03-01T02:02:39Z",
        "count": 120, "money": 1_788_000, "canary": [1, 5, 0.1], "perSecond": 10,
        "preview": [{"did": "tries refund_payment now", "count": 119}, {"did": "refused: it is held", "count": 1}],
        "haltedBy": "saga x came back: payment answered 500",
        "results": {"waiting": 118, "running": 0, "done": 1, "refused": 0, "moved on": 0, "relapsed": 1},
        "items": [
            {"id": "a", "version": 7, "result": "done", "did": "tries refund_payment now", "at": "2026-03-01T02:03:00Z"},
            {"id": "b", "version": 4, "result": "relapsed", "did": "tries refund_payment now",
             "error": "payment answered 500", "at": "2026-03-01T02:03:01Z"},
            {"id": "c", "version": 2, "result": "waiting"},
        ],
    }))
    .expect("the canned run is readable")
}

#[test]
fn a_bulk_run_is_shown_with_what_it_will_do_and_what_became_of_each() {
    insta::assert_snapshot!(run(&halted(), TableStyle::Plain), @r#"
    BULK 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44  HALTED
    retry of 120 sagas, ₹17880.00 at risk, by asha: payments are back
    canary 1, 5, 0.1; at most 10 a second
    HALTED saga x came back: payment answered 500
    1 done, 118 waiting, 1 relapsed

    COUNT  WILL
      119  tries refund_payment now
        1  refused: it is held

    SAGA  VERSION  RESULT    AT                        DID OR WHY
    a           7  done      2026-03-01T02:03:00.000Z  tries refund_payment now
    b           4  relapsed  2026-03-01T02:03:01.000Z  payment answered 500
    c           2  waiting   -                         -
    "#);
    let said = "halted: 1 done, 118 waiting, 1 relapsed (saga x came back: payment answered 500)";
    assert_eq!(progress(&halted()), said);
}

#[test]
fn groups_are_one_row_each() {
    let all: Groups = serde_json::from_value(json!({"items": [{
        "id": "8c1f0a9b2d3e4f50", "kind": "checkout", "step": "refund_payment", "stuck": "Exhausted",
        "error": "refund_payment keeps failing: payment answered …", "count": 12, "money": 178_800,
        "oldest": "2026-03-01T02:02:39Z", "newest": "2026-03-01T02:04:39Z", "sample": "x",
    }]}))
    .expect("the canned groups are readable");
    insta::assert_snapshot!(groups(&all.items, TableStyle::Plain), @r#"
    GROUP             COUNT     MONEY  KIND      STUCK      STEP            OLDEST                    ERROR
    8c1f0a9b2d3e4f50     12  ₹1788.00  checkout  Exhausted  refund_payment  2026-03-01T02:02:39.000Z  refund_payment keeps failing: payment answered …
    "#);
    assert_eq!(groups(&[], TableStyle::Plain), "nothing is stuck or failing");
}

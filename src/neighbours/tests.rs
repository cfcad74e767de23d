//! What every call concludes from its response, over a transport that answers what the test says.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures::FutureExt;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::*;
use crate::order::{Line, OrderId, Paise, ProductId, ProfileId, UserId};
use crate::saga::{Call, Effect, How, Outcome, Phase, Step};
use crate::trace::TraceParent;

const ORDER: OrderId = OrderId(Uuid::from_u128(1));
const USER: UserId = UserId(Uuid::from_u128(2));
const PROFILE: ProfileId = ProfileId(Uuid::from_u128(3));
const PRODUCT: ProductId = ProductId(Uuid::from_u128(4));
const OTHER: Uuid = Uuid::from_u128(9);
const AMOUNT: i64 = 2_000;
const CHARGE: Charge =
    Charge { order_id: ORDER, user_id: USER, profile_id: PROFILE, amount: Paise(AMOUNT) };
const LINE: Line = Line { product_id: PRODUCT, quantity: 3 };

/// Gives every request the same response.
#[derive(Debug)]
struct Always(Response);

impl Transport for Always {
    fn send<'a>(
        &'a self,
        _request: &'a Request<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>> {
        async { Ok(self.0.clone()) }.boxed()
    }
}

fn answering(status: u16, body: &[u8]) -> Neighbours {
    let response = Response { status, body: body.to_vec(), retry_after_ms: None };
    let transport: Arc<dyn Transport> = Arc::new(Always(response));
    let limits = BreakerLimits { failures: 1_000, pause: Duration::from_millis(1), retries: 1_000 };
    // Malformed reads are repeated after a pause, so the clock must be a real one.
    Neighbours::over([transport.clone(), transport.clone(), transport], 4, limits, &Clock::system())
}

fn call(step: Step, line: Option<u16>) -> Call {
    Call {
        effect: Effect { step, line },
        phase: Phase::Forward,
        key: "key".to_owned(),
        generation: 0,
        attempt: 1,
        how: How::Send,
        unsure_before: false,
        repeat_before: Some(DateTime::UNIX_EPOCH),
        deadline: None,
        intent_first: true,
    }
}

/// The calls that are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Process,
    Refund,
    Status,
    Reserve,
    Release,
    Profile,
    Offer,
}

async fn outcome(asked: Asked, status: u16, body: &[u8]) -> Outcome {
    let neighbours = answering(status, body);
    let trace = TraceParent::fresh();
    let context = CallContext { trace: &trace, may_send: &|| true, attempt: 1 };
    let Neighbours { user, product, payment } = &neighbours;
    let paying = call(Step::named("pay"), None);
    let stocking = call(Step::named("reserve"), Some(0));
    let report = match asked {
        Asked::Process => payment.process(context, &paying, CHARGE).await,
        Asked::Refund => payment.refund(context, &paying, CHARGE).await,
        Asked::Status => payment.look_up(context, &paying, CHARGE).await,
        Asked::Reserve => product.reserve(context, &stocking, LINE).await,
        Asked::Release => product.release(context, &stocking, LINE).await,
        Asked::Profile => user.profile(context, paying.effect, "a key".to_owned(), USER).await.0,
        Asked::Offer => {
            product.offer(context, stocking.effect, "a key".to_owned(), PRODUCT).await.0
        }
    };
    report.outcome
}

/// An answer of the usual form, without its last brace.
fn good(asked: Asked) -> String {
    let (order, user, product) = (ORDER, USER, PRODUCT);
    match asked {
        Asked::Process => {
            format!(r#"{{"orderId": "{order}", "userId": "{user}", "status": "Paid""#)
        }
        Asked::Refund => {
            format!(r#"{{"orderId": "{order}", "userId": "{user}", "status": "Refunded""#)
        }
        Asked::Status => format!(r#"{{"orderId": "{order}", "status": "Paid""#),
        Asked::Reserve | Asked::Release => format!(r#"{{"id": "{product}", "remaining": 7"#),
        Asked::Profile => format!(r#"{{"id": "{PROFILE}""#),
        Asked::Offer => format!(r#"{{"id": "{product}", "price": 100, "stock": 5"#),
    }
}

/// The outcome of a good answer with these members added.
async fn with(asked: Asked, members: &str) -> Outcome {
    let comma = if members.is_empty() { "" } else { ", " };
    outcome(asked, 200, format!("{}{comma}{members}}}", good(asked)).as_bytes()).await
}

const ALL: [Asked; 7] = [
    Asked::Process,
    Asked::Refund,
    Asked::Status,
    Asked::Reserve,
    Asked::Release,
    Asked::Profile,
    Asked::Offer,
];

#[tokio::test]
async fn a_byte_order_mark_before_any_answer_says_nothing() {
    for asked in ALL {
        let marked = format!("\u{FEFF}{}}}", good(asked));
        assert_eq!(outcome(asked, 200, marked.as_bytes()).await, Outcome::Done, "{asked:?}");
        if asked != Asked::Process {
            let refused = outcome(asked, 404, "\u{FEFF}{\"error\": \"no\"}".as_bytes()).await;
            assert_eq!(refused, Outcome::Refused, "{asked:?}");
        }
        let empty = outcome(asked, 404, "\u{FEFF}".as_bytes()).await;
        assert_eq!(empty, Outcome::Refused, "{asked:?}");
    }
    let declined = outcome(Asked::Process, 409, "\u{FEFF}{}".as_bytes()).await;
    assert_eq!(declined, Outcome::Refused);
}

#[tokio::test]
async fn an_amount_that_is_there_is_the_one_that_was_asked() {
    for same in ["2000", "2000.00", "2e3", "20000e-1", r#""2000""#, r#""2000.00""#] {
        for asked in [Asked::Process, Asked::Status] {
            let members = format!(r#""amount": {same}"#);
            assert_eq!(with(asked, &members).await, Outcome::Done, "{asked:?} {same}");
        }
    }
    for other in [
        "1.00",
        r#""1""#,
        "2000.5",
        "20",
        "0",
        "2001",
        "null",
        "true",
        "{}",
        "[2000]",
        r#""""#,
        r#""two""#,
        "2000.0000000000000001",
        "1e400",
        r#"{"value": 2000}"#,
    ] {
        for asked in [Asked::Process, Asked::Refund, Asked::Status] {
            for name in ["amount", "Amount", "AMOUNT"] {
                let members = format!(r#""{name}": {other}"#);
                assert_eq!(with(asked, &members).await, Outcome::Unknown, "{asked:?} {members}");
            }
            let twice = format!(r#""amount": 2000, "Amount": {other}"#);
            assert_eq!(with(asked, &twice).await, Outcome::Unknown, "{asked:?} {twice}");
        }
    }
}

#[tokio::test]
async fn what_was_given_back_is_told_below_zero_and_what_was_charged_above() {
    assert_eq!(with(Asked::Refund, r#""amount": -2000"#).await, Outcome::Done);
    assert_eq!(with(Asked::Refund, r#""amount": -2000.00"#).await, Outcome::Done);
    assert_eq!(with(Asked::Refund, r#""amount": -2001"#).await, Outcome::Unknown);
    assert_eq!(with(Asked::Refund, r#""amount": 2000"#).await, Outcome::Unknown);
    assert_eq!(with(Asked::Process, r#""amount": -2000"#).await, Outcome::Unknown);
    assert_eq!(with(Asked::Status, r#""amount": -2000"#).await, Outcome::Unknown);
}

#[tokio::test]
async fn an_answer_about_something_else_is_no_answer() {
    for (asked, names) in [
        (Asked::Process, &["orderId", "userId"][..]),
        (Asked::Refund, &["ORDERID", "UserId"]),
        (Asked::Status, &["OrderId", "userId"]),
        (Asked::Reserve, &["Id", "productId"]),
        (Asked::Release, &["id", "ProductId"]),
        (Asked::Profile, &["userId"]),
        (Asked::Offer, &["Id"]),
    ] {
        for name in names {
            for other in [&format!(r#""{OTHER}""#), "null", "7", r#""x""#, "{}"] {
                let members = format!(r#""{name}": {other}"#);
                assert_eq!(with(asked, &members).await, Outcome::Unknown, "{asked:?} {members}");
            }
        }
        assert_eq!(with(asked, "").await, Outcome::Done, "{asked:?}");
    }
}

#[tokio::test]
async fn another_quantity_or_no_remaining_stock_is_no_answer() {
    for asked in [Asked::Reserve, Asked::Release] {
        assert_eq!(with(asked, r#""quantity": 3"#).await, Outcome::Done);
        assert_eq!(with(asked, r#""Quantity": 3.0"#).await, Outcome::Done);
        for members in [
            r#""quantity": 2"#,
            r#""quantity": null"#,
            r#""quantity": "many""#,
            r#""quantity": -3"#,
            r#""Remaining": null"#,
            r#""remaining": 7.5"#,
            r#""remaining": 6"#,
        ] {
            assert_eq!(with(asked, members).await, Outcome::Unknown, "{asked:?} {members}");
        }
        let bare = format!(r#"{{"id": "{PRODUCT}"}}"#);
        assert_eq!(outcome(asked, 200, bare.as_bytes()).await, Outcome::Unknown);
    }
}

#[tokio::test]
async fn another_status_is_no_answer() {
    for (asked, right) in [(Asked::Process, "Paid"), (Asked::Refund, "Refunded")] {
        let said = |status: &str| format!(r#"{{"status": {status}}}"#);
        let right = said(&format!("\"{}\"", right.to_uppercase()));
        assert_eq!(outcome(asked, 200, right.as_bytes()).await, Outcome::Done);
        for other in [r#""Pending""#, r#""Failed""#, r#""""#, "null", "1", r#"["Paid"]"#, "true"] {
            let body = said(other);
            assert_eq!(outcome(asked, 200, body.as_bytes()).await, Outcome::Unknown, "{other}");
        }
    }
    let swapped = outcome(Asked::Refund, 200, br#"{"status": "Paid"}"#).await;
    assert_eq!(swapped, Outcome::Unknown);
    let torn = r#"{"status": "Failed", "Status": "Paid"}"#;
    for asked in [Asked::Process, Asked::Status] {
        assert_eq!(outcome(asked, 200, torn.as_bytes()).await, Outcome::Unknown);
    }
}

#[tokio::test]
async fn a_price_may_be_written_as_a_decimal_and_must_be_whole() {
    let offer = |price: &str| format!(r#"{{"price": {price}, "stock": 5.0}}"#);
    for (price, expected) in [
        ("1999.00", Outcome::Done),
        ("1.999e3", Outcome::Done),
        ("19.99", Outcome::Unknown),
        ("-1", Outcome::Unknown),
        ("null", Outcome::Unknown),
        ("1e30", Outcome::Unknown),
    ] {
        let body = offer(price);
        assert_eq!(outcome(Asked::Offer, 200, body.as_bytes()).await, expected, "{price}");
    }
}

#[tokio::test]
async fn what_is_no_object_is_no_answer() {
    for asked in ALL {
        for body in ["", "null", "[]", "5", "\"Paid\"", "<html>", "{", "\u{FEFF}\u{FEFF}{}"] {
            let outcome = outcome(asked, 200, body.as_bytes()).await;
            assert_eq!(outcome, Outcome::Unknown, "{asked:?} {body}");
        }
    }
}

#[tokio::test]
async fn what_is_recorded_of_another_order_is_not_recorded_of_this_one() {
    let trace = TraceParent::fresh();
    let recorded =
        async |body: String| answering(200, body.as_bytes()).payment.recorded(&trace, ORDER).await;
    let own = format!("\u{FEFF}{{\"orderId\": \"{ORDER}\", \"status\": \"Paid\"}}");
    assert!(recorded(own).await.is_paid());
    for id in [format!("\"{OTHER}\""), "null".to_owned()] {
        let said = recorded(format!(r#"{{"orderId": {id}, "status": "Paid"}}"#)).await;
        assert!(matches!(said, Recorded::NoAnswer(_)), "{said:?}");
    }
}

//! Books of one id that can't be true, with the findings for each; and what the payment service should
//! have recorded for every standing of a charge.

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::books::compare;
use super::payment::{Expected, agrees, expected, waits_for_a_person};
use crate::neighbours::{PAYMENT, Recorded};
use crate::order::{Line, Movement, OrderId, Paise, PricedLine, ProductId, UserId, total};
use crate::saga::{
    Action, Definition, Effect, End, Entry, Event, Facts, Instance, KeyedBy, Outcome, Per, Phase,
    Position, Progress, SagaFacts, SagaId, Sort, Stage, Step, Stuck, StuckKind, Terms, WayBack,
    Work,
};
use crate::store::{Account, Found, Item, Kept, Order, StoredEvent, Unreadable};

const CHARGE_PAYMENT: Step = Step::named("charge_payment");
const REFUND_PAYMENT: Step = Step::named("refund_payment");
const CONFIRM_ORDER: Step = Step::named("confirm_order");

/// What is sold, and for how much.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sold {
    lines: Vec<Line>,
    prices: Vec<Paise>,
}

impl Facts for Sold {
    fn width(&self, step: Step) -> usize {
        usize::from(step == CHARGE_PAYMENT && self.amount() != Some(Paise(0)))
    }

    fn amount(&self) -> Option<Paise> {
        total(&self.lines, &self.prices)
    }

    fn lines(&self) -> &[Line] {
        &self.lines
    }

    fn movement(&self, _charge_or_refund: Effect) -> Option<Movement> {
        self.amount().map(Movement::Charge)
    }

    fn makes(&self) -> Option<Vec<PricedLine>> {
        let priced = self.lines.iter().zip(&self.prices);
        Some(priced.map(|(line, price)| PricedLine { line: *line, unit_price: *price }).collect())
    }

    fn faults(&self, _done: usize, _state: &str) -> Vec<String> {
        Vec::new()
    }
}

/// The shortest kind of saga that moves money.
static SALE: Definition = Definition {
    kind: "sale",
    version: 1,
    starts: "Priced",
    stages: &[
        Stage {
            work: Work::Effects(&[Action {
                step: CHARGE_PAYMENT,
                at: PAYMENT,
                per: Per::Saga,
                sort: Sort::Compensable { undo: REFUND_PAYMENT },
                can_look_up: true,
            }]),
            reaches: "Paid",
        },
        Stage { work: Work::Record(CONFIRM_ORDER), reaches: "Completed" },
    ],
    back: Some(WayBack { going: "Compensating", compensated: "Compensated", rejected: "Rejected" }),
    facts: SagaFacts::decode::<Sold>,
    keyed_by: KeyedBy::Saga,
};

const ID: OrderId = OrderId(Uuid::from_u128(1));
const USER: UserId = UserId(Uuid::from_u128(2));
const CHARGE: Effect = Effect::of(CHARGE_PAYMENT);

fn product(at: u128) -> ProductId {
    ProductId(Uuid::from_u128(at))
}

/// A priced saga of two lines, 70 paise.
fn priced(prices: [i64; 2]) -> Instance {
    let line = |at, quantity| Line { product_id: product(at), quantity };
    let lines = vec![line(7, 1), line(8, 2)];
    let facts = SagaFacts::new(Sold { lines, prices: prices.map(Paise).to_vec() });
    let start = DateTime::UNIX_EPOCH;
    let terms = Terms { promises: [(PAYMENT, true)].into_iter().collect(), ..Terms::default() };
    Instance {
        id: SagaId(ID.0),
        order_id: ID,
        user_id: USER,
        definition: &SALE,
        progress: Progress::START,
        stuck: None,
        held: None,
        cancel_request: None,
        position: Position::new(&SALE, &facts, &terms.promises, start),
        terms,
        cause: None,
        facts,
        attempts: 0,
        next_attempt_at: None,
        failing_since: None,
        last_error: None,
        deadline_at: start,
        owner: None,
        fence: 1,
        revision: 1,
        version: 1,
        created_at: start,
        updated_at: start,
        trace_parent: String::new(),
        next_seq: 1,
        taken_over: false,
        unsaved: Vec::new(),
    }
}

fn charged(saga: &mut Instance, outcome: Outcome) {
    let entry = Entry::new(CHARGE, Phase::Forward, Event::Came(outcome), DateTime::UNIX_EPOCH);
    saga.log(Entry {
        attempt: 1,
        key: Some(saga.key(CHARGE, 0)),
        duration_ms: Some(1),
        request: Some(json!({"amount": saga.facts.amount()})),
        ..entry
    });
}

fn account(saga: Instance) -> Account {
    let kept = Kept {
        row: Found::of(&saga),
        version: 1,
        owner_is_known: true,
        readable: Ok((saga.clone(), saga.unsaved)),
    };
    let entries = kept.readable.as_ref().map_or(0, |(_, log)| log.len());
    Account {
        id: ID,
        saga: Some(kept),
        entries,
        order: None,
        reversals: Vec::new(),
        events: Vec::new(),
        is_forgotten: false,
        events_forgotten: None,
    }
}

/// A sale with its order and its event.
fn sold() -> Account {
    let mut saga = priced([10, 30]);
    charged(&mut saga, Outcome::Done);
    saga.enter(Progress::Rest(End::Completed), None);
    let item = |at, quantity, price| Item {
        id: Uuid::from_u128(at),
        product_id: product(at),
        quantity,
        unit_price: Paise(price),
    };
    let order = Order {
        id: ID,
        user_id: USER,
        total: Paise(70),
        status: "Confirmed".to_owned(),
        created_at: saga.created_at,
        updated_at: saga.created_at,
        profile_id: None,
        cancelled_at: None,
        shipped_at: None,
        delivered_at: None,
        imported_at: None,
        shipping_address: None,
        items: vec![item(7, 1, 10), item(8, 2, 30)],
    };
    let event = event("order.confirmed", json!({"totalAmount": 70}));
    Account { order: Some(order), events: vec![event], ..account(saga) }
}

fn event(kind: &str, data: Value) -> StoredEvent {
    let (id, at) = (Uuid::from_u128(0xe), DateTime::UNIX_EPOCH);
    StoredEvent {
        id,
        order_id: ID,
        user_id: Some(USER),
        kind: kind.to_owned(),
        version: 1,
        status: None,
        data,
        at,
        trace_parent: None,
        position: None,
    }
}

fn order(account: &mut Account) -> &mut Order {
    account.order.as_mut().expect("it was sold")
}

fn saga(account: &mut Account) -> &mut Kept {
    account.saga.as_mut().expect("it has one")
}

fn log(account: &mut Account) -> &mut Vec<Entry> {
    &mut saga(account).readable.as_mut().expect("it can be read").1
}

/// A reversal at rest.
fn reversal(account: &Account, kind: &str, amount: i64) -> Found {
    let saga = account.saga.as_ref().expect("it has one");
    Found { kind: kind.to_owned(), amount: Some(Paise(amount)), ..saga.row.clone() }
}

/// Cancels the order.
fn cancel(account: &mut Account) {
    order(account).status = "Cancelled".to_owned();
    let cancellation = reversal(account, "cancellation", 70);
    account.reversals.push(cancellation);
    let events = ["order.cancelling", "order.cancelled"].map(|kind| event(kind, json!({})));
    account.events.extend(events);
}

/// A change that breaks correct books, and the findings that it must cause.
type Breakage = (fn(&mut Account), &'static [&'static str]);

const BROKEN: [Breakage; 26] = [
    (|_| {}, &[]),
    (
        |it| it.order = None,
        &["order: Completed, and no order", "outbox: order.confirmed, and no order"],
    ),
    (|it| it.events.clear(), &["outbox: an order, and no order.confirmed"]),
    (|it| it.events.push(it.events[0].clone()), &["outbox: order.confirmed 2 times"]),
    (
        |it| it.events[0].data = json!({"totalAmount": 7}),
        &["outbox: order.confirmed tells of a total of 7, not 70"],
    ),
    (
        |it| it.events.push(event("order.shipped", json!({}))),
        &["outbox: Confirmed, with 1 events order.shipped"],
    ),
    (|it| it.saga = None, &["saga: 1 log entries, and no saga", "order: an order, and no saga"]),
    (
        |it| order(it).total = Paise(71),
        &[
            "order: a total of 71, but its saga charged 70",
            "order: a total of 71, but its lines add up to 70",
            "outbox: order.confirmed tells of a total of 70, not 71",
        ],
    ),
    (
        |it| order(it).status = "Frobnicated".to_owned(),
        &["order: no order that stands is Frobnicated"],
    ),
    (
        |it| order(it).status = "Shipped".to_owned(),
        &["outbox: Shipped, with 0 events order.shipped"],
    ),
    (|it| cancel(it), &[]),
    (
        |it| {
            cancel(it);
            it.reversals[0].progress = Some(Progress::START);
            it.reversals[0].state = "Cancelling".to_owned();
        },
        &["order: Cancelled, but its cancellation 00000000-0000-0000-0000-000000000001 is \
           Cancelling"],
    ),
    (
        |it| {
            cancel(it);
            it.reversals[0].amount = Some(Paise(69));
        },
        &["order: its cancellation 00000000-0000-0000-0000-000000000001 refunds another amount \
           than its total 70"],
    ),
    (
        |it| {
            cancel(it);
            it.reversals.push(it.reversals[0].clone());
        },
        &["order: Cancelled, with 2 cancellations"],
    ),
    (
        |it| {
            cancel(it);
            it.events.pop();
        },
        &["outbox: Cancelled, with 0 events order.cancelled instead of 1"],
    ),
    (
        |it| it.reversals.push(reversal(it, "cancellation", 70)),
        &["order: Confirmed, but its cancellation 00000000-0000-0000-0000-000000000001 is \
           Completed"],
    ),
    (
        |it| {
            order(it).status = "Shipped".to_owned();
            it.reversals.extend([reversal(it, "return", 40), reversal(it, "return", 31)]);
            let returned = event("order.returned", json!({}));
            it.events.extend([event("order.shipped", json!({})), returned.clone(), returned]);
        },
        &["order: its returns refund 71, more than 70"],
    ),
    (
        |it| order(it).user_id = UserId(Uuid::nil()),
        &["order: of user 00000000-0000-0000-0000-000000000000, but its saga is of \
           00000000-0000-0000-0000-000000000002"],
    ),
    (
        |it| order(it).items[1].unit_price = Paise(31),
        &["order: line 1: 31 a piece, not 30", "order: a total of 70, but its lines add up to 72"],
    ),
    (
        |it| order(it).items[0].quantity = 2,
        &["order: line 0: 2 pieces, not 1", "order: a total of 70, but its lines add up to 80"],
    ),
    (
        |it| order(it).items[0].product_id = product(9),
        &["order: line 0: not the product of the cart"],
    ),
    (
        |it| order(it).items.truncate(1),
        &["order: 1 lines, but its cart has 2", "order: a total of 70, but its lines add up to 10"],
    ),
    (
        |it| saga(it).row.amount = Some(Paise(5)),
        &["saga: a total of 5, but its prices add up to 70"],
    ),
    (|it| saga(it).owner_is_known = false, &["saga: owned by an executor that nobody knows"]),
    (
        |it| log(it)[0].request = Some(json!({"amount": 5})),
        &["saga: entry 1: charge_payment was sent with amount 5, not 70"],
    ),
    (|it| log(it)[0].seq = 2, &["saga: entry 1 of its log is missing: there is 2"]),
];

#[test]
fn every_way_in_which_books_are_broken_is_told() {
    for (breakage, expected) in BROKEN {
        let mut account = sold();
        breakage(&mut account);
        let said = compare(&account).into_iter();
        let said: Vec<_> = said.map(|it| format!("{}: {}", it.about, it.books)).collect();
        assert_eq!(said, expected);
    }
}

#[test]
fn an_order_of_a_saga_that_did_not_complete_is_told() {
    let mut saga = priced([10, 30]);
    charged(&mut saga, Outcome::Done);
    saga.enter(Progress::Forward { done: 1 }, None);
    saga.owner = Some(Uuid::from_u128(9));
    let account = Account { order: sold().order, events: sold().events, ..account(saga) };
    let said: Vec<_> = compare(&account).into_iter().map(|finding| finding.books).collect();
    assert_eq!(said, ["Paid, and an order all the same"]);
}

#[test]
fn what_the_payment_service_should_have_recorded_follows_from_what_is_settled() {
    let of = |prices: [i64; 2], came: Option<Outcome>, owner: Option<Uuid>| {
        let mut saga = priced(prices);
        if let Some(outcome) = came {
            charged(&mut saga, outcome);
        }
        saga.owner = owner;
        expected(&account(saga))
    };
    let owner = Some(Uuid::from_u128(9));
    assert_eq!(of([10, 30], Some(Outcome::Done), None), Expected::Paid);
    assert_eq!(of([10, 30], Some(Outcome::Refused), None), Expected::Nothing);
    assert_eq!(of([10, 30], Some(Outcome::NotSent), None), Expected::Nothing);
    assert_eq!(of([10, 30], Some(Outcome::Unknown), None), Expected::Unsettled);
    // Without an owner, nothing was sent. An owner's calls may be ahead of its log.
    assert_eq!(of([10, 30], None, None), Expected::Nothing);
    assert_eq!(of([10, 30], None, owner), Expected::Unsettled);
    assert_eq!(of([0, 0], None, owner), Expected::Nothing);
    let mut stray = sold();
    stray.saga = None;
    assert_eq!(expected(&stray), Expected::Paid);
    let mut unread = sold();
    let unreadable = Unreadable { id: SagaId(ID.0), step: String::new(), detail: String::new() };
    saga(&mut unread).readable = Err(Box::new(unreadable));
    assert_eq!(expected(&unread), Expected::Unknown);
}

#[test]
fn a_record_agrees_only_with_what_was_expected() {
    let status = |status: &str| Recorded::Status(status.to_owned());
    for (recorded, paid, nothing) in [
        (status("Paid"), true, false),
        (status("paid"), true, false),
        (status("Refunded"), false, false),
        (Recorded::Nothing, false, true),
    ] {
        assert_eq!(agrees(Expected::Paid, &recorded), paid, "{recorded:?}");
        assert_eq!(agrees(Expected::Nothing, &recorded), nothing, "{recorded:?}");
        assert!(agrees(Expected::Unsettled, &recorded));
    }
}

#[test]
fn a_charge_in_doubt_waits_for_a_person() {
    let mut saga = priced([10, 30]);
    charged(&mut saga, Outcome::Unknown);
    assert!(!waits_for_a_person(&account(saga.clone()), Expected::Unsettled));
    let (step, detail) = (CHARGE_PAYMENT.to_string(), String::new());
    saga.stuck = Some(Stuck { kind: StuckKind::InDoubt, since: saga.created_at, step, detail });
    assert!(waits_for_a_person(&account(saga), Expected::Unsettled));
}

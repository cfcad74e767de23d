//! What is right of an order that was given back: its answers, money, stock, row, sagas and events, by the
//! books and by the neighbours' own ledger.

use std::collections::BTreeMap;

use order_service::order::Line;
use order_service::reversal::{CANCELLATION, GivenBack, RETURN};
use order_service::sandbox::{Effect, Ledger, RecordResult};
use order_service::store::{Found, Item, Order, Return, ReturnedLine, Store};
use uuid::Uuid;

use crate::audit::audit_of;
use crate::checkout_play::ending_of;
use crate::play::Ending;
use crate::reversal_play::{Part, Told};

/// What clients were told is true in the books, and no two of them were told different things.
pub async fn check_answers(store: &Store, sagas: &[Found], told: &Told) {
    let order = match sagas.first() {
        Some(checkout) => store.order(checkout.order_id).await.expect("the books"),
        None => None,
    };
    let checkout = sagas.first();
    let is_asked = checkout.is_some_and(|saga| saga.cancel_request.is_some());
    let is_begun = order.as_ref().map_or(is_asked, |order| order.status.starts_with("Cancel"));
    let is_over = match &order {
        Some(order) => order.status == "Cancelled" && order.cancelled_at.is_some(),
        None => is_asked && checkout.is_some_and(Found::is_at_rest),
    };
    assert!(!told.cancelling || is_begun, "told that it is being cancelled: {order:?}");
    assert!(told.cancelled.is_empty() || is_over, "told that it is cancelled: {order:?}");
    let different = told.cancelled.iter().find(|answer| **answer != told.cancelled[0]);
    assert_eq!(different, None, "and not {:?}", told.cancelled.first());
    for (number, answer) in &told.returned {
        let stored = store.find_return(answer.id).await.expect("the books").expect("its row");
        let returned_at = answer.returned_at.or(stored.returned_at);
        assert_eq!(stored, Return { returned_at, ..answer.clone() });
        let is_other = |(of, other): &&(usize, Return)| of == number && other.id != answer.id;
        assert_eq!(told.returned.iter().find(is_other), None, "two returns of one key");
    }
}

/// All is at rest: the order is given back once, and everything says so.
pub async fn check_books(
    store: &Store,
    sagas: &[Found],
    ledger: &Ledger,
    parts: &[Part],
    told: &Told,
) -> Ending {
    audit_of(sagas, store, ledger).await;
    let order = store.order(sagas[0].order_id).await.expect("the books");
    let returns = store.returns_of(sagas[0].order_id).await.expect("the books");
    check_sagas(sagas, order.as_ref(), parts);
    check_returns(&returns, order.as_ref(), parts);
    let kept = kept(order.as_ref(), &returns);
    let taken = taken(ledger);
    assert_eq!(taken, kept, "what the neighbours took, and what the customer keeps");
    if let Some(answer) = told.cancelled.first() {
        assert_eq!(*answer, given_back(ledger, order.as_ref(), &sagas[0]));
    }
    check_events(store, &sagas[0], order.as_ref(), &returns).await;
    if order.is_some() { Ending::Completed } else { ending_of(&sagas[0]) }
}

/// At most one cancellation, and one saga for each return.
fn check_sagas(sagas: &[Found], order: Option<&Order>, parts: &[Part]) {
    let of = |kind: &str| sagas.iter().filter(|saga| saga.kind == kind).count();
    let is_cancelled = order.is_some_and(|_| parts.is_empty());
    assert_eq!(of(CANCELLATION.kind), usize::from(is_cancelled), "its cancellation");
    assert_eq!(of(RETURN.kind), parts.len(), "its returns");
    assert_eq!(sagas.len(), 1 + usize::from(is_cancelled) + parts.len());
    let status = order.map(|order| order.status.as_str());
    let expected = if parts.is_empty() { "Cancelled" } else { "Shipped" };
    assert_eq!(status, order.map(|_| expected));
}

/// The returns are those that were asked for, at the prices of the order.
fn check_returns(returns: &[Return], order: Option<&Order>, parts: &[Part]) {
    let mut found: Vec<_> = returns
        .iter()
        .map(|one| {
            assert!(one.returned_at.is_some(), "{one:?}");
            let of = |line: &ReturnedLine| (line.line, line.of.quantity);
            (one.lines.iter().map(of).collect::<Vec<_>>(), one.restock, one.refunded.0)
        })
        .collect();
    let price = |line: u16| order.map_or(0, |order| order.items[usize::from(line)].unit_price.0);
    let amount = |part: &Part| {
        part.pieces.iter().map(|(line, pieces)| price(*line) * i64::from(*pieces)).sum::<i64>()
    };
    let asked = parts.iter().map(|part| (part.pieces.to_vec(), part.restock, amount(part)));
    let mut asked: Vec<_> = asked.collect();
    found.sort_unstable();
    asked.sort_unstable();
    assert_eq!(found, asked);
}

/// Money, in paise, and pieces of each product.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    money: i64,
    pieces: BTreeMap<Uuid, i64>,
}

impl Taken {
    fn pieces(&mut self, product: Uuid, more: i64) {
        let pieces = self.pieces.entry(product).or_default();
        *pieces += more;
        if *pieces == 0 {
            self.pieces.remove(&product);
        }
    }
}

/// What the customer keeps and has paid for, by the books.
fn kept(order: Option<&Order>, returns: &[Return]) -> Taken {
    let mut kept = Taken::default();
    let Some(order) = order.filter(|order| order.status != "Cancelled") else { return kept };
    kept.money = order.total.0;
    for item in &order.items {
        kept.pieces(item.product_id.0, i64::from(item.quantity));
    }
    for one in returns {
        kept.money -= one.refunded.0;
        for line in one.lines.iter().filter(|_| one.restock) {
            kept.pieces(line.of.product_id.0, -i64::from(line.of.quantity));
        }
    }
    kept
}

/// What the neighbours took and did not give back, whatever keys they were sent; at no time less than
/// nothing.
fn taken(ledger: &Ledger) -> Taken {
    let mut taken = Taken::default();
    for record in ledger.records.iter().filter(|it| it.result == RecordResult::Acted) {
        match &record.effect {
            Effect::Process(payment) => taken.money += payment.amount,
            Effect::Refund(payment) => taken.money -= payment.amount,
            Effect::Reserve(units) => taken.pieces(units.product_id, units.quantity),
            Effect::Release(units) => taken.pieces(units.product_id, -units.quantity),
        }
        let is_less = taken.money < 0 || taken.pieces.values().any(|pieces| *pieces < 0);
        assert!(!is_less, "given back more than was taken: {record:?}");
    }
    taken
}

/// What a cancelled order has given back: all of it, or what its checkout had taken when it went back.
fn given_back(ledger: &Ledger, order: Option<&Order>, checkout: &Found) -> GivenBack {
    let mut given_back = GivenBack::default();
    given_back.refunded.0 = ledger.totals.refunded;
    given_back.released = match order {
        Some(order) => {
            let quantity = |pieces: i32| u32::try_from(pieces).expect("pieces");
            let line = |item: &Item| Line {
                product_id: item.product_id,
                quantity: quantity(item.quantity),
            };
            order.items.iter().map(line).collect()
        }
        None => released_by(ledger, checkout),
    };
    given_back
}

/// The lines that a checkout released.
fn released_by(ledger: &Ledger, checkout: &Found) -> Vec<Line> {
    let acted = ledger.records.iter().filter(|record| record.result == RecordResult::Acted);
    let keys: Vec<&str> = acted.filter_map(|record| record.key.as_deref()).collect();
    let lines = checkout.known.as_ref().expect("readable").facts.lines();
    let is_released = |line: &usize| {
        let key = format!("{}:release_stock:{line}", checkout.id);
        keys.iter().any(|sent| sent.split('#').next() == Some(key.as_str()))
    };
    (0..lines.len()).filter(is_released).map(|line| lines[line]).collect()
}

/// Each fact has one event, and no event lacks its fact; versions have no gaps. Each trouble is told once,
/// and so is its end.
async fn check_events(store: &Store, checkout: &Found, order: Option<&Order>, returns: &[Return]) {
    let events = store.events_of(checkout.order_id).await.expect("the books");
    let versions = events.iter().map(|event| event.version);
    let wanted = 1..=i32::try_from(events.len()).expect("a few");
    assert!(versions.eq(wanted), "versions with gaps: {events:?}");
    let mut expected = match (order, returns) {
        (None, _) => vec!["order.cancelling", "order.cancelled"],
        (Some(_), []) => vec!["order.confirmed", "order.cancelling", "order.cancelled"],
        (Some(_), _) => vec!["order.confirmed", "order.shipped"],
    };
    expected.extend(returns.iter().map(|_| "order.returned"));
    let (mut kinds, mut trouble) = (Vec::new(), BTreeMap::new());
    for event in &events {
        let of = |member: &str| event.data[member].to_string();
        match event.kind.as_str() {
            "saga.stuck" => {
                let now = (of("step"), of("stuck"));
                let before = trouble.insert(of("sagaId"), now.clone());
                assert_ne!(before, Some(now), "told twice: {events:?}");
            }
            "saga.unstuck" => {
                let was = trouble.remove(&of("sagaId"));
                assert_eq!(was, Some((of("step"), of("stuck"))), "{events:?}");
            }
            kind => kinds.push(kind),
        }
    }
    assert!(trouble.is_empty(), "stuck for ever: {events:?}");
    kinds.sort_unstable();
    expected.sort_unstable();
    assert_eq!(kinds, expected);
}

//! Promises 1 to 4, checked on the books and on the neighbours' own ledgers, and promise 63.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, SubsecRound, Utc};
use order_service::saga::Step;
use order_service::sandbox::{Effect, Ledger, RecordResult};
use order_service::store::{AuditEntry, AuditFilter, AuditResult, Filter, Found, Order, Store};
use uuid::Uuid;

/// Money and stock that the neighbours moved for one saga, found by the keys that they were sent.
#[derive(Debug, Default)]
struct Moved {
    charged: i64,
    refunded: i64,
    charges: u32,
    refunds: u32,
    /// Pieces reserved and released, by line.
    lines: HashMap<u16, (i64, i64)>,
    acts: HashMap<String, u32>,
}

/// Panics with what is wrong. Sagas that are stuck or still under way are only checked for what holds
/// at every moment: nothing happened twice, and there is no order.
pub async fn audit(store: &Store, ledger: &Ledger) {
    audit_since(DateTime::<Utc>::MIN_UTC, store, ledger).await;
}

/// The same; what was done before `begun` need not be in the audit trail.
pub async fn audit_since(begun: DateTime<Utc>, store: &Store, ledger: &Ledger) {
    let tallied_before = at_rest(store).await;
    let sagas = all_sagas(store).await;
    let tallied = at_rest(store).await;
    // More may have come to rest in the meantime, but not fewer.
    for (state, tallied) in tallied {
        let found = sagas.iter().filter(|saga| saga.state == state).count() as u64;
        let before = tallied_before.get(&state).copied().unwrap_or_default();
        assert!((before..=tallied).contains(&found), "{found} {state}: not {before} to {tallied}");
    }
    audit_of(&sagas, store, ledger).await;
    audit_trail(&sagas, store, begun).await;
}

/// What the audit trail says was done is what was done, and the other way round; and its chain holds.
async fn audit_trail(sagas: &[Found], store: &Store, begun: DateTime<Utc>) {
    let done = Some(AuditResult::Done);
    let of_all = AuditFilter { limit: 1_000_000, ..AuditFilter::default() };
    let of_done = AuditFilter { result: done, ..of_all.clone() };
    store.chain_audit_trail().await.expect("the books");
    let all = store.audit_entries(&of_all).await.expect("the books");
    // A release may have had a trail already; ids know the time to the millisecond.
    let begun = all.last().map_or(begun, |oldest| oldest.at.trunc_subsecs(3).min(begun));
    let mut hash = Store::NO_HASH.to_owned();
    for (seq, entry) in (1..).zip(all.iter().rev()) {
        assert_eq!((entry.seq, &entry.hash), (seq, &entry.hash_behind(&hash)), "{entry:?}");
        hash.clone_from(&entry.hash);
    }
    let head = store.audit_head().await.expect("the books").expect("the end of the chain");
    assert_eq!(head.hash, hash);
    let mut by_target: HashMap<String, Vec<AuditEntry>> = HashMap::new();
    for entry in store.audit_entries(&of_done).await.expect("the books") {
        by_target.entry(entry.target.clone().unwrap_or_default()).or_default().push(entry);
    }
    for saga in sagas {
        let of = by_target.get(&saga.id.to_string()).map_or(&[][..], Vec::as_slice);
        let is_word = |entry: &&AuditEntry| {
            ["retry", "compensate", "resolve", "hold", "release"].contains(&entry.action.as_str())
        };
        let said: Vec<_> = of.iter().filter(is_word).collect();
        let inspected = store.inspect(saga.id).await.expect("the books").expect("the saga");
        let words = inspected.steps.iter();
        let words = words.filter(|step| step.phase == "operator" && step.started_at >= begun);
        // A word may leave several entries in the log.
        let words: BTreeSet<_> = words
            .map(|step| {
                let reason = step.request.as_ref().map(|request| request["reason"].to_string());
                (step.started_at, step.executor.clone(), reason)
            })
            .collect();
        assert_eq!(said.len(), words.len(), "{}: {said:?} of {words:?}", saga.id);
        if saga.id.0 != saga.order_id.0 {
            continue;
        }
        let count = |action: &str| of.iter().filter(|entry| entry.action == action).count();
        let shipments = store.shipments_of(saga.order_id).await.expect("the books");
        let shipped = shipments.iter().filter(|shipment| made_at(shipment.id) >= begun).count();
        assert_eq!(count("ship"), shipped, "{}: {of:?}", saga.order_id);
        let returns = store.returns_of(saga.order_id).await.expect("the books");
        let returned = returns.iter().filter(|back| back.created_at >= begun).count();
        assert_eq!(count("return"), returned, "{}: {of:?}", saga.order_id);
    }
}

/// When an id was made, to the millisecond.
fn made_at(id: Uuid) -> DateTime<Utc> {
    let (seconds, nanos) = id.get_timestamp().expect("a UUID of version 7").to_unix();
    DateTime::from_timestamp(seconds.cast_signed(), nanos).expect("a time")
}

/// Sagas at rest as the summary counts them, from the writers' tallies.
async fn at_rest(store: &Store) -> BTreeMap<String, u64> {
    let summary =
        store.summary(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH).await.expect("the books");
    let mut at_rest: BTreeMap<_, _> = summary.by_state.into_iter().collect();
    let catalogue = store.catalogue();
    for rest in catalogue.states().into_iter().filter(|state| catalogue.is_rest(state)) {
        at_rest.entry(rest.to_owned()).or_default();
    }
    at_rest.retain(|state, _| catalogue.is_rest(state));
    at_rest
}

/// The same for these sagas, if the neighbours have been called for no others.
pub async fn audit_of(sagas: &[Found], store: &Store, ledger: &Ledger) {
    assert_eq!(ledger.totals.unreadable, 0, "a neighbour could not read what it was sent");
    assert_eq!(ledger.repeated, [], "a neighbour acted twice on one key");
    let mut moved = by_saga(ledger);
    for saga in sagas {
        let of = moved.remove(&saga.id.0).unwrap_or_default();
        check(store, saga, &of).await;
    }
    assert!(moved.is_empty(), "moved for sagas that are not in the books: {moved:?}");
}

/// Every saga in the books, newest first.
pub async fn all_sagas(store: &Store) -> Vec<Found> {
    let mut filter = Filter { limit: 1000, ..Filter::default() };
    let mut all = Vec::new();
    loop {
        let mut page = store.list(&filter).await.expect("the books");
        all.append(&mut page.sagas);
        filter.after = page.next;
        if filter.after.is_none() {
            return all;
        }
    }
}

async fn check(store: &Store, saga: &Found, of: &Moved) {
    for (key, times) in &of.acts {
        assert_eq!(*times, 1, "{key} acted {times} times");
    }
    let order = store.order(saga.order_id).await.expect("the books");
    let status = order.as_ref().map(|order| order.status.as_str());
    if saga.is_at_rest() {
        assert!(saga.stuck.is_none(), "{}: stuck at rest", saga.id);
        assert!(saga.owner.is_none(), "{}: owned at rest", saga.id);
    }
    match saga.kind.as_str() {
        "checkout" if saga.is_at_rest() => check_checkout(saga, order, of),
        "checkout" => assert!(order.is_none(), "{}: an order before Completed", saga.id),
        "cancellation" => {
            // What it moves has the keys of the order.
            let said = if saga.is_at_rest() { "Cancelled" } else { "Cancelling" };
            assert_eq!(status, Some(said), "{}: its cancellation is {}", saga.order_id, saga.state);
        }
        "return" => check_return(saga, of),
        other => panic!("{}: a saga of the kind {other}", saga.id),
    }
}

fn check_checkout(saga: &Found, order: Option<Order>, of: &Moved) {
    let facts = &saga.known.as_ref().expect("readable").facts;
    let completed = saga.state == "Completed";
    let status = order.as_ref().map(|order| order.status.as_str());
    let kept = completed && status != Some("Cancelled");
    let (charged, expected) = (of.charged - of.refunded, saga.amount.map_or(0, |total| total.0));
    assert!(of.charges <= 1 && of.refunds <= 1, "{}: {of:?}", saga.id);
    // A cancellation under way may have given back any part.
    if status != Some("Cancelling") {
        let said = (saga.id, &saga.state, status);
        assert_eq!(charged, if kept { expected } else { 0 }, "{said:?}: {of:?}");
        for (line, at) in facts.lines().iter().zip(0_u16..) {
            let (reserved, released) = of.lines.get(&at).copied().unwrap_or_default();
            let wanted = if kept { i64::from(line.quantity) } else { 0 };
            assert_eq!(reserved - released, wanted, "line {at} of {said:?}: {of:?}");
        }
    }
    match order {
        None => assert!(!completed, "{}: completed without an order", saga.id),
        Some(order) => {
            assert!(completed, "{}: an order of a saga that is {}", saga.id, saga.state);
            assert_eq!(order.total.0, expected);
            assert_eq!(order.items.len(), facts.lines().len());
            let sum: i64 =
                order.items.iter().map(|item| item.unit_price.0 * i64::from(item.quantity)).sum();
            assert_eq!(sum, expected, "{}: its lines don't add up", saga.id);
        }
    }
}

fn check_return(saga: &Found, of: &Moved) {
    if !saga.is_at_rest() {
        return;
    }
    let facts = &saga.known.as_ref().expect("readable").facts;
    let restocks = facts.width(Step::named("release_stock")) > 0;
    assert_eq!(of.refunded, saga.amount.map_or(0, |amount| amount.0), "{}: {of:?}", saga.id);
    for (line, at) in facts.lines().iter().zip(0_u16..) {
        let (_, released) = of.lines.get(&at).copied().unwrap_or_default();
        let wanted = if restocks { i64::from(line.quantity) } else { 0 };
        assert_eq!(released, wanted, "{} line {at}: {of:?}", saga.id);
    }
}

fn by_saga(ledger: &Ledger) -> HashMap<Uuid, Moved> {
    let mut moved: HashMap<Uuid, Moved> = HashMap::new();
    for record in &ledger.records {
        let key = record.key.as_deref().expect("every call has a key");
        assert!(record.traceparent, "{key} without a trace");
        let is_of_two = record.status == Some(422) && record.fault.is_none();
        assert!(!is_of_two, "{key} was sent for two effects");
        if record.result != RecordResult::Acted {
            continue;
        }
        let mut words = key.split(':');
        let saga: Uuid = words.next().and_then(|id| id.parse().ok()).expect("our keys");
        let line = words.nth(1).map(|line| line.split('#').next().unwrap_or(line));
        let line: u16 = line.map_or(0, |line| line.parse().expect("a line"));
        let of = moved.entry(saga).or_default();
        *of.acts.entry(key.to_owned()).or_default() += 1;
        match &record.effect {
            Effect::Process(payment) => {
                assert_eq!(payment.order_id, saga, "{key}: paid for another order");
                of.charged += payment.amount;
                of.charges += 1;
            }
            Effect::Refund(payment) => {
                of.refunded += payment.amount;
                of.refunds += 1;
            }
            Effect::Reserve(units) => of.lines.entry(line).or_default().0 += units.quantity,
            Effect::Release(units) => of.lines.entry(line).or_default().1 += units.quantity,
        }
    }
    moved
}

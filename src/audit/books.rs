//! Compares the books of one id with themselves. Pure.

use std::str::FromStr;

use super::afterwards;
use super::findings::Found;
use super::report::{About, Finding, FindingKind};
use crate::json;
use crate::order::{Movement, OrderStatus, Paise, PricedLine};
use crate::saga::{Entry, Instance, contradictions};
use crate::store::{Account, Kept, Order, StoredEvent};

/// The event that every order has.
const CONFIRMED: &str = "order.confirmed";

/// Everything in this account that can't be true.
pub(super) fn compare(account: &Account) -> Vec<Finding> {
    let mut found = Found::of(account);
    if let Some(order) = account.order.as_ref().filter(|order| order.imported_at.is_some()) {
        of_imported(order, account, &mut found);
        return found.all;
    }
    if let Some(saga) = &account.saga {
        of_saga(saga, account, &mut found);
    } else {
        of_none(account, &mut found);
    }
    if let Some(order) = &account.order {
        of_order(order, &mut found);
        afterwards::of_order(order, account, &mut found);
    }
    of_events(account, &mut found);
    found.all
}

fn of_saga(saga: &Kept, account: &Account, found: &mut Found) {
    if !saga.owner_is_known {
        found.differs(About::Saga, "owned by an executor that nobody knows");
    }
    let (instance, log) = match &saga.readable {
        Ok(readable) => readable,
        Err(unreadable) => {
            found.add(About::Saga, FindingKind::NotCompared, unreadable.detail.clone());
            return;
        }
    };
    for contradiction in contradictions(instance, log) {
        found.differs(About::Saga, contradiction);
    }
    let sum = instance.facts.amount();
    if saga.row.amount != sum {
        let (row, sum) = (amount(saga.row.amount), amount(sum));
        found.differs(About::Saga, format!("a total of {row}, but its prices add up to {sum}"));
    }
    of_requests(instance, log, found);
    let (state, is_completed) = (instance.state(), instance.progress.is_completed());
    match &account.order {
        Some(order) if is_completed => of_sale(instance, order, found),
        None if is_completed && instance.facts.makes().is_some() => {
            found.differs(About::Order, format!("{state}, and no order"));
        }
        Some(_) => found.differs(About::Order, format!("{state}, and an order all the same")),
        None => {}
    }
}

/// Reports log entries and orders without a saga, since only sagas write them.
fn of_none(account: &Account, found: &mut Found) {
    if account.entries > 0 {
        found.differs(About::Saga, format!("{} log entries, and no saga", account.entries));
    }
    if account.order.is_some() && !account.is_forgotten {
        found.differs(About::Order, "an order, and no saga");
    }
}

/// Checks an order of the old database: it is only itself, as no saga and no event may be of it.
fn of_imported(order: &Order, account: &Account, found: &mut Found) {
    let sagas = usize::from(account.saga.is_some()) + account.reversals.len();
    if sagas > 0 || account.entries > 0 {
        let entries = account.entries;
        let books = format!("imported, with {sagas} sagas and {entries} log entries");
        found.differs(About::Saga, books);
    }
    if !account.events.is_empty() {
        let events = account.events.len();
        found.differs(About::Outbox, format!("imported, with {events} events"));
    }
    of_order(order, found);
}

/// Checks that what was sent is what was priced (promise 5).
fn of_requests(saga: &Instance, log: &[Entry], found: &mut Found) {
    for entry in log {
        let Some(request) = &entry.request else { continue };
        let (member, priced) = match saga.facts.movement(entry.effect) {
            Some(Movement::Charge(amount) | Movement::Refund(amount)) => ("amount", amount.0),
            Some(Movement::Reserve(line) | Movement::Release(line)) => {
                ("quantity", i64::from(line.quantity))
            }
            None => continue,
        };
        // An entry of an operator's action has a reason here, and no amount or quantity.
        let sent = json::integer(request, member);
        if let Some(sent) = sent.filter(|sent| *sent != priced) {
            let (seq, step) = (entry.seq, entry.effect.step);
            let books = format!("entry {seq}: {step} was sent with {member} {sent}, not {priced}");
            found.differs(About::Saga, books);
        }
    }
}

/// Checks that the order of a completed checkout is what its saga priced, line by line, in cart order.
fn of_sale(saga: &Instance, order: &Order, found: &mut Found) {
    if order.user_id != saga.user_id {
        let (other, own) = (order.user_id, saga.user_id);
        found.differs(About::Order, format!("of user {other}, but its saga is of {own}"));
    }
    let charged = saga.facts.amount();
    if Some(order.total) != charged {
        let (total, sum) = (order.total, amount(charged));
        found.differs(About::Order, format!("a total of {total}, but its saga charged {sum}"));
    }
    let (items, lines) = (order.items.len(), saga.facts.lines().len());
    if items != lines {
        found.differs(About::Order, format!("{items} lines, but its cart has {lines}"));
        return;
    }
    let made = saga.facts.makes().unwrap_or_default();
    for (at, (PricedLine { line, unit_price }, item)) in made.iter().zip(&order.items).enumerate() {
        if item.product_id != line.product_id {
            found.differs(About::Order, format!("line {at}: not the product of the cart"));
        }
        if i64::from(item.quantity) != i64::from(line.quantity) {
            let (kept, asked) = (item.quantity, line.quantity);
            found.differs(About::Order, format!("line {at}: {kept} pieces, not {asked}"));
        }
        if item.unit_price != *unit_price {
            let (kept, charged) = (item.unit_price, unit_price);
            found.differs(About::Order, format!("line {at}: {kept} a piece, not {charged}"));
        }
    }
}

/// Checks an order by itself.
fn of_order(order: &Order, found: &mut Found) {
    let sum = order.items.iter().try_fold(0_i64, |sum, item| {
        sum.checked_add(item.unit_price.0.checked_mul(i64::from(item.quantity))?)
    });
    if sum != Some(order.total.0) {
        let (total, sum) = (order.total, amount(sum.map(Paise)));
        found.differs(About::Order, format!("a total of {total}, but its lines add up to {sum}"));
    }
    let stands = match OrderStatus::from_str(&order.status) {
        Ok(
            OrderStatus::Confirmed
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled
            | OrderStatus::Shipped
            | OrderStatus::Delivered,
        ) => true,
        Ok(OrderStatus::Pending | OrderStatus::Rejected) | Err(_) => false,
    };
    if !stands {
        found.differs(About::Order, format!("no order that stands is {}", order.status));
    }
}

/// Checks that there is one `order.confirmed` event if there is an order, and none otherwise.
fn of_events(account: &Account, found: &mut Found) {
    let mut told = account.events.iter().filter(|event| event.kind == CONFIRMED);
    match (&account.order, told.next()) {
        (Some(_), None) if account.may_lack_events() => {}
        (Some(_), None) => found.differs(About::Outbox, format!("an order, and no {CONFIRMED}")),
        (None, Some(_)) => found.differs(About::Outbox, format!("{CONFIRMED}, and no order")),
        (Some(order), Some(event)) => of_event(order, event, found),
        (None, None) => {}
    }
    let more = told.count();
    if more > 0 {
        found.differs(About::Outbox, format!("{CONFIRMED} {} times", more + 1));
    }
}

fn of_event(order: &Order, event: &StoredEvent, found: &mut Found) {
    let total = json::integer(&event.data, "totalAmount");
    if total != Some(order.total.0) {
        let (told, total) = (amount(total.map(Paise)), order.total);
        found
            .differs(About::Outbox, format!("{CONFIRMED} tells of a total of {told}, not {total}"));
    }
}

fn amount(amount: Option<Paise>) -> String {
    amount.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string())
}

//! Compares an order with what was given back of it, and with the events that tell of it. Pure.
//!
//! The rules are 1' and 3' of the promises after the checkout: what was refunded follows from the order's
//! status and its returns, and every move of the status has its event.

use std::str::FromStr;

use super::findings::Found;
use super::report::About;
use crate::order::{EventKind, OrderStatus, Paise};
use crate::reversal::{CANCELLATION, RETURN};
use crate::saga::Progress;
use crate::store::{Account, Found as Row, Order};

/// Everything about the order's later life that can't be true.
pub(super) fn of_order(order: &Order, account: &Account, found: &mut Found) {
    let Ok(status) = OrderStatus::from_str(&order.status) else { return };
    of_cancellation(order, status, account, found);
    of_returns(order, account, found);
    of_events(status, account, found);
}

fn of_kind<'a>(account: &'a Account, kind: &'a str) -> impl Iterator<Item = &'a Row> {
    account.reversals.iter().filter(move |saga| saga.kind == kind)
}

fn is_done(saga: &Row) -> bool {
    saga.progress.is_some_and(Progress::is_completed)
}

fn of_cancellation(order: &Order, status: OrderStatus, account: &Account, found: &mut Found) {
    let sagas: Vec<_> = of_kind(account, CANCELLATION.kind).collect();
    let is_cancelled = matches!(status, OrderStatus::Cancelling | OrderStatus::Cancelled);
    let [saga] = sagas[..] else {
        if (is_cancelled && !account.is_forgotten) || !sagas.is_empty() {
            found.differs(About::Order, format!("{status}, with {} cancellations", sagas.len()));
        }
        return;
    };
    let stands = match status {
        OrderStatus::Cancelled => is_done(saga),
        OrderStatus::Cancelling => !is_done(saga),
        OrderStatus::Pending
        | OrderStatus::Confirmed
        | OrderStatus::Rejected
        | OrderStatus::Shipped
        | OrderStatus::Delivered => false,
    };
    if !stands {
        let (id, state) = (saga.id, &saga.state);
        found.differs(About::Order, format!("{status}, but its cancellation {id} is {state}"));
    }
    if saga.amount != Some(order.total) {
        let (id, total) = (saga.id, order.total);
        let books = format!("its cancellation {id} refunds another amount than its total {total}");
        found.differs(About::Order, books);
    }
}

fn of_returns(order: &Order, account: &Account, found: &mut Found) {
    let refunds = of_kind(account, RETURN.kind).filter_map(|saga| saga.amount);
    let refunded = refunds.fold(0_i64, |sum, Paise(refund)| sum.saturating_add(refund));
    if refunded > order.total.0 {
        let total = order.total;
        found.differs(About::Order, format!("its returns refund {refunded}, more than {total}"));
    }
}

/// Each move of the status has one event, and each return that is done.
fn of_events(status: OrderStatus, account: &Account, found: &mut Found) {
    use OrderStatus::{Cancelled, Cancelling, Delivered, Shipped};
    let is = |any: &[OrderStatus]| usize::from(any.contains(&status));
    let returns = of_kind(account, RETURN.kind).filter(|saga| is_done(saga)).count();
    for (kind, expected) in [
        (EventKind::Cancelling, is(&[Cancelling, Cancelled])),
        (EventKind::Cancelled, is(&[Cancelled])),
        (EventKind::Delivered, is(&[Delivered])),
        (EventKind::Returned, returns),
    ] {
        let told = count(account, kind);
        // Returns whose sagas are forgotten are told of as long as their events are kept.
        let may_be_more = kind == EventKind::Returned && account.is_forgotten;
        let may_be_fewer = account.may_lack_events();
        let differs = told > expected && !may_be_more || told < expected && !may_be_fewer;
        if differs {
            let books = format!("{status}, with {told} events {kind} instead of {expected}");
            found.differs(About::Outbox, books);
        }
    }
    let (shipped, is_shipped) = (count(account, EventKind::Shipped), is(&[Shipped, Delivered]) > 0);
    let is_silent = shipped == 0 && account.may_lack_events();
    if (shipped > 0) != is_shipped && !is_silent {
        let kind = EventKind::Shipped;
        found.differs(About::Outbox, format!("{status}, with {shipped} events {kind}"));
    }
}

fn count(account: &Account, kind: EventKind) -> usize {
    let kind = kind.to_string();
    account.events.iter().filter(|event| event.kind == kind).count()
}

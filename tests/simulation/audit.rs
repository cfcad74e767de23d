//! The end of a run: the ledger, the books and the answers agree exactly (promises 1 to 7).

use order_service::checkout::step::{CHARGE_PAYMENT, REFUND_PAYMENT, RELEASE_STOCK, RESERVE_STOCK};
use order_service::checkout::{Answer, CheckoutFacts, DEFINITION};
use order_service::reversal::CANCELLATION;
use order_service::saga::key::idempotency_key;
use order_service::saga::{Effect, End, Progress};
use order_service::store::{Filter, Found};

use super::client::Purchase;
use super::neighbour::Act;
use super::run::Run;

fn facts(found: &Found) -> Option<&CheckoutFacts> {
    found.known.as_ref()?.facts.of()
}

impl Run {
    /// Notes a fault for everything that does not add up.
    pub fn audit(&mut self) {
        let all = self.books.sagas(Filter::default());
        let (sagas, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|found| found.kind == DEFINITION.kind);
        // What a cancellation did is accounted for with its order, whose keys it uses.
        let (_cancellations, trips): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|found| found.kind == CANCELLATION.kind);
        self.audit_trips(&trips);
        let mut accounted = 0;
        for found in &sagas {
            accounted += self.audit_saga(found);
        }
        let acts: usize = self.neighbours.ledger.len();
        if accounted != acts {
            self.faults.push(format!("{acts} effects happened, and {accounted} are of sagas"));
        }
        let strays = self.books.strays();
        if strays != 0 {
            self.faults.push(format!("{strays} rows that nothing accounts for"));
        }
        // A client without a key asks only once.
        let may = |purchase: &&Purchase| purchase.key.is_none() && !purchase.turned_away;
        let (without_key, may) =
            (self.books.without_key(DEFINITION.kind), self.purchases.iter().filter(may).count());
        if without_key > i64::try_from(may).unwrap_or(i64::MAX) {
            let fault = format!("{without_key} sagas have no key, and {may} clients without one");
            self.faults.push(format!("{fault} were not turned away"));
        }
        for at in 0..self.purchases.len() {
            self.audit_purchase(at, &sagas);
        }
    }

    /// Audits one saga; returns how many effects happened for it.
    fn audit_saga(&mut self, found: &Found) -> usize {
        let is_cancelled = self.audit_cancel(found);
        let done = |step, line| -> Vec<Act> {
            let key = idempotency_key(found.id.0, Effect { step, line }, 0);
            self.neighbours.acts(&key).to_vec()
        };
        let sum = |acts: &[Act]| acts.iter().map(|act| act.amount).sum::<i64>();
        let (charged, refunded) = (done(CHARGE_PAYMENT, None), done(REFUND_PAYMENT, None));
        let mut happened = usize::from(!charged.is_empty()) + usize::from(!refunded.is_empty());
        let mut forward = charged.len();
        let state = &found.state;
        let progress = found.progress.expect("a state");
        let completed = progress.is_completed();
        self.story.count(match progress {
            Progress::Rest(End::Completed) => "completed",
            Progress::Rest(End::Compensated) => "compensated",
            _rejected => "rejected",
        });
        let is_kept = !is_cancelled && completed;
        let total = found.amount.map_or(0, |total| total.0);
        let mut wrong = Vec::new();
        if sum(&charged) - sum(&refunded) != if is_kept { total } else { 0 } {
            wrong.push(format!("charged {charged:?}, refunded {refunded:?}, total {total}"));
        }
        let facts = facts(found).expect("it can be read");
        for (line, at) in facts.lines.iter().zip(0_u16..) {
            let reserved = done(RESERVE_STOCK, Some(at));
            let released = done(RELEASE_STOCK, Some(at));
            happened += usize::from(!reserved.is_empty()) + usize::from(!released.is_empty());
            forward += reserved.len();
            let wanted = if is_kept { i64::from(line.quantity) } else { 0 };
            if sum(&reserved) - sum(&released) != wanted
                || reserved.iter().chain(&released).any(|act| act.of != line.product_id.0)
            {
                wrong.push(format!("line {at}: reserved {reserved:?}, released {released:?}"));
            }
        }
        if (progress == Progress::Rest(End::Rejected) && forward > 0)
            || (progress == Progress::Rest(End::Compensated) && forward == 0)
        {
            wrong.push(format!("{forward} effects had happened"));
        }
        let expected = facts.expected_total.map_or(total, |expected| expected.0);
        if completed && expected != total {
            wrong.push(format!("the customer saw {expected}, and paid {total}"));
        }
        wrong.extend(self.wrong_order(found, completed));
        wrong.extend(self.wrong_prices(found));
        self.faults.extend(wrong.into_iter().map(|wrong| format!("{} {state}: {wrong}", found.id)));
        happened
    }

    fn wrong_order(&self, found: &Found, completed: bool) -> Option<String> {
        let facts = facts(found)?;
        let order = self.books.order(found.order_id);
        let Some(order) = order else { return completed.then(|| "it has no order".to_owned()) };
        let items = order
            .items
            .iter()
            .map(|item| (item.product_id, i64::from(item.quantity), item.unit_price));
        let prices = facts.unit_prices.iter().flatten();
        let lines = facts.lines.iter().zip(prices);
        let lines = lines.map(|(line, price)| (line.product_id, i64::from(line.quantity), *price));
        let is_right = completed && items.eq(lines) && Some(order.total) == found.amount;
        (!is_right).then(|| format!("its order is {order:?}"))
    }

    /// Checks that every price is one that the product service gave for this saga.
    fn wrong_prices(&self, found: &Found) -> Option<String> {
        let facts = facts(found)?;
        let mut priced = facts.lines.iter().zip(facts.unit_prices.iter().flatten());
        let wrong = priced.find(|(line, price)| {
            let told = self.neighbours.told.get(&(found.id.to_string(), line.product_id.0));
            !told.is_some_and(|told| told.contains(&price.0))
        });
        wrong.map(|(line, price)| format!("{} was never told to cost {price}", line.product_id))
    }

    /// Checks that what a client was told is how its saga ended. A client that got no final answer has a
    /// saga if it was told of one.
    fn audit_purchase(&mut self, at: usize, sagas: &[Found]) {
        let purchase = &self.purchases[at];
        let Some(id) = purchase.id else { return };
        let Some(found) = sagas.iter().find(|found| found.order_id == id) else {
            return self.faults.push(format!("client {at}'s saga {id} is forgotten"));
        };
        let completed = found.progress.is_some_and(Progress::is_completed);
        let told = match &purchase.decided {
            Some(Answer::Confirmed { .. }) => Some(true),
            Some(Answer::Refused { .. }) => Some(false),
            _undecided => None,
        };
        if told.is_some_and(|told| told != completed) {
            self.faults.push(format!("client {at} was told {:?} of {found:?}", purchase.decided));
        }
    }

    /// Describes what does not come to rest.
    pub fn unrest(&self) -> String {
        let open = self.books.sagas(Filter { open: true, ..Filter::default() });
        let open = open.iter().map(|found| {
            format!("{} {} {:?} {:?}", found.id, found.state, found.stuck, found.last_error)
        });
        let open = open.collect::<Vec<_>>().join("\n");
        format!("no rest: {} requests unanswered, {open}", self.attempts.len())
    }
}

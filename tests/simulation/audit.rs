//! The end of a run: the ledger, the books and the answers agree exactly (promises 1 to 7, 53 and 57).

use std::collections::BTreeMap;

use order_service::checkout::step::{CHARGE_PAYMENT, REFUND_PAYMENT, RELEASE_STOCK, RESERVE_STOCK};
use order_service::checkout::{Answer, CheckoutFacts, DEFINITION};
use order_service::reversal;
use order_service::saga::key::idempotency_key;
use order_service::saga::{Effect, End, Progress};
use order_service::store::{Filter, Found, Return};
use uuid::Uuid;

use super::client::Purchase;
use super::life::Outcome;
use super::neighbour::Act;
use super::run::Run;

/// What came back of an order.
#[derive(Debug, Default)]
struct CameBack {
    /// How many effects happened.
    acts: usize,
    /// By the ledger: paise, and pieces by line.
    refunded: i64,
    released: BTreeMap<u16, i64>,
    /// By the books.
    to_refund: i64,
    to_release: BTreeMap<u16, i64>,
}

fn sum(acts: &[Act]) -> i64 {
    acts.iter().map(|act| act.amount).sum()
}

fn facts(found: &Found) -> Option<&CheckoutFacts> {
    found.known.as_ref()?.facts.of()
}

impl Run {
    /// Notes a fault for everything that does not add up.
    pub fn audit(&mut self) {
        let all = self.books.sagas(Filter::default());
        let (sagas, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|found| found.kind == DEFINITION.kind);
        // What reversals did is accounted for with their orders.
        let is_reversal =
            |found: &Found| reversal::DEFINITIONS.iter().any(|it| it.kind == found.kind);
        let (reversals, trips): (Vec<_>, Vec<_>) = others.into_iter().partition(is_reversal);
        self.audit_trips(&trips);
        let (mut accounted, mut reversed) = (0, 0);
        for found in &sagas {
            let outcome = self.audit_cancel(found);
            let returns = self.audit_life(found, outcome);
            reversed += returns.len() + usize::from(outcome == Outcome::Cancelled);
            accounted += self.audit_saga(found, outcome, &returns);
        }
        if reversed != reversals.len() {
            self.faults
                .push(format!("{reversed} reversals are in the books, and by {reversals:?}"));
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
    fn audit_saga(&mut self, found: &Found, outcome: Outcome, returns: &[Return]) -> usize {
        let progress = found.progress.expect("a state");
        self.story.count(match progress {
            Progress::Rest(End::Completed) => "completed",
            Progress::Rest(End::Compensated) => "compensated",
            _rejected => "rejected",
        });
        let done = |step, line| self.done(found.id.0, Effect { step, line });
        let (charged, refunded) = (done(CHARGE_PAYMENT, None), done(REFUND_PAYMENT, None));
        let mut happened = usize::from(!charged.is_empty()) + usize::from(!refunded.is_empty());
        let mut forward = charged.len();
        let state = &found.state;
        let completed = progress.is_completed();
        let is_kept = outcome == Outcome::Kept;
        let total = found.amount.map_or(0, |total| total.0);
        let mut wrong = Vec::new();
        let back = self.came_back(returns);
        happened += back.acts;
        let (given, wanted) = (back.refunded, if is_kept { total } else { 0 } - back.to_refund);
        if sum(&charged) - sum(&refunded) - given != wanted || wanted < 0 {
            wrong.push(format!(
                "charged {charged:?}, refunded {refunded:?}, total {total}, {back:?}"
            ));
        }
        let facts = facts(found).expect("it can be read");
        for (line, at) in facts.lines.iter().zip(0_u16..) {
            let reserved = done(RESERVE_STOCK, Some(at));
            let released = done(RELEASE_STOCK, Some(at));
            happened += usize::from(!reserved.is_empty()) + usize::from(!released.is_empty());
            forward += reserved.len();
            let of = |pieces: &BTreeMap<u16, i64>| pieces.get(&at).copied().unwrap_or_default();
            let wanted = if is_kept { i64::from(line.quantity) } else { 0 } - of(&back.to_release);
            if sum(&reserved) - sum(&released) - of(&back.released) != wanted
                || reserved.iter().chain(&released).any(|act| act.of != line.product_id.0)
            {
                let fault = format!("line {at}: reserved {reserved:?}, released {released:?}");
                wrong.push(format!("{fault}, {back:?}"));
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

    /// What was done for an effect, of whatever generation.
    fn done(&self, subject: Uuid, effect: Effect) -> Vec<Act> {
        self.neighbours.acts(&idempotency_key(subject, effect, 0)).to_vec()
    }

    /// What the neighbours did for returns, and what they were to do.
    fn came_back(&self, returns: &[Return]) -> CameBack {
        let mut back = CameBack::default();
        for returned in returns {
            let refunds = self.done(returned.id, Effect::of(reversal::step::REFUND_PAYMENT));
            back.acts += usize::from(!refunds.is_empty());
            back.refunded += sum(&refunds);
            back.to_refund += returned.refunded.0;
            for (line, at) in returned.lines.iter().zip(0..) {
                let released =
                    self.done(returned.id, Effect::of_line(reversal::step::RELEASE_STOCK, at));
                back.acts += usize::from(!released.is_empty());
                *back.released.entry(line.line).or_default() += sum(&released);
                let wanted = if returned.restock { i64::from(line.of.quantity) } else { 0 };
                *back.to_release.entry(line.line).or_default() += wanted;
            }
        }
        back
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
        let (untold, head) = self.books.untold();
        let after = self.seen.readers.iter().map(|reader| reader.after).collect::<Vec<_>>();
        format!(
            "no rest: {} requests unanswered, {untold} events, cursors or deliveries wait, readers at \
             {after:?} of {head}, {} bulk runs or items of them are open, {} entries are in no chain, {open}",
            self.attempts.len(),
            self.books.busy_runs(),
            self.books.unchained(),
        )
    }
}

//! Whoever cancels: clients, support staff, at any node, at any time, more than once; and what they are
//! told.

use std::collections::BTreeMap;
use std::time::Duration;

use order_service::checkout::DEFINITION;
use order_service::engine::Wait;
use order_service::order::{OrderId, OrderStatus};
use order_service::reversal::{CancelAnswer, GivenBack, Wish};
use order_service::saga::{Cause, End, Progress};
use order_service::store::{Filter, Found};
use order_service::trace::TraceParent;

use super::archive::Line;
use super::attempt::{Asking, Attempt, Client, Heard};
use super::client::TRACE;
use super::life::Outcome;
use super::run::Run;

/// States of a checkout that may be about to be decided.
const CLOSE: [&str; 3] = ["Priced", "Paid", "Reserved"];

/// What those who cancelled an order were told.
#[derive(Debug, Default)]
pub struct Told {
    /// It will be, or is, cancelled.
    is_promised: bool,
    /// What was given back.
    given_back: Option<GivenBack>,
    /// It came to nothing by itself.
    is_too_late: bool,
}

/// Every order that somebody has tried to cancel.
pub type Cancels = BTreeMap<OrderId, Told>;

impl Run {
    /// Somebody cancels one of the checkouts, in flight or not.
    pub fn cancel_one(&mut self) {
        let mut all = self.books.sagas(Filter::default());
        all.retain(|found| found.kind == DEFINITION.kind);
        if all.is_empty() {
            return;
        }
        // What is about to be decided, and what stands, are few among what came to nothing.
        let which = self.dice.below(4);
        let is_close = |found: &&Found| match which {
            0 => found.progress.is_some_and(Progress::is_completed),
            1 | 2 => found.owner.is_some() && CLOSE.contains(&found.state.as_str()),
            _any => true,
        };
        let close: Vec<_> = all.iter().filter(is_close).collect();
        if close.is_empty() {
            return;
        }
        let id = close[self.dice.below(close.len())].order_id;
        // An old order, whose sagas are forgotten.
        let checkouts = self.forgotten.sagas.values();
        let checkouts = checkouts.filter(|line| line.text("kind") == DEFINITION.kind);
        let mut old: Vec<_> = checkouts.map(Line::order).collect();
        if self.dice.chance(0.7) {
            old.retain(|id| self.books.order(OrderId(*id)).is_some());
        }
        let is_late = !old.is_empty() && self.dice.chance(0.3);
        let id = if is_late { OrderId(old[self.dice.below(old.len())]) } else { id };
        self.cancel(id);
    }

    /// Somebody cancels this order at one of the nodes.
    pub fn cancel(&mut self, id: OrderId) {
        let node = self.dice.below(self.slots.len());
        let Some(up) = self.up_at(node) else { return };
        let wait = match self.dice.below(3) {
            0 => Wait::Accepted,
            seconds => Wait::Decided(Duration::from_secs(seconds as u64 * 3)),
        };
        let trace = TraceParent::parse(TRACE).expect("a trace");
        let (reason, who) = ("customer".to_owned(), None);
        let wish = Wish { id, reason, note: None, who, audit: None, wait, trace };
        let is_decided = self.cancels.entry(id).or_default().given_back.is_some();
        let asking = Asking { client: Client::Canceller(id), node, is_other: false, is_decided };
        let cancelling = async move { up.reversals.cancel(&wish, &|_any_user| true).await };
        let attempt = self.ask(asking, async move { Heard::Cancel(cancelling.await) });
        self.story.count("cancel asked for");
        self.tell(format_args!("somebody cancels {id} at node {node}, {wait:?}: {attempt}"));
        self.pump(node);
    }

    /// Answers never turn, and none is given before it is true.
    pub fn hear_canceller(&mut self, id: OrderId, attempt: &Attempt, answer: &CancelAnswer) {
        self.tell(format_args!("who cancels {id} hears {answer:?}"));
        self.story.count(match answer {
            CancelAnswer::Cancelled { .. } => "told cancelled",
            CancelAnswer::Cancelling { .. } => "told cancelling",
            CancelAnswer::NotAllowed { .. } => "told too late to cancel",
            CancelAnswer::NotFound => "told of no such order",
            CancelAnswer::Imported { .. } => "told of an imported order",
            CancelAnswer::Unavailable => "cancel unavailable",
        });
        let is_found_nowhere = self.is_found_nowhere(id);
        if self.forgotten.has_order(id.0) && matches!(answer, CancelAnswer::Cancelled { .. }) {
            self.story.count("told cancelled once it was forgotten");
        }
        let told = self.cancels.entry(id).or_default();
        let is_true = match answer {
            CancelAnswer::Cancelled { given_back, .. } => {
                told.is_promised = true;
                let first = told.given_back.get_or_insert_with(|| given_back.clone());
                first == given_back && !told.is_too_late
            }
            CancelAnswer::Cancelling { .. } => {
                told.is_promised = true;
                !attempt.is_decided && !told.is_too_late
            }
            CancelAnswer::NotAllowed { status } => {
                told.is_too_late = true;
                let order = self.books.order(id).map(|order| order.status);
                let is_now = match status {
                    OrderStatus::Rejected => order.is_none(),
                    OrderStatus::Shipped => {
                        matches!(order.as_deref(), Some("Shipped" | "Delivered"))
                    }
                    OrderStatus::Delivered => order.as_deref() == Some("Delivered"),
                    _moves_on => false,
                };
                is_now && !told.is_promised
            }
            CancelAnswer::NotFound => is_found_nowhere,
            CancelAnswer::Imported { .. } => false,
            CancelAnswer::Unavailable => true,
        };
        if !is_true {
            self.faults.push(format!("who cancels {id} was told {answer:?} after {told:?}"));
        }
    }

    /// What became of a checkout at rest, now that everything is; notes a fault where that is not what
    /// somebody was told who cancelled it.
    pub fn audit_cancel(&mut self, found: &Found) -> Outcome {
        let status = self.books.order(found.order_id).map(|order| order.status);
        let is_nothing =
            matches!(found.progress, Some(Progress::Rest(End::Rejected | End::Compensated)));
        let is_cancelled = match &status {
            Some(status) => status == "Cancelled",
            None => is_nothing && found.cancel_request.is_some(),
        };
        let told = self.cancels.get(&found.order_id);
        let (is_promised, is_too_late) =
            told.map_or((false, false), |told| (told.is_promised, told.is_too_late));
        if (is_promised && !is_cancelled) || (is_cancelled && (told.is_none() || is_too_late)) {
            let fault = format!("{}: {status:?}, {}", found.order_id, found.state);
            self.faults.push(format!("{fault}, and who cancelled it was told {told:?}"));
        }
        let cause = found.known.as_ref().and_then(|known| known.cause.as_ref());
        let is_cause = matches!(cause, Some(Cause::Cancelled { .. }));
        if is_nothing && is_cause != is_cancelled {
            self.faults.push(format!("{} went back for {cause:?}", found.order_id));
        }
        let outcome = match (is_nothing, is_cancelled) {
            (true, true) => Outcome::CancelledInFlight,
            (true, false) => Outcome::Rejected,
            (false, true) => Outcome::Cancelled,
            (false, false) => Outcome::Kept,
        };
        self.story.count(match (outcome, &found.cancel_request) {
            (Outcome::CancelledInFlight, _) => "cancelled in flight",
            (Outcome::Cancelled, Some(_)) => "cancelled when it was decided",
            (Outcome::Cancelled, None) => "cancelled when it stood",
            (Outcome::Kept | Outcome::Rejected, _) => "not cancelled",
        });
        outcome
    }
}

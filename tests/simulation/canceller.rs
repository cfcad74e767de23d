//! Whoever cancels: clients, support staff, at any node, at any time, more than once; and what they are
//! told.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use order_service::checkout::DEFINITION;
use order_service::engine::Wait;
use order_service::order::{OrderId, OrderStatus};
use order_service::reversal::{CancelAnswer, GivenBack, Wish};
use order_service::saga::{Cause, End, Progress};
use order_service::store::{Filter, Found};
use order_service::trace::TraceParent;

use super::attempt::{Attempt, Client, Heard};
use super::client::TRACE;
use super::run::{Mail, Run};

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
        let which = self.dice.below(3);
        let is_close = |found: &&Found| match which {
            0 => found.progress.is_some_and(Progress::is_completed),
            1 => found.owner.is_some() && CLOSE.contains(&found.state.as_str()),
            _any => true,
        };
        let close: Vec<_> = all.iter().filter(is_close).collect();
        if close.is_empty() {
            return;
        }
        let id = close[self.dice.below(close.len())].order_id;
        let node = self.dice.below(self.slots.len());
        let Some(running) = &self.slots[node].node else { return };
        let Some(up) = running.up.clone() else { return };
        let wait = match self.dice.below(3) {
            0 => Wait::Accepted,
            seconds => Wait::Decided(Duration::from_secs(seconds as u64 * 3)),
        };
        let trace = TraceParent::parse(TRACE).expect("a trace");
        let (reason, who) = ("customer".to_owned(), None);
        let wish = Wish { id, reason, note: None, who, wait, trace };
        self.next_attempt += 1;
        let (attempt, mail) = (self.next_attempt, self.mail.clone());
        let asking = async move {
            let answer = up.reversals.cancel(&wish, &|_any_user| true).await;
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Answered { attempt, answer: Heard::Cancel(answer) });
        };
        let connection = self.slots[node].node.as_ref().expect("it is up").spawn(asking);
        let (client, is_other) = (Client::Canceller(id), false);
        let is_decided = self.cancels.entry(id).or_default().given_back.is_some();
        self.attempts.insert(attempt, Attempt { client, node, is_other, is_decided, connection });
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
            CancelAnswer::Unavailable => "cancel unavailable",
        });
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
                *status == OrderStatus::Rejected && !told.is_promised
            }
            CancelAnswer::NotFound => false,
            CancelAnswer::Unavailable => true,
        };
        if !is_true {
            self.faults.push(format!("who cancels {id} was told {answer:?} after {told:?}"));
        }
    }

    /// Whether a checkout at rest is cancelled, now that everything is; notes a fault where that is not
    /// what somebody was told, and where its events are not those of its life.
    pub fn audit_cancel(&mut self, found: &Found) -> bool {
        let order = self.books.order(found.order_id);
        let status = order.as_ref().map(|order| order.status.as_str());
        let is_nothing =
            matches!(found.progress, Some(Progress::Rest(End::Rejected | End::Compensated)));
        let is_cancelled = match status {
            Some("Cancelled") => true,
            Some("Confirmed") => false,
            Some(other) => {
                self.faults.push(format!("{} is {other} for ever", found.order_id));
                return false;
            }
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
        let mut expected = match (is_nothing, is_cancelled) {
            (true, true) => vec!["order.cancelling", "order.cancelled"],
            (true, false) => vec!["order.rejected"],
            (false, true) => vec!["order.confirmed", "order.cancelling", "order.cancelled"],
            (false, false) => vec!["order.confirmed"],
        };
        self.story.count(match (is_nothing, is_cancelled, &found.cancel_request) {
            (true, true, _) => "cancelled in flight",
            (false, true, Some(_)) => "cancelled when it was decided",
            (false, true, None) => "cancelled when it stood",
            (_, false, _) => "not cancelled",
        });
        let events = self.books.events_of(found.order_id);
        let versions = events.iter().map(|event| event.version);
        let mut kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        kinds.retain(|kind| kind.starts_with("order."));
        // A cancel that is asked for before the order is written is told before it, too.
        kinds.sort_unstable();
        expected.sort_unstable();
        if kinds != expected || !versions.eq(1..=i32::try_from(events.len()).unwrap_or(0)) {
            self.faults.push(format!("{}: events {events:?}, not {expected:?}", found.order_id));
        }
        is_cancelled
    }
}

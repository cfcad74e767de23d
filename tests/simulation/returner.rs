//! Returners: they take back goods of orders under a key, repeat that at other nodes, race each other for
//! the same pieces, and remember what they were told.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use order_service::engine::Wait;
use order_service::fulfilment::Pieces;
use order_service::order::{OrderId, OrderStatus};
use order_service::reversal::{ReturnAnswer, TakeBack};
use order_service::store::Return;
use order_service::trace::TraceParent;
use uuid::Uuid;

use super::attempt::{Asking, Attempt, Client, Heard};
use super::client::TRACE;
use super::run::Run;

/// Goods that somebody takes back, and what they know of it.
#[derive(Clone, Debug)]
pub struct TakingBack {
    pub order_id: OrderId,
    pub pieces: BTreeMap<u16, u32>,
    pub restock: bool,
    /// One for each return of an order; others of other orders may be the same.
    pub key: String,
    /// What had left when it was first asked for.
    shipped_before: Pieces,
    /// From the first answer that had one, with the last attempt that was made before it.
    pub id: Option<(Uuid, u64)>,
    /// The same of the first answer that said when all was given back.
    done: Option<(DateTime<Utc>, u64)>,
    /// An answer said that it was the first one.
    is_told_first: bool,
    /// When it was first asked for.
    first_at: Option<Duration>,
    /// When to ask next.
    pub next_at: Option<Duration>,
}

impl Run {
    /// Somebody takes back goods of one of the orders; now and then two do at the same time.
    pub fn take_one_back(&mut self) {
        let mut orders = self.books.orders();
        if orders.is_empty() {
            return;
        }
        if self.dice.chance(0.9) {
            orders.retain(|(_, status)| matches!(status.as_str(), "Shipped" | "Delivered"));
        }
        let old: Vec<_> =
            orders.iter().map(|(id, _)| *id).filter(|id| self.forgotten.has_order(id.0)).collect();
        let any = self.dice.chance(0.05).then(|| self.any_checkout()).flatten();
        let known = (!orders.is_empty()).then(|| orders[self.dice.below(orders.len())].0);
        let is_late = !old.is_empty() && self.dice.chance(0.3);
        let late = is_late.then(|| old[self.dice.below(old.len())]);
        let Some(order_id) = late.or(any).or(known) else { return };
        let (ordered, shipped_before) =
            (self.books.ordered(order_id), self.books.shipped(order_id));
        let lines: Vec<u16> =
            if ordered.is_empty() { vec![0] } else { ordered.keys().copied().collect() };
        let mut pieces = BTreeMap::new();
        for line in lines {
            if pieces.is_empty() || self.dice.chance(0.5) {
                let most = ordered.get(&line).and_then(|most| u64::try_from(*most).ok());
                let more = u64::from(self.dice.chance(0.05));
                let quantity = self.dice.between(1, most.unwrap_or(1) + more);
                pieces.insert(line, u32::try_from(quantity).unwrap_or(1));
            }
        }
        let twice = 1 + usize::from(self.dice.chance(0.4));
        for _ in 0..twice {
            let number = self.returns.iter().filter(|it| it.order_id == order_id).count();
            self.returns.push(TakingBack {
                order_id,
                pieces: pieces.clone(),
                restock: self.dice.chance(0.7),
                key: format!("return-{number}"),
                shipped_before: shipped_before.clone(),
                id: None,
                done: None,
                is_told_first: false,
                first_at: None,
                next_at: Some(self.now()),
            });
        }
    }

    /// A returner asks, or asks again.
    pub fn take_back(&mut self, at: usize) {
        let now = self.now();
        let node = self.dice.below(self.slots.len());
        let Some(up) = self.up_at(node) else {
            self.returns[at].next_at = Some(now + self.dice.millis(50, 1_000));
            return;
        };
        let wait = match self.dice.below(3) {
            0 => Wait::Accepted,
            seconds => Wait::Decided(Duration::from_secs(seconds as u64 * 3)),
        };
        let may_repeat = self.may_repeat(self.returns[at].first_at);
        let goods = &mut self.returns[at];
        goods.next_at = None;
        if !may_repeat {
            return self.story.count("a key was given up");
        }
        if goods.first_at.is_none() && self.forgotten.has_order(goods.order_id.0) {
            self.story.count("goods came back of a forgotten checkout");
        }
        goods.first_at = goods.first_at.or(Some(now));
        let is_other = goods.id.is_some() && self.dice.chance(0.3);
        let mut pieces = goods.pieces.clone();
        for quantity in pieces.values_mut() {
            *quantity += u32::from(is_other);
        }
        let wish = TakeBack {
            id: goods.order_id,
            pieces,
            reason: None,
            restock: goods.restock,
            key: goods.key.clone(),
            who: "warehouse".to_owned(),
            audit: None,
            wait,
            trace: TraceParent::parse(TRACE).expect("a trace"),
        };
        let is_decided = goods.done.is_some();
        let asking = Asking { client: Client::Returner(at), node, is_other, is_decided };
        let answer = async move { Heard::Return(up.reversals.take_back(&wish).await) };
        let attempt = self.ask(asking, answer);
        if !is_decided && self.dice.chance(0.2) {
            self.take_back_again(at);
        }
        self.story.count("return asked for");
        let goods = &self.returns[at];
        self.story.tell(now, format_args!("node {node} is to take back {goods:?}: {attempt}"));
        self.pump(node);
    }

    pub fn take_back_again(&mut self, at: usize) {
        let now = self.now();
        let goods = &mut self.returns[at];
        if goods.done.is_none() {
            goods.next_at = Some(now + self.dice.millis(10, 5_000));
        }
    }

    /// What a returner is told is true, and stays so: a return that was begun once is never refused.
    pub fn hear_returner(&mut self, at: usize, by: &Attempt, answer: &ReturnAnswer) {
        self.tell(format_args!("returner {at} hears {answer:?}"));
        self.story.count(match answer {
            ReturnAnswer::Accepted { returned, .. } if returned.returned_at.is_none() => {
                "told returning"
            }
            ReturnAnswer::Accepted { replayed: true, .. } => "told returned before",
            ReturnAnswer::Accepted { .. } => "told returned",
            ReturnAnswer::KeyReused => "return's key reused",
            ReturnAnswer::NotFound | ReturnAnswer::NoSuchLine(_) => "told of nothing to return",
            ReturnAnswer::NotAllowed { .. } => "told that it can not be returned",
            ReturnAnswer::Imported { .. } => "told of an imported order",
            ReturnAnswer::TooMuch { .. } => "told of too little to return",
            ReturnAnswer::Unavailable => "return unavailable",
        });
        let goods = self.returns[at].clone();
        let is_known = goods.id.is_some_and(|(_, before)| by.number > before);
        let was_out = !goods.shipped_before.is_empty();
        let is_true = match answer {
            ReturnAnswer::Accepted { returned, replayed } => {
                !by.is_other && self.is_right(at, by, returned, *replayed)
            }
            ReturnAnswer::KeyReused => by.is_other,
            ReturnAnswer::NotFound => self.is_found_nowhere(goods.order_id),
            ReturnAnswer::NoSuchLine(_) | ReturnAnswer::Imported { .. } => false,
            ReturnAnswer::NotAllowed { status } => {
                let is_out = matches!(status, OrderStatus::Shipped | OrderStatus::Delivered);
                !is_known && !was_out && !is_out
            }
            ReturnAnswer::TooMuch { line, status: _ } => {
                let taken = self.books.taken_back(goods.order_id);
                let of = |pieces: &Pieces| pieces.get(line).copied().unwrap_or_default();
                let left = of(&goods.shipped_before) - of(&taken);
                !is_known && goods.pieces.get(line).is_some_and(|it| i64::from(*it) > left)
            }
            ReturnAnswer::Unavailable => true,
        };
        if !is_true {
            self.faults.push(format!("who takes back {goods:?} was told {answer:?}"));
        }
        let is_over = self.returns[at].done.is_some();
        let is_refused = matches!(
            answer,
            ReturnAnswer::NotAllowed { .. } | ReturnAnswer::TooMuch { .. } | ReturnAnswer::NotFound
        );
        if is_over || is_refused {
            let again = self.dice.chance(0.2).then(|| self.now() + self.dice.millis(10, 9_000));
            self.returns[at].next_at = again;
        } else {
            self.take_back_again(at);
        }
    }

    /// Whether a return is the one that was asked for and, if there was an answer before, the same.
    fn is_right(&mut self, at: usize, by: &Attempt, returned: &Return, replayed: bool) -> bool {
        let last = self.next_attempt;
        let is_written = self.books.find_return(returned.id).is_some_and(|written| {
            written.lines == returned.lines
                && (returned.returned_at.is_none() || written.returned_at == returned.returned_at)
        });
        let is_asked = self.is_asked(&self.returns[at], returned);
        let goods = &mut self.returns[at];
        let (id, _) = *goods.id.get_or_insert((returned.id, last));
        let is_first = !replayed && std::mem::replace(&mut goods.is_told_first, true);
        let is_same_end = match (returned.returned_at, goods.done) {
            (Some(now), Some((before, _))) => now == before,
            (None, Some((_, before))) => by.number <= before,
            (Some(now), None) => {
                goods.done = Some((now, last));
                true
            }
            (None, None) => true,
        };
        is_written && is_asked && id == returned.id && !is_first && is_same_end
    }

    /// Whether a return is of these goods, at the order's prices.
    pub fn is_asked(&self, goods: &TakingBack, returned: &Return) -> bool {
        let Some(order) = self.books.order(goods.order_id) else { return false };
        let lines = returned.lines.iter();
        let is_same_pieces = lines
            .map(|it| (it.line, it.of.quantity))
            .eq(goods.pieces.iter().map(|(line, quantity)| (*line, *quantity)));
        let is_priced = returned.lines.iter().all(|it| {
            order.items.get(usize::from(it.line)).is_some_and(|item| {
                item.product_id == it.of.product_id
                    && item.unit_price.0 * i64::from(it.of.quantity) == it.amount.0
            })
        });
        let sum: i64 = returned.lines.iter().map(|it| it.amount.0).sum();
        let is_of_it = (returned.order_id, returned.restock) == (goods.order_id, goods.restock);
        is_same_pieces && is_priced && is_of_it && sum == returned.refunded.0
    }
}

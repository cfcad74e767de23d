//! Clients: they check out, wait or don't, hang up, ask again elsewhere with their key, and remember
//! every answer.

use std::time::Duration;

use order_service::checkout::{Answer, Order, Refusal, Undoing};
use order_service::engine::Wait;
use order_service::order::{Cart, Line, OrderId, Paise, ProductId, UserId};
use order_service::saga::{End, Progress, SagaId};
use order_service::trace::TraceParent;

use super::attempt::{Asking, Attempt, Client, Heard};
use super::dice::Dice;
use super::neighbour::Neighbourhood;
use super::run::Run;

/// The trace of every request; nothing depends on it.
pub const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// What a client wants to buy, and what it knows of it.
pub struct Purchase {
    pub cart: Cart,
    pub key: Option<String>,
    /// From the first answer that had one.
    pub id: Option<OrderId>,
    /// The final answer, without the parts that may change.
    pub decided: Option<Answer>,
    /// It was told that nothing was accepted.
    pub turned_away: bool,
    /// When it first asked.
    first_at: Option<Duration>,
    /// When to ask next.
    pub next_at: Option<Duration>,
}

impl Purchase {
    pub fn plan(number: usize, dice: &mut Dice, neighbours: &Neighbourhood) -> Self {
        let known = dice.one_of(&neighbours.users).0;
        let user = if dice.chance(0.03) { dice.id() } else { known };
        let count = dice.one_of(&[1, 1, 2, 3]);
        let mut line = || {
            let known = dice.one_of(&neighbours.products);
            let product = if dice.chance(0.02) { dice.id() } else { known };
            Line { product_id: ProductId(product), quantity: dice.one_of(&[1, 2, 5]) }
        };
        let lines: Vec<_> = (0..count).map(|_| line()).collect();
        let expected =
            dice.chance(0.15).then(|| neighbours.total_of(&lines) + dice.one_of(&[0, 0, 1]));
        let cart = Cart::new(UserId(user), lines).expect("a cart");
        Self {
            cart: cart.expecting(expected.map(Paise)),
            key: dice.chance(0.8).then(|| format!("purchase-{number}")),
            id: None,
            decided: None,
            turned_away: false,
            first_at: None,
            next_at: Some(dice.millis(200, 15_000)),
        }
    }

    /// The same cart without a key, asked for at about the same time, perhaps at another node: a second
    /// click, a second tab.
    pub fn double(&self, dice: &mut Dice) -> Self {
        let at = self.next_at.unwrap_or_default();
        let soon = dice.one_of(&[0, 20, 300, 3_000]);
        let next_at = Some(at + dice.millis(0, soon));
        let cart = self.cart.clone();
        Self {
            cart,
            key: None,
            next_at,
            id: None,
            decided: None,
            turned_away: false,
            first_at: None,
        }
    }
}

impl Run {
    /// A client asks, or asks again.
    pub fn visit(&mut self, at: usize) {
        let now = self.now();
        let node = self.dice.below(self.slots.len());
        let Some(up) = self.up_at(node) else {
            // No process is up there.
            self.purchases[at].next_at = Some(now + self.dice.millis(50, 1_000));
            return;
        };
        if !self.may_repeat(self.purchases[at].first_at) {
            return self.ask_for_the_order(at, node);
        }
        let purchase = &mut self.purchases[at];
        purchase.next_at = None;
        purchase.first_at = purchase.first_at.or(Some(now));
        let is_other_cart = purchase.id.is_some() && self.dice.chance(0.1);
        let mut cart = purchase.cart.clone();
        if is_other_cart {
            let more =
                cart.lines().iter().map(|line| Line { quantity: line.quantity + 1, ..*line });
            let expected = cart.expected_total();
            cart = Cart::new(cart.user_id(), more.collect()).expect("a cart").expecting(expected);
        }
        let wait = match self.dice.below(4) {
            0 => Wait::Accepted,
            seconds => Wait::Decided(Duration::from_secs(seconds as u64 * 2)),
        };
        let trace = TraceParent::parse(TRACE).expect("a trace");
        let (idempotency_key, is_attended) = (purchase.key.clone(), wait != Wait::Accepted);
        let order = Order { cart, idempotency_key, wait, is_attended, trace };
        let is_decided = self.purchases[at].decided.is_some();
        let (client, is_other) = (Client::Buyer(at), is_other_cart);
        let asking = Asking { client, node, is_other, is_decided };
        let answer = async move { Heard::Checkout(up.desk.create(order).await) };
        let attempt = self.ask(asking, answer);
        if !is_decided && self.dice.chance(0.1) {
            self.story.count("asked twice at once");
            self.buy_again(at);
        }
        self.story.count("asked");
        self.tell(format_args!("client {at} asks node {node}, {wait:?}: {attempt}"));
        self.pump(node);
    }

    /// Asks again if there is a key; without one, that would be another purchase.
    pub fn buy_again(&mut self, at: usize) {
        let now = self.now();
        let purchase = &mut self.purchases[at];
        if purchase.key.is_some() && purchase.decided.is_none() {
            purchase.next_at = Some(now + self.dice.millis(10, 5_000));
        }
    }

    pub fn hear_buyer(&mut self, at: usize, attempt: &Attempt, answer: Answer) {
        self.tell(format_args!("client {at} hears {answer:?}"));
        let (id, decides) = match &answer {
            Answer::Confirmed { id, .. } | Answer::Refused { id, .. } => (Some(*id), true),
            Answer::Pending { id, .. } | Answer::KeyReused { id } => (Some(*id), false),
            Answer::TooMany | Answer::NotNow { .. } | Answer::Unavailable { .. } => (None, false),
        };
        self.story.count(match &answer {
            Answer::Confirmed { .. } => "confirmed",
            Answer::Refused { undoing: Undoing::UnderWay, .. } => "refused, not undone yet",
            Answer::Refused { refusal: Refusal::PriceChanged { .. }, .. } => "price changed",
            Answer::Refused { .. } => "refused",
            Answer::Pending { .. } => "pending",
            Answer::KeyReused { .. } => "key reused",
            Answer::TooMany | Answer::NotNow { .. } => "shed",
            Answer::Unavailable { .. } => "unavailable",
        });
        if self.purchases[at].key.is_none() && is_replayed(&answer) {
            self.story.count("joined without a key");
        }
        let is_reused = matches!(answer, Answer::KeyReused { .. });
        if id.is_some() && is_reused != attempt.is_other {
            self.faults
                .push(format!("client {at} asked for its own cart or not, and got {answer:?}"));
        }
        let known = self.purchases[at].id;
        if let (Some(id), Some(known)) = (id, known)
            && id != known
        {
            self.faults.push(format!("client {at}'s purchase was {known}, and now is {id}"));
        }
        self.purchases[at].id = known.or(id);
        self.purchases[at].turned_away = matches!(
            answer,
            Answer::TooMany | Answer::NotNow { .. } | Answer::Unavailable { id: None }
        );
        self.check_answer(at, &answer);
        if decides {
            self.decide(at, answer);
        } else {
            if attempt.is_decided && matches!(answer, Answer::Pending { .. }) {
                self.faults.push(format!("client {at} had an answer, and then got {answer:?}"));
            }
            self.buy_again(at);
        }
    }

    /// The final answer for a purchase is the same whenever it is asked for. Only whether everything is
    /// undone may change, and only from no to yes.
    fn decide(&mut self, at: usize, answer: Answer) {
        let answer = match answer {
            Answer::Confirmed { id, user_id, total_amount, .. } => {
                Answer::Confirmed { id, user_id, total_amount, replayed: true }
            }
            Answer::Refused { id, refusal, .. } => {
                Answer::Refused { id, refusal, undoing: Undoing::Done, replayed: true }
            }
            undecided => undecided,
        };
        let now = self.now();
        let purchase = &mut self.purchases[at];
        match &purchase.decided {
            None => {
                let again = purchase.key.is_some() && self.dice.chance(0.3);
                purchase.next_at = again.then(|| now + self.dice.millis(10, 9_000));
            }
            Some(before) if *before != answer => {
                let fault = format!("client {at} got {before:?}, and then {answer:?}");
                self.faults.push(fault);
            }
            Some(_the_same) => {}
        }
        purchase.decided = Some(answer);
    }

    /// What a client is told has to be durable, and so has the cause.
    fn check_answer(&mut self, at: usize, answer: &Answer) {
        let (Answer::Confirmed { id, .. }
        | Answer::Refused { id, .. }
        | Answer::Pending { id, .. }) = answer
        else {
            return;
        };
        let Some(found) = self.books.find(SagaId(id.0)) else {
            return self.check_late_answer(at, SagaId(id.0), answer);
        };
        let is_true = match (answer, found.progress) {
            (Answer::Confirmed { total_amount, .. }, Some(Progress::Rest(End::Completed))) => {
                found.amount.map(|total| total.0) == Some(*total_amount)
            }
            (
                Answer::Refused { refusal, undoing, .. },
                Some(
                    progress @ (Progress::Backward
                    | Progress::Rest(End::Rejected | End::Compensated)),
                ),
            ) => {
                *refusal == Refusal::of(found.known.as_ref())
                    && (*undoing == Undoing::UnderWay || progress.is_rest())
            }
            (Answer::Pending { .. }, Some(_)) => true,
            _ => false,
        };
        if !is_true {
            self.faults.push(format!("client {at} got {answer:?} of {found:?}"));
        }
    }
}

fn is_replayed(answer: &Answer) -> bool {
    match answer {
        Answer::Confirmed { replayed, .. }
        | Answer::Pending { replayed, .. }
        | Answer::Refused { replayed, .. } => *replayed,
        Answer::KeyReused { .. }
        | Answer::TooMany
        | Answer::NotNow { .. }
        | Answer::Unavailable { .. } => false,
    }
}

/// Many of those without a key click twice.
pub fn double_some(purchases: &mut Vec<Purchase>, dice: &mut Dice) {
    for at in 0..purchases.len() {
        if purchases[at].key.is_none() && dice.chance(0.7) {
            purchases.push(purchases[at].double(dice));
        }
    }
}
